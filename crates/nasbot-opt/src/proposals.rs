//! Candidates that were proposed from outside: they wait until the strategy takes them, and cost nothing before.

use crate::history::History;

/// What became of candidates that were proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposed {
    /// The places of those that wait now, in the list that was given.
    pub waiting: Vec<usize>,
    /// How many are evaluated, have been, or waited already.
    pub known: usize,
    /// How many do not belong to the space, by [`Space::allows`](crate::Space::allows) or because they have no point there; they are not taken.
    pub outside: usize,
}

/// A candidate that waits, and its hash.
pub(crate) type Waiting<C> = (C, u128);

/// Those that the history does not hold.
pub(crate) fn waiting<'a, C>(
    proposals: &'a [Waiting<C>],
    history: &'a History<C>,
) -> impl Iterator<Item = &'a Waiting<C>> {
    (proposals.iter()).filter(|&&(_, hash)| !history.contains(hash))
}
