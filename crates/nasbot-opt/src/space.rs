//! What can be searched.

use otmann::{Metric, Profile};
use rand::{Rng, RngExt as _};

use crate::Counts;

/// A space of candidates. Networks are one; the cells of a tabular benchmark another.
///
/// All randomness comes in as `rng`; nothing else may influence what is returned.
pub trait Space: Sync {
    /// One point of the space.
    type Candidate: Clone + Send + Sync;

    /// The candidates that a search evaluates first, best known first. Not empty.
    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Self::Candidate>;

    /// A random neighbour of `parent`: one small change. `None` when this draw found none, in which
    /// case the caller draws again.
    fn mutate<R: Rng + ?Sized>(
        &self,
        parent: &Self::Candidate,
        rng: &mut R,
    ) -> Option<Self::Candidate>;

    /// A hash that is equal for candidates that are the same architecture.
    fn hash(&self, candidate: &Self::Candidate) -> u128;

    /// The distance by which candidates are compared.
    fn metric(&self) -> &Metric;

    /// What the distance needs of a candidate.
    ///
    /// # Errors
    ///
    /// The candidate does not belong to this space.
    fn profile(&self, candidate: &Self::Candidate) -> Result<Profile, otmann::Error>;

    /// Counts of the candidate's parts, each of which gives the surrogate's kernel one more term; the
    /// same number for all candidates of a space. None by default.
    fn counts(&self, candidate: &Self::Candidate) -> Vec<Counts> {
        let _ = candidate;
        Vec::new()
    }

    /// A random candidate, as the `random` strategy draws them. By default an initial candidate
    /// after one to sixteen mutations; a space that can be sampled evenly should say how.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Option<Self::Candidate> {
        let pool = self.initial(rng);
        if pool.is_empty() {
            return None;
        }
        let mut candidate = pool[rng.random_range(0..pool.len())].clone();
        for _ in 0..rng.random_range(1..=16) {
            if let Some(next) = self.mutate(&candidate, rng) {
                candidate = next;
            }
        }
        Some(candidate)
    }

    /// All neighbours of `candidate`, where they can be listed; `None` where they cannot, and then
    /// neighbours are drawn with [`Space::mutate`].
    fn neighbours(&self, candidate: &Self::Candidate) -> Option<Vec<Self::Candidate>> {
        let _ = candidate;
        None
    }
}
