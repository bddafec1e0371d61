//! Where new branches and skips begin.

use rand::{Rng, RngExt as _};

use crate::dag::End;
use crate::{Network, Op};

/// The weight of each layer as the start of a branch or a skip: 1/√(1 + d) with d its shortest
/// distance from the input; 0 for fully connected layers, decision layers and the output.
#[must_use]
pub fn start_weights(network: &Network) -> Vec<f64> {
    let distances = network.dag().lengths(End::Sources, |_| true).shortest;
    (network.layers().iter().zip(distances))
        .map(|(layer, distance)| {
            let starts = layer.op == Op::Ip || (layer.op.is_processing() && layer.op != Op::Fc);
            if starts {
                1.0 / (1.0 + f64::from(distance)).sqrt()
            } else {
                0.0
            }
        })
        .collect()
}

/// An index drawn with these weights; `None` if all are 0.
pub(super) fn draw<R: Rng + ?Sized>(weights: &[f64], rng: &mut R) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut left = rng.random::<f64>() * total;
    let mut last = None;
    for (i, &weight) in weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.0)
    {
        last = Some(i);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}
