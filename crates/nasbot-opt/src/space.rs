//! What can be searched.

use std::fmt::Debug;

use rand::{Rng, RngExt as _};

use crate::{Counts, Error};

/// One distance between two points, as it is and relative to the sizes of the two (the paper's d and d̄).
///
/// A kernel uses the first with the exponent 1 and the second with the exponent 2. A space in which size means nothing gives the
/// same number twice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distance {
    /// The distance as it is: finite, not negative, 0 between a point and itself.
    pub raw: f64,
    /// The distance relative to the sizes of the two points: likewise.
    pub normalised: f64,
}

/// A space of candidates: points, distances among them, and small steps from one to another.
///
/// Networks under optimal transport are one ([`NetworkSpace`](crate::NetworkSpace)); the cells of a tabular benchmark and the
/// settings of a training are others. What a search needs to be told is which candidates it starts from
/// ([`initial`](Self::initial)), what a small change is ([`mutate`](Self::mutate)), when two candidates are the same
/// ([`hash`](Self::hash)), and how far apart two of them are ([`point`](Self::point), [`distances`](Self::distances)).
///
/// All randomness comes in as `rng`; nothing else may influence what is returned.
pub trait Space: Sync {
    /// What is evaluated.
    type Candidate: Clone + Send + Sync;

    /// What distances need of a candidate, computed once for each.
    type Point: Clone + Debug + Send + Sync;

    /// The candidates that a search evaluates first, best known first. Not empty.
    ///
    /// All of them are evaluated before the strategy chooses anything, unless [`SearchConfig::initial`](crate::SearchConfig::initial)
    /// says how many; two to five are enough to start from, and what differs among them is what the search learns first.
    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Self::Candidate>;

    /// A random neighbour of `parent`: one small change. `None` when this draw found none, in which
    /// case the caller draws again.
    fn mutate<R: Rng + ?Sized>(
        &self,
        parent: &Self::Candidate,
        rng: &mut R,
    ) -> Option<Self::Candidate>;

    /// A hash that is equal for candidates that are the same: of these only one is evaluated. It must not depend on the process or
    /// the platform where a search is recorded and restored: [`graph_hash`](crate::graph_hash) and
    /// [`stable_hash`](crate::stable_hash) do not.
    ///
    /// Candidates that are written differently and that no evaluation can tell apart should have one hash, or the search evaluates the
    /// same thing again and again: 15,625 cells of NAS-Bench-201 compute 5,773 functions. Where an evaluation can
    /// tell them apart (it costs another time, say), they should have different ones.
    fn hash(&self, candidate: &Self::Candidate) -> u128;

    /// Whether the candidate may be evaluated here. What [`mutate`](Self::mutate) and the like return may be; candidates of another
    /// source, such as an earlier study, need not keep to the bounds of this space. All by default.
    fn allows(&self, candidate: &Self::Candidate) -> bool {
        let _ = candidate;
        true
    }

    /// The candidate as a point among others.
    ///
    /// # Errors
    ///
    /// The candidate does not belong to this space.
    fn point(&self, candidate: &Self::Candidate) -> Result<Self::Point, Error>;

    /// How many distance functions there are, at least one: the same number for the whole life of a space. Each has a
    /// hyper-parameter of its own in the kernel, which learns what it is worth.
    fn num_distances(&self) -> usize;

    /// The distances from one point to others. `out` has [`num_distances`](Self::num_distances) places for each of `to`,
    /// those of the first point first. Called from several threads at once.
    ///
    /// # Errors
    ///
    /// A point is not of this space.
    fn distances(
        &self,
        from: &Self::Point,
        to: &[&Self::Point],
        out: &mut [Distance],
    ) -> Result<(), Error>;

    /// Counts of the candidate's parts, each of which gives the surrogate's kernel one more term; the
    /// same number for all candidates of a space. They are cheap to compare, and so many candidates are
    /// screened by them before distances are computed. None by default, which costs quality: counts are worth about as much as all
    /// other parts of the model together (docs/measurements/search.md, "Ablation"). [`graph_counts`](crate::graph_counts) has those of
    /// labelled graphs; for others, how often each thing occurs that may matter.
    fn counts(&self, candidate: &Self::Candidate) -> Vec<Counts> {
        let _ = candidate;
        Vec::new()
    }

    /// Positive numbers that grow with what an evaluation of the candidate takes, its memory or time: the same number for all
    /// candidates of a space. Where evaluations lack memory or time, the search learns from these what is likely to be possible;
    /// from distances to what failed where there are none, which is the default. Cheap.
    fn sizes(&self, candidate: &Self::Candidate) -> Vec<f64> {
        let _ = candidate;
        Vec::new()
    }

    /// Numbers that are known of a candidate without an evaluation, such as the number of its parameters: the same number for all
    /// candidates of a space. Objectives and constraints may be about them ([`Figure::Known`](crate::Figure::Known)); they are
    /// computed for each candidate that is considered, and not modelled. None by default. Cheap.
    fn known(&self, candidate: &Self::Candidate) -> Vec<f64> {
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
    /// neighbours are drawn with [`Space::mutate`]. Only local search asks for them.
    fn neighbours(&self, candidate: &Self::Candidate) -> Option<Vec<Self::Candidate>> {
        let _ = candidate;
        None
    }
}
