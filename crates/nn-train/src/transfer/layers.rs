//! One layer of the new network: what it takes, and what its channels stand for afterwards.

use std::collections::HashMap;

use rand::Rng;

use super::channels::{self, Channel, Incoming, Place};
use super::{Filling, Share, Taken};
use crate::plan::{Activation, LayerPlan, Module, Plan};

/// Whether a layer may take the weights of another: both are convolutions, say, of any side and stride.
pub(super) fn are_alike(a: Module, b: Module) -> bool {
    use Module::{AvgPool, Conv, Decision, Dense, MaxPool, Residual};
    matches!(
        (a, b),
        (Conv { .. }, Conv { .. })
            | (Residual { .. }, Residual { .. })
            | (Dense(_), Dense(_))
            | (Decision, Decision)
            | (MaxPool | AvgPool, MaxPool | AvgPool)
    )
}

/// Whether a layer with the weights of another computes the same of the same: the filter may be larger, with zeros around it.
fn do_the_same(from: &LayerPlan, to: &LayerPlan) -> bool {
    match (from.module, to.module) {
        (
            Module::Conv { filter, stride },
            Module::Conv {
                filter: to,
                stride: also,
            },
        ) => filter <= to && stride == also,
        (
            Module::Residual { filter, stride, .. },
            Module::Residual {
                filter: to,
                stride: also,
                ..
            },
        ) => filter <= to && stride == also,
        (from, to) => from == to,
    }
}

/// A layer that is matched with one of the parent, of like kind: `incoming` is what comes into it, `own` what came into that one.
pub(super) fn taken<R: Rng>(
    (parent, from): (&Plan, usize),
    layer: &LayerPlan,
    (incoming, own): (&[Channel], &HashMap<Place, u32>),
    rng: &mut R,
) -> (Filling, Vec<Channel>) {
    let other = &parent.layers[from];
    let all = incoming.iter().all(|channel| channel.is_positive);
    // Where there are weights, these make what comes in negative.
    let is_positive = channels::are_positive(layer.module, all && other.parameters.is_empty());
    let Incoming { shares, is_same } = channels::incoming(incoming, own, rng);
    let is_same = is_same && do_the_same(other, layer);
    let outgoing = |(unit, is_same): (Option<u32>, bool)| Channel {
        place: unit.map(|unit| (from, unit)),
        is_same,
        is_positive,
    };
    let whole = |(unit, same): (Option<u32>, bool)| outgoing((unit, same && is_same));
    if matches!(layer.module, Module::MaxPool | Module::AvgPool) {
        // Each channel by itself.
        let units = incoming.iter().zip(&shares).map(|(channel, share)| {
            let channel_of = share.map(|share| share.channel);
            let is_there = channel.place.and_then(|place| own.get(&place).copied()) == channel_of;
            let is_same = is_there && channel.is_exact() && do_the_same(other, layer);
            outgoing((channel_of, is_same))
        });
        return (Filling::Fresh, units.collect());
    }
    let had = match (other.module, other.output.channels()) {
        // Two channels for each unit.
        (Module::Dense(Activation::Crelu), channels) => channels / 2,
        (_, channels) => channels,
    };
    let has = match (layer.module, layer.output.channels()) {
        (Module::Dense(Activation::Crelu), channels) => channels / 2,
        (_, channels) => channels,
    };
    let copies = || (0..has).map(|unit| Some(unit % had));
    let (outputs, middle, units): (Vec<_>, Vec<_>, Vec<_>) = match (other.module, layer.module) {
        (Module::Residual { projection, .. }, Module::Residual { projection: to, .. }) => {
            let middle: Vec<Option<u32>> = copies().collect();
            let middle = channels::shared(&middle, had as usize, rng);
            match (projection, to) {
                // What a unit adds to its input is that of the unit which added to the same.
                (false, false) => {
                    let known = |share: &Option<Share>| share.map(|share| share.channel);
                    let outputs: Vec<Option<u32>> = shares.iter().map(known).collect();
                    let is_exact = incoming.iter().map(Channel::is_exact);
                    let units = (outputs.iter().copied().zip(is_exact)).collect();
                    (outputs, middle, units)
                }
                (true, false) => {
                    let units = copies().map(|unit| (unit, false)).collect();
                    (copies().collect(), middle, units)
                }
                (_, true) => {
                    let units = copies().map(|unit| (unit, true)).collect();
                    (copies().collect(), middle, units)
                }
            }
        }
        (Module::Dense(was), Module::Dense(is)) => {
            let halves = copies().map(|unit| (unit, true));
            let units = match (was, is) {
                (Activation::Crelu, Activation::Crelu) => {
                    let second = copies().map(|unit| (unit.map(|unit| had + unit), true));
                    halves.chain(second).collect()
                }
                (_, Activation::Crelu) => halves.chain(copies().map(|_| (None, false))).collect(),
                _ => halves.collect(),
            };
            (copies().collect(), Vec::new(), units)
        }
        _ => {
            let units = copies().map(|unit| (unit, true)).collect();
            (copies().collect(), Vec::new(), units)
        }
    };
    let filling = Filling::Taken(Taken {
        layer: from,
        outputs,
        inputs: shares,
        middle,
    });
    (filling, units.into_iter().map(whole).collect())
}

/// A layer that is matched with none: it hands its channels on, over and over where it has more units than come in.
pub(super) fn new(layer: &LayerPlan, incoming: &[Channel]) -> (Filling, Vec<Channel>) {
    let count = incoming.len().max(1) as u32;
    let is_positive = incoming.iter().all(|channel| channel.is_positive);
    let is_positive = channels::are_positive(layer.module, is_positive);
    let handed_on = |inputs: &[u32], keeps: &dyn Fn(&Channel) -> bool| -> Vec<Channel> {
        let channel = |&input: &u32| -> Channel {
            let Some(channel) = incoming.get(input as usize) else {
                return Channel {
                    place: None,
                    is_same: false,
                    is_positive,
                };
            };
            Channel {
                place: channel.place,
                is_same: channel.is_same && keeps(channel),
                is_positive,
            }
        };
        inputs.iter().map(channel).collect()
    };
    let units = |has: u32| -> Vec<u32> { (0..has).map(|unit| unit % count).collect() };
    match layer.module {
        Module::Conv { stride, .. } | Module::Residual { stride, .. } => {
            let inputs = units(layer.output.channels());
            let outgoing = handed_on(&inputs, &|channel| stride == 1 && channel.is_positive);
            (Filling::Identity { inputs }, outgoing)
        }
        Module::Dense(activation) => {
            use Activation::{Crelu, Elu, LeakyRelu, Relu};
            let is_crelu = activation == Crelu;
            let has = layer.output.channels() / if is_crelu { 2 } else { 1 };
            let inputs = units(has);
            let keeps = |channel: &Channel| {
                channel.is_positive && matches!(activation, Relu | Crelu | LeakyRelu | Elu)
            };
            let mut outgoing = handed_on(&inputs, &keeps);
            if is_crelu {
                // What is below 0 of numbers that never are.
                let none = Channel {
                    place: None,
                    is_same: false,
                    is_positive,
                };
                outgoing.extend(inputs.iter().map(|_| none));
            }
            (Filling::Identity { inputs }, outgoing)
        }
        Module::MaxPool | Module::AvgPool => {
            let inputs = units(layer.output.channels());
            (Filling::Fresh, handed_on(&inputs, &|_| false))
        }
        Module::Input | Module::Output | Module::Decision => (Filling::Fresh, Vec::new()),
    }
}
