//! Members of a family inside bounds, nearest first to what the paper starts from.

use std::collections::BTreeSet;

use super::families::{Family, Sizes};
use crate::{Bound, Constraints, Kind, Network};

/// What a step away from the paper's sizes costs, beside one of narrowing (a factor of √2 in units,
/// so of about 2 in mass).
const STAGE_COST: u32 = 4;
const REPEAT_COST: u32 = 2;
const DENSE_COST: u32 = 2;
const MOST_REPEATS: u32 = 8;
const NARROWING: std::ops::RangeInclusive<i32> = -8..=14;

/// A family with the paper's sizes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Blueprint {
    pub(super) family: Family,
    pub(super) sizes: Sizes,
}

impl Blueprint {
    /// The family's members, in the order of their distance from the paper's.
    pub(super) fn members(&self, kind: Kind) -> impl Iterator<Item = (Sizes, Network)> {
        let paper = self.sizes;
        let (stages, dense) = self.family.ranges();
        let mut all = Vec::new();
        for stages in stages {
            for repeats in 1..=MOST_REPEATS {
                for dense in dense.clone() {
                    for narrowing in NARROWING {
                        let sizes = Sizes {
                            stages,
                            repeats,
                            dense,
                            narrowing,
                            ..paper
                        };
                        let distance = STAGE_COST * stages.abs_diff(paper.stages)
                            + REPEAT_COST * repeats.abs_diff(paper.repeats)
                            + DENSE_COST * dense.abs_diff(paper.dense)
                            + narrowing.unsigned_abs();
                        all.push((distance, sizes));
                    }
                }
            }
        }
        all.sort_by_key(|&(distance, _)| distance); // stable: ties in the order of the loops
        all.into_iter()
            .filter_map(move |(_, sizes)| Some((sizes, self.family.member(kind, sizes)?)))
    }

    /// The nearest member inside the bounds.
    pub(super) fn nearest(&self, kind: Kind, constraints: &Constraints) -> Option<Sizes> {
        self.members(kind)
            .find(|(_, network)| constraints.check(network).is_ok())
            .map(|(sizes, _)| sizes)
    }
}

/// Networks inside the bounds, without repetition.
pub(super) struct Picked<'a> {
    kind: Kind,
    constraints: &'a Constraints,
    seen: BTreeSet<u128>,
    pub(super) networks: Vec<Network>,
}

impl<'a> Picked<'a> {
    pub(super) fn new(kind: Kind, constraints: &'a Constraints) -> Self {
        Self {
            kind,
            constraints,
            seen: BTreeSet::new(),
            networks: Vec::new(),
        }
    }

    /// Takes the blueprint's member of these sizes, else the nearest to the paper's that is inside
    /// the bounds and not yet taken. False if there is none.
    pub(super) fn pick(&mut self, blueprint: &Blueprint, sizes: Sizes) -> bool {
        let wanted = blueprint.family.member(self.kind, sizes);
        wanted.is_some_and(|network| self.take(network))
            || blueprint
                .members(self.kind)
                .any(|(_, network)| self.take(network))
    }

    fn take(&mut self, network: Network) -> bool {
        let take =
            self.constraints.check(&network).is_ok() && self.seen.insert(network.canonical_hash());
        if take {
            self.networks.push(network);
        }
        take
    }
}

/// Bounds that no member of `blueprints` keeps together, and of which none can be left out.
pub(super) fn unmet(blueprints: &[Blueprint], kind: Kind, constraints: &Constraints) -> Vec<Bound> {
    // Members whose units are clipped never break the bounds on units, which may be to blame.
    let unclipped = blueprints.iter().cloned().map(|mut blueprint| {
        blueprint.sizes.least_units = 1;
        blueprint.sizes.most_units = u32::MAX;
        blueprint
    });
    let unclipped: Vec<Blueprint> = unclipped.collect();
    let broken: Vec<Vec<Bound>> = (blueprints.iter().chain(&unclipped))
        .flat_map(|blueprint| blueprint.members(kind))
        .map(|(_, network)| {
            constraints
                .bounds()
                .violations(&network)
                .map(|v| v.bound)
                .collect()
        })
        .collect();
    let unmeetable = |bounds: &[Bound]| {
        (broken.iter()).all(|broken| bounds.iter().any(|bound| broken.contains(bound)))
    };
    let mut bounds: Vec<Bound> = (Bound::ALL.into_iter())
        .filter(|&bound| constraints.bounds().limit(bound).is_some())
        .collect();
    for bound in bounds.clone() {
        let others: Vec<Bound> = bounds.iter().copied().filter(|&b| b != bound).collect();
        if unmeetable(&others) {
            bounds = others;
        }
    }
    bounds
}
