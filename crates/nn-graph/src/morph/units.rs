//! inc_single, dec_single, inc_en_masse, dec_en_masse: more or fewer units in one layer, or in a
//! run of layers.

use std::ops::Range;

use rand::Rng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};

use super::draft::Draft;
use super::{Refusal, first_within, processing};
use crate::{Constraints, Network};

/// The share of its units by which a layer grows or shrinks.
const SHARE: f64 = 0.125;
/// En masse, layers with units are cut into this many runs of about equal length, and one changes.
const RUNS: [usize; 3] = [2, 4, 8];

/// Which way units change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// More units.
    Increase,
    /// Fewer units.
    Decrease,
}

impl Change {
    /// An eighth more or less, rounded half away from zero, but at least one more or less (and at
    /// least one).
    fn of(self, units: u32) -> u32 {
        let share = f64::from(units) * SHARE;
        match self {
            Self::Increase => {
                let more = (f64::from(units) + share).round() as u32; // saturates
                more.max(units.saturating_add(1))
            }
            Self::Decrease => {
                let fewer = (f64::from(units) - share).round() as u32;
                fewer.min(units.saturating_sub(1)).max(1)
            }
        }
    }
}

/// Changes the units of each of `layers`, which all must have units.
///
/// # Errors
/// A layer that does not exist or has no units, or a network too large to count.
pub fn change_units(
    network: &Network,
    layers: &[usize],
    change: Change,
) -> Result<Network, Refusal> {
    let mut draft = Draft::of(network);
    for &i in layers {
        let mut layer = processing(network, i)?;
        let units = layer.units.ok_or(Refusal::NoPlace)?;
        layer.units = Some(change.of(units));
        if layer.units == Some(units) {
            return Err(Refusal::NoPlace);
        }
        draft.replace(i, layer);
    }
    draft.build()
}

/// Run `index` of `runs` of 0..`len`, cut by floor division.
#[must_use]
pub fn run_of(len: usize, index: usize, runs: usize) -> Range<usize> {
    index * len / runs..(index + 1) * len / runs
}

fn with_units(network: &Network) -> Vec<usize> {
    (0..network.len())
        .filter(|&i| network.layers()[i].units.is_some())
        .collect()
}

pub(super) fn single<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    change: Change,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let mut layers = with_units(network);
    layers.shuffle(rng);
    let changed = layers
        .into_iter()
        .map(|i| change_units(network, &[i], change));
    first_within(constraints, changed)
}

pub(super) fn en_masse<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    change: Change,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let layers = with_units(network);
    let runs = RUNS.choose(rng).copied().unwrap_or(1);
    let mut indices: Vec<usize> = (0..runs).collect();
    indices.shuffle(rng);
    let changed = (indices.into_iter())
        .map(|index| &layers[run_of(layers.len(), index, runs)])
        .filter(|run| !run.is_empty())
        .map(|run| change_units(network, run, change));
    first_within(constraints, changed)
}
