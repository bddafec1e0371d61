//! Which weights of one network another begins with: a plan of what goes where, made before any tensor is touched.
//!
//! Channels are followed through the new network from its input on. Each channel of a layer's output is known to compute what a
//! channel of some layer of the old network, the parent, computed, or to be new. A layer that is matched with one of like kind takes
//! its weights by these channels, whatever the order in which they come in now:
//!
//! - a channel that comes in several times, from copies of a layer or of a channel, shares the weight among them, so that their sum
//!   is what it was (Chen, Goodfellow and Shlens, *Net2Net*, 2016, arXiv 1511.05641); the shares differ, since copies with equal
//!   shares would stay equal for ever;
//! - a channel that is new to the layer gets the weight 0, unless the layer lacks one of its own: then it takes that one's place;
//! - further units are copies of the first ones, and a layer with fewer units has the first ones;
//! - a filter of another side is cut, or lies in the middle of zeros.
//!
//! A layer that is matched with none hands on what comes in: its filters and matrices are the identity, its residual branch is
//! switched off by a norm of weight 0. [`Transfer::keeps_function`] says whether the new network computes what the old one did,
//! when it is not training: where batch norms take the moments of a batch, those of new layers change what they hand on.

mod channels;
mod layers;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use self::channels::Channel;
use crate::plan::{Module, Plan};

/// What a layer of the new network begins with.
#[derive(Clone, Debug, PartialEq)]
pub enum Filling {
    /// What a training from nothing begins with. Layers without weights, too.
    Fresh,
    /// The identity: output c hands on input `inputs[c]`.
    Identity {
        /// The input of each unit.
        inputs: Vec<u32>,
    },
    /// The weights of a layer of the parent.
    Taken(Taken),
}

/// How a layer takes the weights of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The layer of the parent.
    pub layer: usize,
    /// For each unit that of the parent; `None` for those of a residual layer whose branch is new.
    pub outputs: Vec<Option<u32>>,
    /// For each channel that comes in, that of the parent and the share of its weight; `None` where the weight is 0.
    pub inputs: Vec<Option<Share>>,
    /// The same for the channels between the two convolutions of a residual layer; empty for every other layer.
    pub middle: Vec<Option<Share>>,
}

/// A channel of the parent, and which part of its weight is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The channel.
    pub channel: u32,
    /// The part, above 0 and at most 1.
    pub part: f32,
}

impl Taken {
    /// Whether the weights are those of the parent's layer, each in its place.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let is_itself = |(place, share): (usize, &Option<Share>)| {
            share.is_some_and(|s| s.channel as usize == place && s.part >= 1.0)
        };
        self.inputs.iter().enumerate().all(is_itself)
            && self.middle.iter().enumerate().all(is_itself)
            && (self.outputs.iter().enumerate()).all(|(c, p)| p.is_some_and(|p| p as usize == c))
    }
}

/// What each layer of a network begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// One entry a layer, in the network's order.
    pub layers: Vec<Filling>,
    /// Whether the network computes what its parent did, but for rounding, when it is not training.
    pub keeps_function: bool,
}

impl Transfer {
    /// Plans what the network of `child` takes over from that of `parent`. Both are fitted to the same data.
    ///
    /// `matches` are pairs of a layer of the parent and one of the child, by their numbers. Of several of one child's layer the first
    /// counts whose operations are of like kind; pairs of others, and of layers that there are not, are passed over. The parts of
    /// weights that are shared follow from `seed`.
    #[must_use]
    pub fn new(parent: &Plan, child: &Plan, matches: &[(usize, usize)], seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut layers = Vec::with_capacity(child.layers.len());
        let mut channels: Vec<Vec<Channel>> = Vec::with_capacity(child.layers.len());
        for (j, layer) in child.layers.iter().enumerate() {
            let incoming: Vec<Channel> = match layer.module {
                Module::Input => channels::of_input(layer.output.channels()),
                Module::Output => Vec::new(),
                _ => (child.network.parents(j).iter())
                    .flat_map(|&p| channels[p].iter().copied())
                    .collect(),
            };
            let like = matches.iter().filter(|&&(_, to)| to == j);
            let like = like.filter_map(|&(from, _)| Some((from, parent.layers.get(from)?)));
            let matched = like
                .into_iter()
                .find(|(_, other)| layers::are_alike(other.module, layer.module));
            let (filling, outgoing) = match (layer.module, matched) {
                (Module::Input | Module::Output, _) => (Filling::Fresh, incoming),
                (_, Some((from, _))) => {
                    let own = channels::into_layer(parent, from);
                    layers::taken((parent, from), layer, (&incoming, &own), &mut rng)
                }
                (_, None) => layers::new(layer, &incoming),
            };
            layers.push(filling);
            channels.push(outgoing);
        }
        let keeps_function = keeps_function(parent, child, &layers, &channels);
        Self {
            layers,
            keeps_function,
        }
    }

