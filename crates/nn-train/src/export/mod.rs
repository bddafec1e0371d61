//! Trained networks for other programs: a PyTorch program ([`pytorch`]) and an ONNX file ([`onnx()`]).
//!
//! The PyTorch program is one readable file that needs nothing but torch. It loads the weights file that the worker writes (safetensors) under the same parameter names and gives the
//! same outputs.

mod onnx;
mod onnx_raw;
mod protobuf;

use std::fmt::Write;

use nn_graph::Kind;

pub use onnx::onnx;

use crate::data::{
    CellEncoding, Input, InputShape, Output, Preparation, PreparedColumn, Transform, USUAL_GAPS,
};
use crate::plan::{Activation, Features, LayerPlan, Module, Plan};

/// What every exported program holds, whatever the network.
const COMMON: &str = include_str!("common.py");

/// The text of `model.py` for a plan whose weights lie beside it under `weights`.
///
/// `preparation` is what was done to the training data; the program's `standardise` does the same to raw inputs.
///
/// ```
/// use nn_graph::{Kind, Layer, Network, Op};
/// use nn_train::{data::InputShape, export, plan::Plan};
///
/// let layers = vec![
///     Layer::plain(Op::Ip),
///     Layer::dense(Op::Tanh, 8),
///     Layer::plain(Op::Linear),
///     Layer::plain(Op::Op),
/// ];
/// let network = Network::new(Kind::MlpReg, layers, [(0, 1), (1, 2), (2, 3)])?;
/// let plan = Plan::new(&network, InputShape::Features(3), 1)?;
/// let program = export::pytorch(&plan, None, "model.safetensors");
/// assert!(program.contains("self.layer1 = Dense(3, 8, torch.tanh)"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn pytorch(plan: &Plan, preparation: Option<&Preparation>, weights: &str) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = write_program(&mut out, plan, preparation, weights);
    out
}

fn write_program(
    out: &mut String,
    plan: &Plan,
    preparation: Option<&Preparation>,
    weights: &str,
) -> std::fmt::Result {
    let regresses = plan.network.kind() == Kind::MlpReg;
    let (shape, example) = match plan.input {
        InputShape::Image(i) => (
            format!("examples × {} × {} × {}", i.channels, i.height, i.width),
            format!("({}, {}, {})", i.channels, i.height, i.width),
        ),
        InputShape::Features(n) => (format!("examples × {n}"), format!("({n},)")),
    };
    let result = if regresses {
        "numbers in standardised units (examples × 1)".to_owned()
    } else {
        format!("log-probabilities (examples × {})", plan.outputs)
    };
    writeln!(
        out,
        "\"\"\"A network found by nasbot: {} parameters, {} floating-point operations an example.",
        plan.trainable(),
        plan.flops()
    )?;
    writeln!(out)?;
    writeln!(
        out,
        "Takes standardised inputs ({shape}) and gives {result}."
    )?;
    writeln!(out)?;
    let module = weights.split_once('.').map_or(weights, |(stem, _)| stem);
    writeln!(out, "    from {module} import load, standardise")?;
    writeln!(out, "    network = load()")?;
    writeln!(out, "    outputs = network(standardise(inputs))")?;
    match preparation.map(|preparation| &preparation.input) {
        Some(Input::Table { .. }) => writeln!(
            out,
            "\nwhere inputs are rows of numbers as COLUMNS says, such as [raw_row({{\"column\": cell, …}}), …]."
        )?,
        Some(Input::Image { .. }) => writeln!(
            out,
            "\nwhere inputs are images with numbers as in their files, such as torch.stack([raw_picture(pixels), …])."
        )?,
        None => {}
    }
    writeln!(out, "\"\"\"")?;
    writeln!(out, "{COMMON}")?;
    write_preparation(out, preparation)?;
    writeln!(out, "INPUT_SHAPE = {example}")?;
    writeln!(out, "WEIGHTS = {weights:?}")?;
    writeln!(out, "\n\nclass Network(nn.Module):")?;
    writeln!(out, "    def __init__(self):")?;
    writeln!(out, "        super().__init__()")?;
    for (i, layer) in plan.layers.iter().enumerate() {
        if let Some(module) = constructor(layer, regresses) {
            writeln!(out, "        self.layer{i} = {module}")?;
        }
    }
    writeln!(out, "\n    def forward(self, x):")?;
    for (i, layer) in plan.layers.iter().enumerate() {
        let parents: Vec<String> = plan
            .network
            .parents(i)
            .iter()
            .map(|p| format!("x{p}"))
            .collect();
        let input = match parents.as_slice() {
            [one] => one.clone(),
            several => format!("torch.cat([{}], 1)", several.join(", ")),
        };
        match layer.module {
            Module::Input => match layer.output {
                Features::Flat(_) => writeln!(out, "        x{i} = x.flatten(1)")?,
                Features::Image(..) => writeln!(out, "        x{i} = x")?,
            },
            Module::Output => writeln!(out, "        return {}", average(&parents, regresses))?,
            Module::MaxPool => writeln!(
                out,
                "        x{i} = F.max_pool2d({input}, 2, 2, ceil_mode=True)"
            )?,
            Module::AvgPool => writeln!(
                out,
                "        x{i} = F.avg_pool2d({input}, 2, 2, ceil_mode=True)"
            )?,
            Module::Conv { .. } | Module::Residual { .. } | Module::Dense(_) | Module::Decision => {
                writeln!(out, "        x{i} = self.layer{i}({input})")?;
            }
        }
    }
    writeln!(out)
}

