//! What follows from a network's layers and edges: channels, shrinkage of the image, masses.

use crate::dag::Dag;
use crate::error::{Error, LayerRef};
use crate::{Kind, Layer, Op};

/// A fully connected layer's mass counts this much of its weights (paper, section 3).
const FC_SHARE: f64 = 0.1;
/// Input, output and the decision layers together each weigh this share of the other layers …
const TERMINAL_SHARE: f64 = 0.1;
/// … but at least this much.
const TERMINAL_FLOOR: f64 = 100.0;

/// Numbers that follow from the graph, one a layer, in topological order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measures {
    /// Channels that come in: the parents', concatenated. 0 at the input and the output.
    pub(crate) channels_in: Vec<u32>,
    /// Channels that go out. 1 at the input; 0 at decision layers and the output.
    pub(crate) channels_out: Vec<u32>,
    /// Factor by which the image on the way in has shrunk; `None` once it is flattened.
    pub(crate) shrinkage_in: Vec<Option<u32>>,
    /// The same on the way out.
    pub(crate) shrinkage_out: Vec<Option<u32>>,
    /// Layer masses.
    pub(crate) masses: Vec<f64>,
    /// Their sum.
    pub(crate) total_mass: f64,
}

impl Measures {
    /// `name(i)` is layer i as its author knows it.
    pub(crate) fn new(
        kind: Kind,
        layers: &[Layer],
        dag: &Dag,
        name: impl Fn(usize) -> LayerRef,
    ) -> Result<Self, Error> {
        let n = layers.len();
        let mut out = Self {
            channels_in: vec![0; n],
            channels_out: vec![0; n],
            shrinkage_in: vec![None; n],
            shrinkage_out: vec![None; n],
            masses: Vec::new(),
            total_mass: 0.0,
        };
        for i in 0..n {
            out.count_channels(i, layers, dag)
                .ok_or_else(|| Error::TooLarge { layer: name(i) })?;
            if kind == Kind::Cnn {
                out.shrink(i, layers, dag, &name)?;
            }
        }
        out.masses = masses(layers, &out.channels_in);
        out.total_mass = out.masses.iter().sum();
        Ok(out)
    }

    fn count_channels(&mut self, i: usize, layers: &[Layer], dag: &Dag) -> Option<()> {
        let layer = layers[i];
        if layer.op == Op::Ip {
            self.channels_out[i] = 1;
            return Some(());
        }
        if layer.op == Op::Op {
            return Some(());
        }
        let channels = (dag.parents(i).iter())
            .try_fold(0_u32, |sum, &p| sum.checked_add(self.channels_out[p]))?;
        self.channels_in[i] = channels;
        self.channels_out[i] = if layer.op.is_decision() {
            0
        } else {
            layer.units.unwrap_or(channels)
        };
        Some(())
    }

    fn shrink(
        &mut self,
        i: usize,
        layers: &[Layer],
        dag: &Dag,
        name: impl Fn(usize) -> LayerRef,
    ) -> Result<(), Error> {
        let layer = layers[i];
        let parents = dag.parents(i);
        let incoming = match parents.first() {
            None => Some(1),
            Some(&first) => self.shrinkage_out[first],
        };
        if parents.iter().any(|&p| self.shrinkage_out[p] != incoming) {
            return Err(Error::ImageSizeMismatch {
                layer: name(i),
                parents: (parents.iter())
                    .map(|&p| (name(p), self.shrinkage_out[p]))
                    .collect(),
            });
        }
        self.shrinkage_in[i] = incoming;
        let needs_image = layer.op.is_conv() || layer.op.is_pool();
        self.shrinkage_out[i] = match (incoming, layer.op) {
            (Some(by), _) if needs_image => {
                let factor = if layer.halves() { 2 } else { 1 };
                Some(
                    by.checked_mul(factor)
                        .ok_or_else(|| Error::TooLarge { layer: name(i) })?,
                )
            }
            (None, _) if needs_image => {
                return Err(Error::ImageIsFlat {
                    layer: name(i),
                    parent: name(parents.first().copied().unwrap_or(0)),
                });
            }
            (by, Op::Ip) => by,
            _ => None,
        };
        Ok(())
    }
}

/// Layer masses (paper, section 3): input × output channels of convolutions and activations, a
/// tenth of it for `fc`, input channels for pooling. With S their sum, the input and the output
/// weigh max(S/10, 100) each, and the decision layers share as much.
fn masses(layers: &[Layer], channels_in: &[u32]) -> Vec<f64> {
    let mut masses: Vec<f64> = (layers.iter().zip(channels_in))
        .map(|(layer, &channels)| {
            let channels = f64::from(channels);
            let units = f64::from(layer.units.unwrap_or(0));
            match layer.op {
                Op::Fc => FC_SHARE * channels * units,
                op if op.is_pool() => channels,
                op if op.is_processing() => channels * units,
                _ => 0.0,
            }
        })
        .collect();
    let terminal = (TERMINAL_SHARE * masses.iter().sum::<f64>()).max(TERMINAL_FLOOR);
    let decisions = layers.iter().filter(|layer| layer.op.is_decision()).count();
    for (mass, layer) in masses.iter_mut().zip(layers) {
        if layer.op.is_decision() {
            *mass = terminal / decisions as f64;
        } else if !layer.op.is_processing() {
            *mass = terminal;
        }
    }
    masses
}
