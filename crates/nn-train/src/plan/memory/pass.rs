//! A pass through a network, module by module, as `torch::layers` computes it.

use super::heap::{Heap, Id};
use super::tape::{Flow, Node, Tape, Value, backward};
use crate::plan::{Activation, Features, LayerPlan, Module, Parameter, Plan};
use crate::{Precision, TrainingSpec};

/// Bytes of a 32-bit float, of a 16-bit one, and of an index.
pub(super) const FLOAT: u64 = 4;
pub(super) const HALF: u64 = 2;
const INDEX: u64 = 8;

/// What oneDNN takes for itself in a convolution: copies whose channels are filled up to whole vectors. With channels last these are
/// the filter's, otherwise also those of what comes in and goes out.
#[derive(Clone, Copy, Debug)]
struct Scratch {
    forwards: u64,
    backwards: u64,
}

impl Scratch {
    /// For a filter of `taps` places from and to so many channels, on images of so many pixels in all.
    fn new(pass: Pass<'_>, [inputs, outputs]: [u64; 2], taps: u64, pixels: [u64; 2]) -> Self {
        const VECTOR: u64 = 16;
        let width = pass.width();
        let full = |channels: u64| channels.next_multiple_of(VECTOR);
        let filter = taps * inputs * outputs * width;
        let filled = taps * full(inputs) * full(outputs) * width;
        if pass.protocol.channels_last {
            // Vectors of outputs are taken two at a time where there are many.
            let step = if outputs > 3 * VECTOR {
                2 * VECTOR
            } else {
                VECTOR
            };
            let sums = if width < FLOAT {
                FLOAT / width * filled
            } else {
                filled + filter
            };
            return Self {
                forwards: taps * inputs * outputs.next_multiple_of(step) * width,
                backwards: sums,
            };
        }
        let (x, y) = (
            pixels[0] * full(inputs) * width,
            pixels[1] * full(outputs) * width,
        );
        Self {
            forwards: x + filled + y - pixels[1] * outputs * width,
            backwards: x + y + filled - filter,
        }
    }
}

/// A pass through a network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass<'a> {
    pub(super) plan: &'a Plan,
    pub(super) protocol: &'a TrainingSpec,
    pub(super) examples: u64,
}

