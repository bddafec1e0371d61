//! The paper's example networks, small and large, for tests, demonstrations and benchmarks.

use crate::{Kind, Layer, Network, Op};

/// Layers between input and output as `op`, `op:units` or `op:units/stride`, `*n` for n in a row;
/// then the edges, none for a chain.
type Listing = (&'static str, &'static str);

/// From nine layers to chains like VGG and ResNet.
const CONVOLUTIONAL: [Listing; 14] = [
    (
        "conv3:16 conv3:8*2 conv3:32 max-pool fc:16 decision",
        "0-1 1-2 1-3 2-4 3-4 4-5 5-6 6-7 7-8",
    ),
    ("conv3:16*2 conv3:32 max-pool fc:16 decision", ""),
    (
        "conv3:16*2 conv5:16 conv3:32/2 max-pool fc:32 decision",
        "0-1 1-2 1-3 1-4 2-5 3-5 4-6 5-6 6-7 7-8",
    ),
    (
        "conv3:16*2 conv5:16 conv3:32/2 avg-pool conv5:32 fc:32 decision",
        "0-1 1-2 1-3 1-4 2-5 3-5 4-6 5-7 6-7 7-8 8-9",
    ),
    (
        "conv3:16*3 conv5:16 conv5:32/2 avg-pool fc:32 decision",
        "0-1 0-2 1-3 1-4 2-5 3-6 4-6 5-7 6-7 7-8 8-9",
    ),
    (
        "conv3:16*2 conv3:32 max-pool fc:32*3 decision",
        "0-1 1-2 2-3 3-4 4-5 5-6 5-7 6-8 7-8 8-9",
    ),
    (
        "conv3:16*2 conv3:32 max-pool fc:32*3 decision decision",
        "0-1 1-2 2-3 3-4 4-5 5-6 5-7 6-8 7-8 7-9 8-10 9-10",
    ),
    (
        "conv3:16 res3:16 res5:32 max-pool fc:32*3 decision decision",
        "0-1 1-2 2-3 3-4 4-5 5-6 5-7 6-8 7-8 7-9 8-10 9-10",
    ),
    (
        "conv3:16 res3:32 res5:8 max-pool res7:32 fc:128 fc:256 decision decision",
        "0-1 1-2 2-3 3-4 4-5 5-6 5-7 6-8 7-8 7-9 8-10 9-10",
    ),
    (
        "conv3:64*2 max-pool conv3:128*2 max-pool conv3:128*2 max-pool conv3:256*2 max-pool conv3:512*2 max-pool fc:128 fc:256 fc:512 decision",
        "",
    ),
    (
        "conv7:64 max-pool conv3:64/2 conv3:64*3 conv3:128/2 conv3:128*3 conv3:256/2 \
         conv3:256*3 avg-pool fc:512 decision",
        "",
    ),
    (
        "conv7:64 max-pool res3:64/2 res3:64 res3:128/2 res3:128 res3:256/2 res3:256 avg-pool fc:512 decision",
        "",
    ),
    (
        "conv7:64 conv5:128 conv3:64/2 conv3:64 avg-pool max-pool*2 fc:64 conv3:128 \
         decision max-pool fc:64 decision",
        "0-1 1-2 1-3 1-4 2-5 3-6 4-7 5-8 6-12 7-9 8-10 8-13 9-11 10-14 11-12 12-13 13-14",
    ),
    (
        "conv7:64 conv5:128/2 conv3:64/2 conv3:64 avg-pool max-pool*2 fc:64 conv3:128 \
         decision max-pool fc:64 decision",
        "0-1 1-2 1-3 1-4 2-5 2-6 3-6 4-7 5-8 6-12 7-9 8-10 9-11 10-14 11-12 12-13 13-14",
    ),
];

/// For classification and regression alike.
const PERCEPTRONS: [Listing; 8] = [
    (
        "softplus:16 relu:8 elu:8 tanh:32 logistic:64 decision",
        "0-1 1-2 1-3 2-4 3-4 4-5 5-6 6-7",
    ),
    ("softplus:16 elu:16 tanh:32 logistic:64 decision", ""),
    (
        "tanh:8 logistic:8*2 tanh:8 elu:16 relu:16 decision",
        "0-1 0-2 1-3 2-4 3-5 3-6 4-5 4-6 5-7 6-7 7-8",
    ),
    (
        "logistic:8 tanh:8 relu:8 softplus:16 relu:16 decision",
        "0-1 0-2 1-3 2-4 2-5 3-4 3-5 4-6 5-6 6-7",
    ),
    (
        "relu:64*3 tanh:128*3 softplus:256*3 logistic:512*3 decision",
        "",
    ),
    (
        "relu:64*2 tanh:128*2 softplus:256*2 logistic:512*2 leaky-relu:512*2 tanh:512*2 \
         crelu:512*2 logistic:512*2 decision",
        "",
    ),
    (
        "decision tanh:64 relu:64 leaky-relu:128 logistic:64 logistic:256 elu:512 decision",
        "0-1 0-2 0-3 1-9 2-4 2-7 3-5 4-6 5-6 5-7 6-8 7-8 8-9",
    ),
    (
        "tanh:64 relu:64 leaky-relu:128 decision logistic:64 logistic:256 elu:512 decision",
        "0-1 0-2 0-4 1-3 1-7 2-4 2-5 3-6 4-9 5-6 5-7 6-8 7-8 8-9",
    ),
];

/// The example networks of a kind: 14 convolutional networks, 8 perceptrons.
///
/// ```
/// use nn_graph::{Kind, pool};
///
/// let networks = pool::examples(Kind::Cnn);
/// assert_eq!(networks.len(), 14);
/// assert_eq!(networks[0].total_mass(), 1167.2);
/// ```
#[must_use]
pub fn examples(kind: Kind) -> Vec<Network> {
    let listings: &[Listing] = match kind {
        Kind::Cnn => &CONVOLUTIONAL,
        Kind::MlpClass | Kind::MlpReg => &PERCEPTRONS,
    };
    let networks = listings.iter().filter_map(|listing| read(kind, listing));
    networks.collect()
}

/// `None` only if a listing above were wrong, which tests exclude.
fn read(kind: Kind, (layers, edges): &Listing) -> Option<Network> {
    let mut all = vec![Layer::plain(Op::Ip)];
    for token in layers.split_whitespace() {
        let (token, times) = token.split_once('*').unwrap_or((token, "1"));
        all.extend(std::iter::repeat_n(
            layer(kind, token)?,
            times.parse().ok()?,
        ));
    }
    all.push(Layer::plain(Op::Op));
    let edges = if edges.is_empty() {
        (1..all.len()).map(|i| (i - 1, i)).collect()
    } else {
        (edges.split_whitespace())
            .map(|edge| {
                let (from, to) = edge.split_once('-')?;
                Some((from.parse().ok()?, to.parse().ok()?))
            })
            .collect::<Option<Vec<_>>>()?
    };
    Network::new(kind, all, edges).ok()
}

pub(super) fn layer(kind: Kind, token: &str) -> Option<Layer> {
    if token == "decision" {
        return Some(Layer::plain(kind.decision()));
    }
    let (op, units) = token.split_once(':').unwrap_or((token, ""));
    let (units, stride) = units.split_once('/').unwrap_or((units, "1"));
    let op: Op = op.parse().ok()?;
    Some(Layer {
        op,
        units: if op.has_units() {
            Some(units.parse().ok()?)
        } else {
            None
        },
        stride: if op.is_conv() {
            Some(stride.parse().ok()?)
        } else {
            None
        },
    })
}
