//! Test functions on networks, with known shape and no training: those of the paper's synthetic
//! experiments (its appendix C).
//!
//! Each function is a sum of signals. Most have the form e(x; b, k) = exp(−k·|x − b|), where x is
//! a statistic of the network and b its best value, so that no signal exceeds 1:
//!
//! | statistic x | both kinds | CNN adds | MLP adds |
//! |---|---|---|---|
//! | mean units of the layers that have units | e(1000, 0.002) | e(500, 0.001) | e(2000, 0.001) |
//! | mean of the mean in-degree and mean out-degree | e(5, 0.4) | | |
//! | shortest path from input to output | e(10, 0.2) | | |
//! | in-degree of the output | e(3, 0.5) | | |
//! | out-degree of the input | e(4, 0.5) | | |
//! | number of layers | e(30, 0.1) | e(50, 0.3) | |
//! | number of edges | e(100, 0.05) | | e(50, 0.1) |
//! | mean stride of the convolutions | | e(1.5, 3) | |
//!
//! A CNN also earns the share of its convolutions with 3×3 filters, #(3×3) / (#conv + 1), and an
//! MLP the share of its inner layers that are relu or logistic, # / (#inner + 1), where inner layers
//! are all but input, output and linear decision layers.

use nn_graph::dag::End;
use nn_graph::{Group, Kind, Network, Op};

use crate::{Evaluator, Outcome};

/// The value of the test function for `network`'s kind; between 0 and 11 for CNNs, 0 and 10 for
/// MLPs. Takes time linear in the number of edges.
///
/// ```
/// use nn_graph::{Kind, Layer, Network, Op};
///
/// let layers = vec![
///     Layer::plain(Op::Ip),
///     Layer::dense(Op::Relu, 1000),
///     Layer::plain(Op::Linear),
///     Layer::plain(Op::Op),
/// ];
/// let small = Network::new(Kind::MlpReg, layers, (0..3).map(|i| (i, i + 1)))?;
/// let value = nasbot_opt::synthetic::value(&small);
/// assert!((value - 2.98).abs() < 0.01);
/// # Ok::<(), nn_graph::Error>(())
/// ```
#[must_use]
pub fn value(network: &Network) -> f64 {
    shifted(network, 1.0)
}

/// The same function with each best value `by` times what it is: another problem, related to the first the more, the nearer `by` is
/// to 1.
#[must_use]
pub fn shifted(network: &Network, by: f64) -> f64 {
    let signal = |x: f64, best: f64, decay: f64| signal(x, by * best, decay);
    let layers = network.layers();
    let count = layers.len();
    let edges = network.edges().len();
    let units = mean(layers.iter().filter_map(|layer| layer.units).map(f64::from));
    let degree = mean((0..count).map(|i| network.parents(i).len() as f64)) / 2.0
        + mean((0..count).map(|i| network.children(i).len() as f64)) / 2.0;
    let to_input = network
        .dag()
        .lengths(End::Sources, |i| Group::All.contains(layers[i].op));
    let depth = f64::from(to_input.shortest[count - 1]);

    let common = signal(units, 1000.0, 0.002)
        + signal(degree, 5.0, 0.4)
        + signal(depth, 10.0, 0.2)
        + signal(network.parents(count - 1).len() as f64, 3.0, 0.5)
        + signal(network.children(0).len() as f64, 4.0, 0.5)
        + signal(count as f64, 30.0, 0.1)
        + signal(edges as f64, 100.0, 0.05);
    let ops = layers.iter().map(|layer| layer.op);
    match network.kind() {
        Kind::Cnn => {
            let strides = mean(
                layers
                    .iter()
                    .filter_map(|layer| layer.stride)
                    .map(f64::from),
            );
            let filters = ops.filter_map(Op::filter);
            common
                + signal(units, 500.0, 0.001)
                + signal(count as f64, 50.0, 0.3)
                + signal(strides, 1.5, 3.0)
                + share(filters.map(|filter| filter == 3))
        }
        Kind::MlpClass | Kind::MlpReg => {
            let inner = ops.filter(|op| !matches!(op, Op::Ip | Op::Op | Op::Linear));
            common
                + signal(edges as f64, 50.0, 0.1)
                + signal(units, 2000.0, 0.001)
                + share(inner.map(|op| matches!(op, Op::Logistic | Op::Relu)))
        }
    }
}

/// exp(−decay·|x − best|).
fn signal(x: f64, best: f64, decay: f64) -> f64 {
    (-decay * (x - best).abs()).exp()
}

/// The number of true values over one more than the number of values.
fn share(values: impl Iterator<Item = bool>) -> f64 {
    let (good, all) = values.fold((0.0, 1.0), |(good, all), value| {
        (good + f64::from(u8::from(value)), all + 1.0)
    });
    good / all
}

/// The mean; 0 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Scores networks with [`value`]: an evaluation that takes microseconds and never fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Synthetic;

impl Evaluator<Network> for Synthetic {
    fn evaluate(&self, network: &Network, _seed: u64) -> Outcome {
        Outcome::scored(value(network))
    }
}