impl Pass<'_> {
    /// Bytes of numbers that a convolution or a matrix product takes in or puts out.
    fn width(self) -> u64 {
        match self.protocol.precision {
            Precision::Bf16 => HALF,
            Precision::Fp32 | Precision::Tf32 => FLOAT,
        }
    }

    /// One step of a training, up to its gradients.
    pub(super) fn step(self, heap: &mut Heap, is_first: bool) {
        let (batch, mut tape) = self.batch(heap, Some(Vec::new()));
        let output = self.forward(&mut tape, batch);
        let loss = tape.heap.make(FLOAT);
        let nodes = tape.nodes.take().unwrap_or_else(Vec::new);
        let values = std::mem::take(&mut tape.values);
        let gradients = backward(heap, nodes, &values, output, is_first);
        for id in gradients.into_iter().chain([loss, output.tensor, batch]) {
            heap.drop(id);
        }
    }

    /// A batch is scored.
    pub(super) fn scoring(self, heap: &mut Heap) {
        let (batch, mut tape) = self.batch(heap, None);
        let output = self.forward(&mut tape, batch);
        heap.drop(output.tensor);
        heap.drop(batch);
    }

    /// A batch of inputs, which stays to the end of the step.
    fn batch(self, heap: &mut Heap, nodes: Option<Vec<Node>>) -> (Id, Tape<'_>) {
        let targets = self.examples * INDEX;
        let batch = heap.make(self.examples * self.plan.input.len() as u64 * FLOAT + targets);
        let tape = Tape {
            heap,
            nodes,
            values: Vec::new(),
        };
        (batch, tape)
    }

    fn bytes(self, features: Features, width: u64) -> u64 {
        self.examples * features.len() * width
    }

    fn forward(self, tape: &mut Tape<'_>, batch: Id) -> Value {
        let network = &self.plan.network;
        let mut outputs: Vec<Option<Value>> = Vec::with_capacity(network.len());
        for (i, layer) in self.plan.layers.iter().enumerate() {
            let parents: Vec<Value> = (network.parents(i).iter())
                .filter_map(|&parent| outputs[parent])
                .collect();
            let value = match (layer.module, parents.as_slice()) {
                (Module::Input, _) => self.input(tape, layer, batch),
                (Module::Output, [one]) => {
                    tape.heap.hold(one.tensor);
                    *one
                }
                (_, [one]) => self.layer(tape, layer, *one),
                (module, several) => {
                    let bytes = several.iter().map(|value| value.bytes).sum();
                    let joined = tape.make(bytes, several[0].width);
                    let inputs: Vec<_> = several.iter().map(|&value| (value, Flow::Same)).collect();
                    tape.note(joined, &inputs, &[], 0, 0);
                    let value = match module {
                        Module::Output => {
                            let mean = tape.make(self.bytes(layer.output, FLOAT), FLOAT);
                            tape.note(
                                mean,
                                &[(joined, Flow::Made)],
                                &[joined.tensor, mean.tensor],
                                0,
                                0,
                            );
                            mean
                        }
                        _ => self.layer(tape, layer, joined),
                    };
                    tape.drop(joined);
                    value
                }
            };
            for &parent in network.parents(i) {
                if network.children(parent).last() == Some(&i)
                    && let Some(value) = outputs[parent].take()
                {
                    tape.drop(value);
                }
            }
            outputs.push(Some(value));
        }
        // A plan ends with its output.
        match outputs.pop().flatten() {
            Some(value) => value,
            None => tape.make(0, FLOAT),
        }
    }

    /// The batch as the first layers take it: with channels last a copy.
    fn input(self, tape: &mut Tape<'_>, layer: &LayerPlan, batch: Id) -> Value {
        let bytes = self.bytes(layer.output, FLOAT);
        let is_copied =
            self.protocol.channels_last && matches!(layer.output, Features::Image(c, ..) if c > 1);
        let tensor = match is_copied {
            true => tape.heap.make(bytes),
            false => tape.heap.hold(batch),
        };
        tape.put(tensor, (bytes, FLOAT), false)
    }

    fn layer(self, tape: &mut Tape<'_>, layer: &LayerPlan, x: Value) -> Value {
        let own = self.plan.parameters[layer.parameters.clone()].iter();
        let own: Vec<&Parameter> = own.filter(|p| p.trainable).collect();
        let weights = own.iter().map(|p| p.len() * FLOAT).sum();
        match layer.module {
            Module::Conv { .. } => {
                let y = self.conv(tape, layer, x, own.first().copied());
                let z = self.norm(tape, layer, y);
                tape.drop(y);
                tape.in_place(z)
            }
            Module::Residual { projection, .. } => self.residual(tape, layer, x, projection, &own),
            Module::MaxPool => {
                let y = tape.make(self.bytes(layer.output, x.width), x.width);
                let indices = tape.heap.make(self.bytes(layer.output, INDEX));
                // The processor sums up gradients of 16 bits in 32.
                let sums = if x.width < FLOAT {
                    x.bytes / x.width * FLOAT
                } else {
                    0
                };
                tape.note(y, &[(x, Flow::Made)], &[x.tensor, indices], 0, sums);
                tape.heap.drop(indices);
                y
            }
            Module::AvgPool => {
                let y = tape.make(self.bytes(layer.output, x.width), x.width);
                tape.note(y, &[(x, Flow::Made)], &[x.tensor], 0, 0);
                y
            }
            Module::Dense(op) => self.dense(tape, layer, x, op, weights),
            Module::Decision => {
                let y = self.linear(
                    tape,
                    layer,
                    x,
                    self.bytes(layer.output, self.width()),
                    weights,
                );
                let z = tape.make(self.bytes(layer.output, FLOAT), FLOAT);
                tape.note(z, &[(y, Flow::Made)], &[z.tensor], 0, 0);
                tape.drop(y);
                z
            }
            // They have cases of their own.
            Module::Input | Module::Output => {
                tape.heap.hold(x.tensor);
                x
            }
        }
    }

    /// A factor of a product in its precision: the tensor itself, or a copy.
    fn factor(self, tape: &mut Tape<'_>, x: Value, entries: u64) -> Value {
        let bytes = entries * self.width();
        if x.width == self.width() {
            tape.heap.hold(x.tensor);
            return x;
        }
        let cast = tape.make(bytes, self.width());
        tape.note(cast, &[(x, Flow::Made)], &[], 0, 0);
        cast
    }

    /// A convolution by its filter.
    fn conv(
        self,
        tape: &mut Tape<'_>,
        layer: &LayerPlan,
        x: Value,
        weight: Option<&Parameter>,
    ) -> Value {
        // A convolution has a filter.
        let Some([outputs, inputs, height, width]) =
            weight.and_then(|weight| weight.shape.first_chunk())
        else {
            tape.heap.hold(x.tensor);
            return x;
        };
        let (outputs, inputs) = (u64::from(*outputs), u64::from(*inputs));
        let taps = u64::from(*height) * u64::from(*width);
        let pixels = (x.bytes / x.width.max(1)) / inputs.max(1);
        let y_bytes = self.bytes(layer.output, self.width());
        let x = self.factor(tape, x, pixels * inputs);
        let filter = taps * inputs * outputs * self.width();
        let y = tape.make(y_bytes, self.width());
        let own = Scratch::new(
            self,
            [inputs, outputs],
            taps,
            [pixels, y_bytes / self.width() / outputs.max(1)],
        );
        tape.heap.pass_by(own.forwards);
        tape.note(y, &[(x, Flow::Made)], &[x.tensor], filter, own.backwards);
        tape.drop(x);
        y
    }

    /// Batch norm with its two moments of each channel.
    fn norm(self, tape: &mut Tape<'_>, layer: &LayerPlan, y: Value) -> Value {
        let z = tape.make(y.bytes, y.width);
        let channels = u64::from(layer.output.channels());
        let moments = tape.heap.make(2 * channels * FLOAT);
        tape.note(
            z,
            &[(y, Flow::Made)],
            &[y.tensor, moments],
            2 * channels * FLOAT,
            0,
        );
        tape.heap.drop(moments);
        z
    }

    fn residual(
        self,
        tape: &mut Tape<'_>,
        layer: &LayerPlan,
        x: Value,
        projection: bool,
        own: &[&Parameter],
    ) -> Value {
        let y1 = self.conv(tape, layer, x, own.first().copied());
        let z1 = self.norm(tape, layer, y1);
        let z1 = tape.in_place(z1);
        let y2 = self.conv(tape, layer, z1, own.get(3).copied());
        let z2 = self.norm(tape, layer, y2);
        let (shortcut, product) = match projection {
            true => {
                let s1 = self.conv(tape, layer, x, own.get(6).copied());
                let s2 = self.norm(tape, layer, s1);
                (s2, Some(s1))
            }
            false => (x, None),
        };
        let sum = tape.put(z2.tensor, (z2.bytes, z2.width), true);
        tape.note(sum, &[(z2, Flow::Same), (shortcut, Flow::Same)], &[], 0, 0);
        if let Some(product) = product {
            tape.drop(product);
            tape.drop(shortcut);
        }
        let out = tape.in_place(sum);
        // The names of the module end with it.
        for value in [y1, z1, y2] {
            tape.drop(value);
        }
        out
    }

    /// A product with a matrix, of the mean over the pixels if it takes an image.
    fn linear(
        self,
        tape: &mut Tape<'_>,
        layer: &LayerPlan,
        x: Value,
        bytes: u64,
        weights: u64,
    ) -> Value {
        let flat = match layer.input {
            Features::Image(channels, ..) => {
                let mean = tape.make(self.examples * u64::from(channels) * FLOAT, FLOAT);
                tape.note(mean, &[(x, Flow::Made)], &[], 0, 0);
                mean
            }
            Features::Flat(_) => {
                tape.heap.hold(x.tensor);
                x
            }
        };
        let cast = self.factor(
            tape,
            flat,
            self.examples * u64::from(layer.input.channels()),
        );
        tape.drop(flat);
        let y = tape.make(bytes, self.width());
        let gradients = weights / FLOAT * self.width();
        tape.note(y, &[(cast, Flow::Made)], &[cast.tensor], gradients, 0);
        tape.drop(cast);
        y
    }

    fn dense(
        self,
        tape: &mut Tape<'_>,
        layer: &LayerPlan,
        x: Value,
        op: Activation,
        weights: u64,
    ) -> Value {
        let bytes = self.bytes(layer.output, self.width());
        match op {
            Activation::Crelu => {
                let y = self.linear(tape, layer, x, bytes / 2, weights);
                let a = tape.make(y.bytes, y.width);
                tape.note(a, &[(y, Flow::Made)], &[a.tensor], 0, 0);
                let n = tape.make(y.bytes, y.width);
                tape.note(n, &[(y, Flow::Made)], &[], 0, 0);
                let b = tape.in_place(n);
                let both = tape.make(bytes, self.width());
                tape.note(both, &[(a, Flow::Same), (b, Flow::Same)], &[], 0, 0);
                tape.drop(a);
                tape.drop(b);
                tape.drop(y);
                both
            }
            Activation::Softplus => {
                let y = self.linear(tape, layer, x, bytes, weights);
                let z = tape.make(bytes, self.width());
                tape.note(z, &[(y, Flow::Made)], &[y.tensor], 0, 0);
                tape.drop(y);
                z
            }
            Activation::Relu
            | Activation::LeakyRelu
            | Activation::Elu
            | Activation::Logistic
            | Activation::Tanh => {
                let y = self.linear(tape, layer, x, bytes, weights);
                tape.in_place(y)
            }
        }
    }
}