/// What is done to raw examples, and what outputs mean, as constants of the program.
fn write_preparation(out: &mut String, preparation: Option<&Preparation>) -> std::fmt::Result {
    let Some(preparation) = preparation else {
        return writeln!(
            out,
            "MEAN = STD = COLUMNS = None\nGAPS, GAPS_ARE_GIVEN = [], False\nCLASSES = []\nTARGET_MEAN, TARGET_STD, TRANSFORM = 0.0, 1.0, None"
        );
    };
    let list = |values: &[f32]| {
        values
            .iter()
            .map(f32::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match &preparation.input {
        Input::Image { mean, std, .. } => {
            writeln!(out, "MEAN = torch.tensor([{}]).view(-1, 1, 1)", list(mean))?;
            writeln!(out, "STD = torch.tensor([{}]).view(-1, 1, 1)", list(std))?;
            writeln!(out, "COLUMNS = None")?;
            writeln!(out, "GAPS, GAPS_ARE_GIVEN = [], False")?;
        }
        Input::Table { columns, gaps, .. } => {
            writeln!(out, "MEAN = STD = None")?;
            writeln!(
                out,
                "# A raw row has a number for each of these, NaN for a gap; of a column of words it is the word's place,"
            )?;
            writeln!(out, "# and any other number stands for another word.")?;
            writeln!(out, "COLUMNS = [")?;
            for column in columns {
                writeln!(out, "    {},", self::column(column))?;
            }
            writeln!(out, "]")?;
            let usual = || USUAL_GAPS.iter().map(|gap| python(gap)).collect();
            let given = |gaps: &Vec<String>| gaps.iter().map(|gap| python(gap)).collect();
            let words: Vec<String> = gaps.as_ref().map_or_else(usual, given);
            writeln!(
                out,
                "# What stands for a gap besides an empty cell; in any letters unless it was given."
            )?;
            writeln!(
                out,
                "GAPS, GAPS_ARE_GIVEN = [{}], {}",
                words.join(", "),
                truth(gaps.is_some())
            )?;
        }
    }
    match &preparation.output {
        Output::Classes { names } => {
            let names: Vec<String> = names.iter().map(|name| python(name)).collect();
            writeln!(out, "CLASSES = [{}]", names.join(", "))?;
            writeln!(out, "TARGET_MEAN, TARGET_STD, TRANSFORM = 0.0, 1.0, None")
        }
        Output::Value {
            mean,
            std,
            transform,
            ..
        } => {
            let transform = match transform {
                None => "None",
                Some(Transform::Log) => "\"log\"",
                Some(Transform::Log1p) => "\"log1p\"",
            };
            writeln!(out, "CLASSES = []")?;
            writeln!(
                out,
                "TARGET_MEAN, TARGET_STD, TRANSFORM = {mean:?}, {std:?}, {transform}"
            )
        }
    }
}

/// A column as a tuple of Python.
fn column(column: &PreparedColumn) -> String {
    match &column.encoding {
        CellEncoding::Number {
            mean,
            std,
            limit,
            marks_gaps,
        } => format!(
            "({}, \"{}\", {mean:?}, {std:?}, {}, {})",
            python(&column.name),
            column.kind.name(),
            limit.map_or_else(|| "None".to_owned(), |limit| format!("{limit:?}")),
            truth(*marks_gaps)
        ),
        CellEncoding::Words {
            words,
            marks_others,
            marks_gaps,
        } => {
            let words: Vec<String> = words.iter().map(|word| python(word)).collect();
            format!(
                "({}, \"words\", [{}], {}, {})",
                python(&column.name),
                words.join(", "),
                truth(*marks_others),
                truth(*marks_gaps)
            )
        }
    }
}

const fn truth(is: bool) -> &'static str {
    if is { "True" } else { "False" }
}

/// Text as a literal of Python: what an outsider wrote ends no literal and holds no control character.
fn python(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => out.push(c),
            c => {
                let _ = write!(out, "\\U{:08x}", c as u32);
            }
        }
    }
    out.push('"');
    out
}

/// How a layer's module is made; `None` where it has no parameters.
fn constructor(layer: &LayerPlan, regresses: bool) -> Option<String> {
    let (input, output) = (layer.input.channels(), layer.output.channels());
    match layer.module {
        Module::Conv { filter, stride } => Some(format!(
            "ConvNormRelu({input}, {output}, {filter}, stride={stride})"
        )),
        Module::Residual {
            filter,
            stride,
            projection,
        } => {
            let projection = if projection { "True" } else { "False" };
            Some(format!(
                "Residual({input}, {output}, {filter}, stride={stride}, projection={projection})"
            ))
        }
        Module::Dense(Activation::Crelu) => Some(format!("Dense({input}, {}, crelu)", output / 2)),
        Module::Dense(does) => Some(format!("Dense({input}, {output}, {})", function(does))),
        Module::Decision if regresses => Some(format!("Dense({input}, {output}, identity)")),
        Module::Decision => Some(format!("Dense({input}, {output}, log_softmax)")),
        Module::Input | Module::Output | Module::MaxPool | Module::AvgPool => None,
    }
}

const fn function(activation: Activation) -> &'static str {
    match activation {
        Activation::Relu => "F.relu",
        Activation::Crelu => "crelu",
        Activation::LeakyRelu => "F.leaky_relu",
        Activation::Softplus => "F.softplus",
        Activation::Elu => "F.elu",
        Activation::Logistic => "torch.sigmoid",
        Activation::Tanh => "torch.tanh",
    }
}

/// The mean of the decision layers.
fn average(decisions: &[String], regresses: bool) -> String {
    match decisions {
        [one] => one.clone(),
        several if regresses => format!("torch.stack([{}]).mean(0)", several.join(", ")),
        several => {
            let count = several.len();
            format!(
                "torch.logsumexp(torch.stack([{}]), 0) - math.log({count})",
                several.join(", ")
            )
        }
    }
}
