//! Small perceptrons, which suit tables of a few hundred rows and are no bad start on larger ones.

use super::examples::layer;
use super::families;
use crate::{Constraints, Kind, Layer, Network};

/// Hidden layers of chains, in the order in which a search tries them.
const CHAINS: [&str; 8] = [
    "relu:64 relu:64",
    "tanh:32",
    "relu:64",
    "elu:128",
    "relu:32 relu:32",
    "relu:256 relu:128",
    "crelu:64 relu:32",
    "relu:64 relu:64 relu:64",
];

/// Perceptrons of one to three hidden layers within bounds, all different; their units are clipped to the bounds. None where no
/// chain keeps the bounds, or for networks of another kind.
///
/// ```
/// use nn_graph::{Constraints, Kind, pool};
///
/// let networks = pool::modest(Kind::MlpReg, &Constraints::default());
/// assert_eq!(networks.len(), 8);
/// assert_eq!(networks[0].len(), 5); // input, two hidden layers, linear, output
/// ```
#[must_use]
pub fn modest(kind: Kind, constraints: &Constraints) -> Vec<Network> {
    let bounds = constraints.bounds();
    let least = bounds.min_units.unwrap_or(1).max(1);
    let most = bounds.max_units.unwrap_or(u32::MAX).max(least);
    let mut networks: Vec<Network> = Vec::new();
    if kind == Kind::Cnn {
        return networks;
    }
    for chain in CHAINS {
        let hidden = chain
            .split_whitespace()
            .filter_map(|token| layer(kind, token));
        let clipped = hidden.map(|layer| Layer {
            units: layer.units.map(|units| units.clamp(least, most)),
            ..layer
        });
        if let Some(network) = families::chain(kind, clipped.collect())
            && constraints.check(&network).is_ok()
            && !networks.contains(&network)
        {
            networks.push(network);
        }
    }
    networks
}
