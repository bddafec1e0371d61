//! A trained network as an ONNX file (IR 8, operator set 17), which runs without PyTorch.
//!
//! The graph takes `input`, any number of raw examples, and gives `output`, as the model itself does; of a regression also `value`,
//! in the units of the target. A raw example is an image, or a row of 64-bit numbers, one for each column: NaN for a gap, and
//! of a column of words the word's place. The metadata say which columns and words and classes there are. Without a
//! preparation, `input` is what the network takes.

use nn_graph::Kind;

use super::protobuf::Message;
use crate::Error;
use crate::data::{Input, InputShape, Output, Preparation};
use crate::plan::{Activation, Features, LayerPlan, Module, Parameter, Plan};
use crate::trained::{ENTRY, Trained};

// Numbers of fields and types in onnx.proto.
pub(super) const FLOAT: i64 = 1;
pub(super) const INT64: i64 = 7;
pub(super) const DOUBLE: i64 = 11;

/// The file's bytes. `values` gives a parameter's numbers in C order.
///
/// # Errors
/// Whatever `values` reports.
pub fn onnx(
    plan: &Plan,
    preparation: Option<&Preparation>,
    mut values: impl FnMut(&Parameter) -> Result<Vec<f32>, Error>,
) -> Result<Vec<u8>, Error> {
    let mut graph = Graph::default();
    for parameter in &plan.parameters {
        let dims: Vec<i64> = parameter.shape.iter().map(|&side| side.into()).collect();
        let raw: Vec<u8> = values(parameter)?
            .into_iter()
            .flat_map(f32::to_le_bytes)
            .collect();
        graph.initial(&parameter.name, FLOAT, &dims, &raw);
    }
    let (source, kind, sides) = match preparation {
        Some(preparation) => graph.prepare(&preparation.input),
        None => ("input".to_owned(), FLOAT, sides(plan.input)),
    };
    graph.source = source;
    let mut outputs: Vec<String> = Vec::with_capacity(plan.layers.len());
    for (i, layer) in plan.layers.iter().enumerate() {
        let parents: Vec<&str> = plan
            .network
            .parents(i)
            .iter()
            .map(|&p| outputs[p].as_str())
            .collect();
        let output = graph.layer(plan, i, layer, &parents);
        outputs.push(output);
    }
    let last = outputs.last().map_or("input", String::as_str).to_owned();
    graph.node("Identity", &[&last], "output", &[]);
    graph.body.text(2, "network");
    graph.body.message(11, value("input", kind, &sides));
    let width = [plan.outputs.into()];
    graph.body.message(12, value("output", FLOAT, &width));
    if let Some(output @ Output::Value { .. }) = preparation.map(|preparation| &preparation.output)
    {
        graph.in_units(output);
        graph.body.message(12, value("value", DOUBLE, &width));
    }
    let mut operators = Message::default();
    operators.text(1, "").integer(2, 17);
    let mut model = Message::default();
    model
        .integer(1, 8)
        .text(2, "nasbot")
        .message(7, graph.body)
        .message(8, operators);
    if let Some(preparation) = preparation {
        for (name, text) in about(plan, preparation)? {
            let mut entry = Message::default();
            entry.text(1, name).text(2, &text);
            model.message(14, entry);
        }
    }
    Ok(model.into_bytes())
}

/// The sides of what a network takes.
fn sides(shape: InputShape) -> Vec<i64> {
    match shape {
        InputShape::Image(i) => vec![i.channels.into(), i.height.into(), i.width.into()],
        InputShape::Features(n) => vec![n.into()],
    }
}

/// The file's metadata: what the model is, and the names of columns and classes as lists of JSON.
fn about(plan: &Plan, preparation: &Preparation) -> Result<Vec<(&'static str, String)>, Error> {
    let list = |names: &[String]| {
        serde_json::to_string(names).map_err(|source| Error::Message {
            what: "model",
            source,
        })
    };
    let trained = Trained::new(plan.network.clone(), preparation.clone());
    let mut entries = vec![(ENTRY, trained.to_json()?)];
    if let Input::Table { columns, .. } = &preparation.input {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        entries.push(("columns", list(&names)?));
    }
    if let Output::Classes { names } = &preparation.output {
        entries.push(("classes", list(names)?));
    }
    Ok(entries)
}

