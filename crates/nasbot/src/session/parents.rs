//! Whose weights are kept, and which of them an evaluation begins with.
//!
//! Every training from nothing leaves its weights. Which of them are kept follows from what the search was told, in the order in which
//! it was, and so does which of them an evaluation inherits: the same seed and the same order of results give the same.

use std::collections::{BTreeMap, BTreeSet};

use nasbot_opt::{Distance, Origin, Rung, Search, Setup, Space as _, Suggestion};
use nn_graph::Network;
use otmann::{Metric, Profile};

use crate::settings::{Fidelity, Inheritance, SearchSpace};
use crate::study::{Begins, Inherits};

/// Bytes of each parameter in a file of weights: its value and its momentum.
const BYTES: u64 = 8;

/// Weights that were left.
#[derive(Clone, Debug)]
struct Kept {
    rung: Rung,
    score: f64,
    bytes: u64,
    profile: Profile,
}

/// The weights that may be inherited.
#[derive(Clone, Debug)]
pub(crate) struct Parents {
    inheritance: Inheritance,
    first: Rung,
    /// Parameters of trainings that are over, by evaluation, until the search is told of them.
    left: BTreeMap<u64, u64>,
    kept: BTreeMap<u64, Kept>,
    /// What is not kept any more.
    dropped: BTreeSet<(u64, Rung)>,
}

impl Parents {
    /// Those of a search that begins; `None` where trainings do not inherit.
    pub(crate) fn of(fidelity: &Fidelity) -> Option<Self> {
        Some(Self {
            inheritance: *fidelity.inheritance()?,
            first: fidelity.halving().first(),
            left: BTreeMap::new(),
            kept: BTreeMap::new(),
            dropped: BTreeSet::new(),
        })
    }

    /// A training is over that had so many parameters, and its result is about to be told.
    pub(crate) fn leave(&mut self, id: u64, parameters: u64) {
        self.left.insert(id, parameters);
    }

    /// The search has been told of an evaluation: its weights are kept if there is room, in place of worse ones if need be.
    pub(crate) fn told(
        &mut self,
        search: &Search<SearchSpace>,
        id: u64,
    ) -> Result<(), nasbot_opt::Error> {
        let Some(parameters) = self.left.remove(&id) else {
            return Ok(());
        };
        let evaluation = search.evaluation(id);
        let reached = evaluation.and_then(|e| Some((e, e.reached()?, e.score()?)));
        let Some((evaluation, rung, score)) = reached.filter(|&(_, rung, _)| rung >= self.first)
        else {
            return Ok(());
        };
        let kept = Kept {
            rung,
            score,
            bytes: parameters.saturating_mul(BYTES),
            profile: (search.space().inner()).point(&evaluation.suggestion.candidate.candidate)?,
        };
        let before = self
            .kept
            .insert(id, kept)
            .filter(|before| before.rung != rung);
        self.dropped.extend(before.map(|before| (id, before.rung)));
        let total = |kept: &BTreeMap<u64, Kept>| -> u64 {
            kept.values()
                .fold(0, |sum, kept| sum.saturating_add(kept.bytes))
        };
        while total(&self.kept) > self.inheritance.keep {
            // Of equals the older one.
            let worst = self
                .kept
                .iter()
                .min_by(|(_, a), (_, b)| (a.rung.cmp(&b.rung)).then(a.score.total_cmp(&b.score)));
            let Some((&id, _)) = worst else { break };
            let rung = self.kept.remove(&id).map(|kept| kept.rung);
            self.dropped.extend(rung.map(|rung| (id, rung)));
        }
        Ok(())
    }

    /// How an evaluation begins that was just suggested; the search is told if it begins with nothing.
    pub(crate) fn begin(
        &self,
        search: &mut Search<SearchSpace>,
        suggestion: &Suggestion<Setup<Network>>,
    ) -> Result<Begins, nasbot_opt::Error> {
        let inherits = self.choose(search.space(), suggestion)?;
        if inherits.is_some() {
            return Ok(Begins {
                first: Rung::default(),
                inherits,
            });
        }
        from_nothing(search, suggestion.id)
    }

    /// Whose weights a suggested network inherits: those of the one that it was mutated from, else of the nearest one; of equally near
    /// ones that came furthest, the earliest.
    pub(crate) fn choose(
        &self,
        space: &SearchSpace,
        suggestion: &Suggestion<Setup<Network>>,
    ) -> Result<Option<Inherits>, nasbot_opt::Error> {
        let space = space.inner();
        let own = space.point(&suggestion.candidate.candidate)?;
        let profiles: Vec<&Profile> = self.kept.values().map(|kept| &kept.profile).collect();
        let depth = space.num_distances();
        let mut distances = vec![Distance::default(); depth * profiles.len()];
        space.distances(&own, &profiles, &mut distances)?;
        let mean = |all: &[Distance]| {
            all.iter().map(|distance| distance.normalised).sum::<f64>() / depth as f64
        };
        let near = (self.kept.iter().zip(distances.chunks_exact(depth)))
            .map(|((&parent, kept), distances)| Inherits {
                parent,
                rung: kept.rung,
                distance: mean(distances),
            })
            .filter(|inherits| inherits.distance <= self.inheritance.nearest);
        let near: Vec<Inherits> = near.collect();
        if let Origin::Mutation { parent } = suggestion.origin
            && let Some(inherits) = near.iter().find(|inherits| inherits.parent == parent)
        {
            return Ok(Some(*inherits));
        }
        Ok(near.into_iter().min_by(|a, b| {
            (a.distance.total_cmp(&b.distance))
                .then(b.rung.cmp(&a.rung))
                .then(a.parent.cmp(&b.parent))
        }))
    }

    /// The weights that are kept: which evaluations left them, at which rungs.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (u64, Rung)> {
        self.kept.iter().map(|(&id, kept)| (id, kept.rung))
    }

    /// These are not there any more.
    pub(crate) fn forget(&mut self, lost: &[(u64, Rung)]) {
        self.kept
            .retain(|&id, kept| !lost.contains(&(id, kept.rung)));
    }

    /// Weights that are not kept any more, since the last call.
    pub(crate) fn take_dropped(&mut self) -> BTreeSet<(u64, Rung)> {
        std::mem::take(&mut self.dropped)
    }
}

/// Lets an evaluation begin that inherits nothing: one that is far from all others, is given, or is run by hand.
pub(crate) fn from_nothing(
    search: &mut Search<SearchSpace>,
    id: u64,
) -> Result<Begins, nasbot_opt::Error> {
    let first = search.halving().first();
    search.begin_at(id, first)?;
    Ok(Begins {
        first,
        inherits: None,
    })
}

/// Pairs of a layer of the parent and one of the child, as the transport plan of the distance matches them: for each layer of the
/// child those first that have most mass in common.
pub(super) fn matches(
    metric: &Metric,
    parent: &Network,
    child: &Network,
) -> Result<Vec<(usize, usize)>, otmann::Error> {
    let (a, b) = (Profile::new(parent, metric)?, Profile::new(child, metric)?);
    // With the smallest one most is matched; the structure still decides among layers of one label.
    let coefficients = metric.coefficients().iter().copied();
    let coefficient = coefficients.fold(f64::INFINITY, f64::min);
    let mut matches = metric.matching(&a, &b, coefficient)?.matches;
    matches.sort_by(|x, y| {
        (x.column.cmp(&y.column))
            .then(y.amount.total_cmp(&x.amount))
            .then(x.row.cmp(&y.row))
    });
    Ok(matches.into_iter().map(|m| (m.row, m.column)).collect())
}
