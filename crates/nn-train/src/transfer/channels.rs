//! Channels of the new network, and where they come from.

use std::collections::HashMap;

use rand::{Rng, RngExt as _};

use super::Share;
use crate::plan::{Module, Plan};

/// A channel of a layer of the parent.
pub(super) type Place = (usize, u32);

/// What is known of one channel that a layer of the new network puts out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Channel {
    /// The channel of the parent that it stands for.
    pub(super) place: Option<Place>,
    /// Whether it computes the same as that one, and not something like it.
    pub(super) is_same: bool,
    /// Whether its numbers are never below 0.
    pub(super) is_positive: bool,
}

impl Channel {
    /// Whether it computes what a channel of the parent does.
    pub(super) fn is_exact(&self) -> bool {
        self.place.is_some() && self.is_same
    }
}

/// The channels of the data.
pub(super) fn of_input(count: u32) -> Vec<Channel> {
    let channel = |c| Channel {
        place: Some((0, c)),
        is_same: true,
        is_positive: false,
    };
    (0..count).map(channel).collect()
}

/// The channels that come into a layer of the parent, by where they come from.
pub(super) fn into_layer(parent: &Plan, layer: usize) -> HashMap<Place, u32> {
    let from = parent.network.parents(layer).iter();
    let places = from.flat_map(|&p| {
        let count = parent.layers[p].output.channels();
        (0..count).map(move |c| (p, c))
    });
    places.zip(0..).collect()
}

/// Which channel of the parent's layer each that comes in stands for.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) shares: Vec<Option<Share>>,
    /// Whether the layer gets what the parent's did.
    pub(super) is_same: bool,
}

/// Finds for each channel that comes in the one of the parent's layer whose weight it takes, and its part of that.
pub(super) fn incoming<R: Rng>(
    channels: &[Channel],
    own: &HashMap<Place, u32>,
    rng: &mut R,
) -> Incoming {
    let known = |channel: &Channel| channel.place.and_then(|place| own.get(&place).copied());
    let mut found: Vec<Option<u32>> = channels.iter().map(known).collect();
    let mut is_there = vec![false; own.len()];
    for &channel in found.iter().flatten() {
        is_there[channel as usize] = true;
    }
    let is_complete = is_there.iter().all(|there| *there);
    let is_same =
        is_complete && (channels.iter().zip(&found)).all(|(c, found)| found.is_none() || c.is_same);
    // What is missing has been replaced by what is new, most likely.
    let mut missing = (0..).zip(is_there).filter(|(_, there)| !there);
    for place in found.iter_mut().filter(|found| found.is_none()) {
        *place = missing.next().map(|(channel, _)| channel);
    }
    Incoming {
        shares: shared(&found, own.len(), rng),
        is_same,
    }
}

/// The parts of each of `count` weights among those that take it: random ones of between a quarter and three quarters for two, so that
/// they learn different things. They add up to 1.
pub(super) fn shared<R: Rng>(
    takers: &[Option<u32>],
    count: usize,
    rng: &mut R,
) -> Vec<Option<Share>> {
    let mut sums = vec![(0_u32, 0.0_f64); count];
    let draws: Vec<f64> = takers.iter().map(|_| rng.random_range(0.5..1.5)).collect();
    for (taker, draw) in takers.iter().zip(&draws) {
        if let Some(sum) = taker.and_then(|channel| sums.get_mut(channel as usize)) {
            *sum = (sum.0 + 1, sum.1 + draw);
        }
    }
    (takers.iter().zip(draws))
        .map(|(taker, draw)| {
            let channel = (*taker)?;
            let part = match sums.get(channel as usize)? {
                (..=1, _) => 1.0,
                (_, sum) => (draw / sum) as f32,
            };
            Some(Share { channel, part })
        })
        .collect()
}

/// Whether the numbers that a layer puts out are never below 0; `is_positive` says it of what its activation or pool gets.
pub(super) fn are_positive(module: Module, is_positive: bool) -> bool {
    use crate::plan::Activation::{Crelu, Elu, LeakyRelu, Logistic, Relu, Softplus, Tanh};
    match module {
        Module::Conv { .. } | Module::Residual { .. } => true,
        Module::Dense(activation) => match activation {
            Relu | Crelu | Softplus | Logistic => true,
            LeakyRelu | Elu | Tanh => is_positive,
        },
        Module::MaxPool | Module::AvgPool => is_positive,
        Module::Input | Module::Decision | Module::Output => false,
    }
}