/// Name, type and shape of an input or output: any number of examples × `sides`.
fn value(name: &str, kind: i64, sides: &[i64]) -> Message {
    let mut shape = Message::default();
    let mut examples = Message::default();
    examples.text(2, "examples");
    shape.message(1, examples);
    for &side in sides {
        let mut dimension = Message::default();
        dimension.integer(1, side);
        shape.message(1, dimension);
    }
    let mut tensor = Message::default();
    tensor.integer(1, kind).message(2, shape);
    let mut typed = Message::default();
    typed.message(1, tensor);
    let mut value = Message::default();
    value.text(1, name).message(2, typed);
    value
}

/// An attribute's value.
pub(super) enum Attribute<'a> {
    Integer(i64),
    Integers(&'a [i64]),
    Float(f32),
}

/// A GraphProto being written.
#[derive(Default)]
pub(super) struct Graph {
    body: Message,
    /// What the network takes: `input`, or what it was prepared to.
    source: String,
    /// Intermediate values named so far.
    named: usize,
}

impl Graph {
    pub(super) fn initial(&mut self, name: &str, kind: i64, dims: &[i64], raw: &[u8]) {
        let mut tensor = Message::default();
        for &side in dims {
            tensor.integer(1, side);
        }
        tensor.integer(2, kind).text(8, name).bytes(9, raw);
        self.body.message(5, tensor);
    }

