//! Morphs: small changes that turn one network into another (paper, table 1 of the appendix).
//!
//! A [`Morph`] draws where and how it changes a network, and tries other places when the first
//! gives no network or one outside the bounds. [`mutate`] takes one to five such steps. The
//! functions behind the morphs take their places explicitly and are free of chance.
//!
//! ```
//! use nn_graph::{Bounds, Kind, morph, pool};
//! use rand::SeedableRng as _;
//!
//! let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
//! let bounds = Bounds { max_layers: Some(12), ..Bounds::default() }.checked()?;
//! let network = &pool::examples(Kind::Cnn)[0];
//! let mutant = morph::mutate(network, &bounds, &mut rng).unwrap();
//! assert!(bounds.check(&mutant).is_ok());
//! assert_ne!(&mutant, network);
//! # Ok::<(), nn_graph::Error>(())
//! ```

mod draft;
mod dup_path;
mod label;
mod remove;
mod skip;
mod starts;
mod units;
mod wedge;

use std::fmt;
use std::str::FromStr;

use rand::Rng;

use crate::{Constraints, Error, Layer, Network, Op, Violation};
pub use dup_path::duplicate_path;
pub use label::swap_label;
pub use remove::remove_layer;
pub use skip::add_skip;
pub use starts::start_weights;
pub use units::{Change, change_units, run_of};
pub use wedge::{wedge_layer, wedge_units};

/// How many steps a mutation takes, from 1, with these probabilities.
const STEPS: [f64; 5] = [0.5, 0.25, 0.125, 0.075, 0.05];

/// A sort of small change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Morph {
    /// One layer gets an eighth more units.
    IncSingle,
    /// One layer gets an eighth fewer units.
    DecSingle,
    /// A run of layers (an eighth, a quarter or half of all) gets an eighth more units.
    IncEnMasse,
    /// A run of layers gets an eighth fewer units.
    DecEnMasse,
    /// A layer gets another operation.
    SwapLabel,
    /// A new layer comes between two.
    WedgeLayer,
    /// A layer goes; its parents feed its children.
    RemoveLayer,
    /// Part of a path is copied beside it.
    DupPath,
    /// A layer feeds a later one directly.
    Skip,
}

/// Why a morph gave no network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The network has no place for this change.
    #[error("no place in this network for the change")]
    NoPlace,
    /// There is no layer of this number.
    #[error("there is no layer {layer}: the network has {layers}, numbered from 0")]
    NoSuchLayer {
        /// The number.
        layer: usize,
        /// How many layers there are.
        layers: usize,
    },
    /// There is no such edge.
    #[error("there is no edge [{from}, {to}] in the network")]
    NoSuchEdge {
        /// Where it would start.
        from: usize,
        /// Where it would end.
        to: usize,
    },
    /// The result would be no network.
    #[error("the change gives no network: {0}")]
    Invalid(#[source] Error),
    /// The result breaks a bound.
    #[error("the change leaves the bounds: {0}")]
    OutOfBounds(#[source] Violation),
}

impl Morph {
    /// Every morph.
    pub const ALL: [Self; 9] = [
        Self::IncSingle,
        Self::DecSingle,
        Self::IncEnMasse,
        Self::DecEnMasse,
        Self::SwapLabel,
        Self::WedgeLayer,
        Self::RemoveLayer,
        Self::DupPath,
        Self::Skip,
    ];

    /// The paper's name, with hyphens: `inc-single`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IncSingle => "inc-single",
            Self::DecSingle => "dec-single",
            Self::IncEnMasse => "inc-en-masse",
            Self::DecEnMasse => "dec-en-masse",
            Self::SwapLabel => "swap-label",
            Self::WedgeLayer => "wedge-layer",
            Self::RemoveLayer => "remove-layer",
            Self::DupPath => "dup-path",
            Self::Skip => "skip",
        }
    }

    /// How often [`mutate`] draws it, relative to the others.
    #[must_use]
    pub const fn weight(self) -> f64 {
        match self {
            Self::SwapLabel | Self::DupPath | Self::Skip => 0.2,
            _ => 0.1,
        }
    }

    /// A network that differs from `network` by this morph at a random place, within
    /// `constraints`. Never panics.
    ///
    /// # Errors
    /// No place was found; the refusal is that of the last place that was tried.
    pub fn apply<R: Rng + ?Sized>(
        self,
        network: &Network,
        constraints: &Constraints,
        rng: &mut R,
    ) -> Result<Network, Refusal> {
        match self {
            Self::IncSingle => units::single(network, constraints, Change::Increase, rng),
            Self::DecSingle => units::single(network, constraints, Change::Decrease, rng),
            Self::IncEnMasse => units::en_masse(network, constraints, Change::Increase, rng),
            Self::DecEnMasse => units::en_masse(network, constraints, Change::Decrease, rng),
            Self::SwapLabel => label::swap(network, constraints, rng),
            Self::WedgeLayer => wedge::wedge(network, constraints, rng),
            Self::RemoveLayer => remove::remove(network, constraints, rng),
            Self::DupPath => dup_path::duplicate(network, constraints, rng),
            Self::Skip => skip::skip(network, constraints, rng),
        }
    }
}

impl fmt::Display for Morph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Morph {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        (Self::ALL.into_iter())
            .find(|morph| morph.name() == name)
            .ok_or_else(|| Error::UnknownMorph { name: name.into() })
    }
}

/// A network within `constraints` that is one to five random morphs from `network`. If a later
/// step finds no place, what the earlier ones gave is returned.
///
/// # Errors
/// No morph finds a place; the refusal is that of the last one tried.
pub fn mutate<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let steps = starts::draw(&STEPS, rng).unwrap_or(0);
    let mut mutant = any_morph(network, constraints, rng)?;
    for _ in 0..steps {
        match any_morph(&mutant, constraints, rng) {
            Ok(next) => mutant = next,
            Err(_) => break,
        }
    }
    Ok(mutant)
}

/// One step: morphs in random order until one succeeds.
fn any_morph<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let mut weights = Morph::ALL.map(Morph::weight);
    let mut refusal = Refusal::NoPlace;
    while let Some(i) = starts::draw(&weights, rng) {
        weights[i] = 0.0;
        match Morph::ALL[i].apply(network, constraints, rng) {
            Ok(mutant) => return Ok(mutant),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

/// Layer `i`, if it computes.
fn processing(network: &Network, i: usize) -> Result<Layer, Refusal> {
    match network.layers().get(i) {
        Some(layer) if layer.op.is_processing() => Ok(*layer),
        Some(_) => Err(Refusal::NoPlace),
        None => Err(Refusal::NoSuchLayer {
            layer: i,
            layers: network.len(),
        }),
    }
}

/// Whether morphs bring in `op`. Filters of 9×9 are understood, but the paper's morphs don't.
fn is_drawn(op: Op) -> bool {
    op.filter() != Some(9)
}

/// The first of `candidates` that is a network within the bounds, or the last refusal.
fn first_within(
    constraints: &Constraints,
    candidates: impl Iterator<Item = Result<Network, Refusal>>,
) -> Result<Network, Refusal> {
    let mut refusal = Refusal::NoPlace;
    for candidate in candidates {
        let checked = candidate.and_then(|network| match constraints.check(&network) {
            Ok(()) => Ok(network),
            Err(violation) => Err(Refusal::OutOfBounds(violation)),
        });
        match checked {
            Ok(network) => return Ok(network),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}