    /// How many layers take weights of the parent.
    #[must_use]
    pub fn taken(&self) -> usize {
        let taken = |filling: &&Filling| matches!(filling, Filling::Taken(_));
        self.layers.iter().filter(taken).count()
    }
}

/// Whether the mean of the decision layers is that of the parent's: each is one of those, and each of those there as often.
fn keeps_function(
    parent: &Plan,
    child: &Plan,
    layers: &[Filling],
    channels: &[Vec<Channel>],
) -> bool {
    let decisions = |plan: &Plan| -> Vec<usize> {
        let all = 0..plan.layers.len();
        all.filter(|&i| plan.layers[i].module == Module::Decision)
            .collect()
    };
    let mut counts = vec![0_usize; parent.layers.len()];
    for j in decisions(child) {
        let is_exact = channels[j].iter().all(Channel::is_exact);
        match &layers[j] {
            Filling::Taken(taken) if is_exact => counts[taken.layer] += 1,
            _ => return false,
        }
    }
    let mut of_parent = decisions(parent).into_iter().map(|i| counts[i]);
    let first = of_parent.next();
    first.is_some_and(|first| first > 0 && of_parent.all(|count| count == first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::InputShape;
    use nn_graph::{Kind, Layer, Network, Op};

    #[test]
    fn copies_of_a_layer_share_its_weights_and_unlike_pairs_are_passed_over() {
        let network = |copies: usize| {
            let mut layers = vec![Layer::plain(Op::Ip)];
            layers.extend(vec![Layer::conv(Op::Conv3, 4, 1); copies]);
            layers.extend([
                Layer::conv(Op::Conv3, 3, 1),
                Layer::plain(Op::Softmax),
                Layer::plain(Op::Op),
            ]);
            let join = copies + 1;
            let mut edges: Vec<(usize, usize)> =
                (1..join).flat_map(|i| [(0, i), (i, join)]).collect();
            edges.extend([(join, join + 1), (join + 1, join + 2)]);
            let network = Network::new(Kind::Cnn, layers, edges).unwrap();
            Plan::new(&network, InputShape::Image([2, 8, 8].into()), 5).unwrap()
        };
        let (one, three) = (network(1), network(3));
        // The softmax is like no convolution, and there is no layer 9.
        let pairs = [(3, 2), (1, 1), (1, 2), (1, 3), (9, 4), (2, 4), (3, 5)];
        let transfer = Transfer::new(&one, &three, &pairs, 1);
        assert!(transfer.keeps_function && transfer.taken() == 5);
        let Filling::Taken(taken) = &transfer.layers[4] else {
            panic!("{:?}", transfer.layers[4]);
        };
        assert!(!taken.is_whole());
        for channel in 0..4 {
            let parts = taken.inputs.iter().flatten();
            let parts: Vec<f32> = (parts.filter(|s| s.channel == channel))
                .map(|s| s.part)
                .collect();
            assert!((parts.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{parts:?}");
            assert!(parts.len() == 3 && parts[0].to_bits() != parts[1].to_bits());
        }
        // Without the decision layer it is another function, and without any pair all is new.
        assert!(!Transfer::new(&one, &three, &pairs[..6], 1).keeps_function);
        let none = Transfer::new(&one, &three, &[], 1);
        assert!(none.taken() == 0 && !none.keeps_function);
    }
}