    pub(super) fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute<'_>)],
    ) {
        let mut node = Message::default();
        for input in inputs {
            node.text(1, input);
        }
        node.text(2, output).text(3, output).text(4, op);
        for (name, value) in attributes {
            let mut attribute = Message::default();
            attribute.text(1, name);
            match value {
                Attribute::Float(x) => attribute.float(2, *x).integer(20, 1),
                Attribute::Integer(x) => attribute.integer(3, *x).integer(20, 2),
                Attribute::Integers(xs) => {
                    for &x in *xs {
                        attribute.integer(8, x);
                    }
                    attribute.integer(20, 7)
                }
            };
            node.message(5, attribute);
        }
        self.body.message(1, node);
    }

    /// A node whose output gets a new name, which is returned.
    pub(super) fn step(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        self.named += 1;
        let output = format!("value{}", self.named);
        self.node(op, inputs, &output, attributes);
        output
    }

    /// One layer's nodes; the name of its output.
    fn layer(&mut self, plan: &Plan, i: usize, layer: &LayerPlan, parents: &[&str]) -> String {
        let classifies = plan.network.kind() != Kind::MlpReg;
        if layer.module == Module::Input {
            return match (plan.input, layer.output) {
                (InputShape::Image(_), Features::Flat(_)) => {
                    let source = self.source.clone();
                    self.step("Flatten", &[&source], &[("axis", Attribute::Integer(1))])
                }
                _ => self.source.clone(),
            };
        }
        if layer.module == Module::Output {
            return self.average(parents, classifies);
        }
        let x = match parents {
            [one] => (*one).to_owned(),
            several => self.step("Concat", several, &[("axis", Attribute::Integer(1))]),
        };
        let name = |tensor: &str| format!("layer{i}.{tensor}");
        match layer.module {
            Module::Conv { filter, stride } => {
                let y = self.conv(&x, &name("conv"), filter, stride);
                let y = self.norm(&y, &name("norm"));
                self.step("Relu", &[&y], &[])
            }
            Module::Residual {
                filter,
                stride,
                projection,
            } => {
                let y = self.conv(&x, &name("conv1"), filter, stride);
                let y = self.norm(&y, &name("norm1"));
                let y = self.step("Relu", &[&y], &[]);
                let y = self.conv(&y, &name("conv2"), filter, 1);
                let y = self.norm(&y, &name("norm2"));
                let shortcut = if projection {
                    let shortcut = self.conv(&x, &name("shortcut_conv"), 1, stride);
                    self.norm(&shortcut, &name("shortcut_norm"))
                } else {
                    x
                };
                let sum = self.step("Add", &[&y, &shortcut], &[]);
                self.step("Relu", &[&sum], &[])
            }
            Module::MaxPool => self.pool("MaxPool", &x),
            Module::AvgPool => self.pool("AveragePool", &x),
            Module::Dense(op) => {
                let y = self.linear(layer, &x, i);
                self.activate(op, &y)
            }
            Module::Decision => {
                let y = self.linear(layer, &x, i);
                if classifies {
                    self.step("LogSoftmax", &[&y], &[("axis", Attribute::Integer(1))])
                } else {
                    y
                }
            }
            Module::Input | Module::Output => x,
        }
    }

    fn conv(&mut self, x: &str, name: &str, filter: u32, stride: u32) -> String {
        let (side, padding, stride) = (i64::from(filter), i64::from(filter / 2), i64::from(stride));
        let attributes = [
            ("kernel_shape", Attribute::Integers(&[side; 2])),
            ("pads", Attribute::Integers(&[padding; 4])),
            ("strides", Attribute::Integers(&[stride; 2])),
        ];
        self.step("Conv", &[x, &format!("{name}.weight")], &attributes)
    }

    fn norm(&mut self, x: &str, name: &str) -> String {
        let [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|tensor| format!("{name}.{tensor}"));
        self.step(
            "BatchNormalization",
            &[x, &weight, &bias, &mean, &variance],
            &[("epsilon", Attribute::Float(1e-5))],
        )
    }

    fn pool(&mut self, op: &str, x: &str) -> String {
        let attributes = [
            ("kernel_shape", Attribute::Integers(&[2, 2])),
            ("strides", Attribute::Integers(&[2, 2])),
            ("ceil_mode", Attribute::Integer(1)),
        ];
        self.step(op, &[x], &attributes)
    }

    fn linear(&mut self, layer: &LayerPlan, x: &str, i: usize) -> String {
        let flat = match layer.input {
            Features::Image(..) => {
                let attributes = [
                    ("axes", Attribute::Integers(&[2, 3])),
                    ("keepdims", Attribute::Integer(0)),
                ];
                self.step("ReduceMean", &[x], &attributes)
            }
            Features::Flat(_) => x.to_owned(),
        };
        let [weight, bias] = ["weight", "bias"].map(|tensor| format!("layer{i}.linear.{tensor}"));
        self.step(
            "Gemm",
            &[&flat, &weight, &bias],
            &[("transB", Attribute::Integer(1))],
        )
    }

    fn activate(&mut self, activation: Activation, x: &str) -> String {
        match activation {
            Activation::Crelu => {
                let positive = self.step("Relu", &[x], &[]);
                let negative = self.step("Neg", &[x], &[]);
                let negative = self.step("Relu", &[&negative], &[]);
                self.step(
                    "Concat",
                    &[&positive, &negative],
                    &[("axis", Attribute::Integer(1))],
                )
            }
            Activation::LeakyRelu => {
                self.step("LeakyRelu", &[x], &[("alpha", Attribute::Float(0.01))])
            }
            Activation::Softplus => self.step("Softplus", &[x], &[]),
            Activation::Elu => self.step("Elu", &[x], &[]),
            Activation::Logistic => self.step("Sigmoid", &[x], &[]),
            Activation::Tanh => self.step("Tanh", &[x], &[]),
            Activation::Relu => self.step("Relu", &[x], &[]),
        }
    }

    /// The mean of the decision layers, of probabilities by way of their logarithms.
    fn average(&mut self, decisions: &[&str], classifies: bool) -> String {
        if let [one] = decisions {
            return (*one).to_owned();
        }
        if !classifies {
            return self.step("Mean", decisions, &[]);
        }
        self.initial("first_axis", INT64, &[1], &0_i64.to_le_bytes());
        let count = decisions.len() as f32;
        self.initial("minus_log_count", FLOAT, &[1], &(-count.ln()).to_le_bytes());
        let raised: Vec<String> = decisions
            .iter()
            .map(|d| self.step("Unsqueeze", &[d, "first_axis"], &[]))
            .collect();
        let raised: Vec<&str> = raised.iter().map(String::as_str).collect();
        let stacked = self.step("Concat", &raised, &[("axis", Attribute::Integer(0))]);
        let attributes = [
            ("axes", Attribute::Integers(&[0])),
            ("keepdims", Attribute::Integer(0)),
        ];
        let sum = self.step("ReduceLogSumExp", &[&stacked], &attributes);
        self.step("Add", &[&sum, "minus_log_count"], &[])
    }
}
