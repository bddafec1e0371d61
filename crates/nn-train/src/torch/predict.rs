//! A trained network on raw examples.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::vec;

use tch::{Device, Tensor, no_grad};

use super::model::{Model, Numerics};
use super::weights;
use crate::data::{self, InputShape, Output, Prepared};
use crate::plan::Plan;
use crate::{Error, TrainingSpec};

/// Examples at a time.
const BATCH: i64 = 512;

/// Reads raw examples and writes a line of CSV for each: the class and the probabilities of all, or the value in the units of the
/// target.
///
/// # Errors
/// [`Error::Format`] if the weights do not say what they are, what [`data::prepared`] finds in the examples, or
/// [`Error::Write`].
pub fn predict(weights: &Path, examples: &Path, out: impl Write) -> Result<(), Error> {
    let trained = weights::about(weights)?;
    let preparation = &trained.preparation;
    let Prepared { inputs, files } = data::prepared(preparation, examples)?;
    let plan = Plan::new(
        &trained.network,
        preparation.shape(),
        preparation.output.width(),
    )?;
    let protocol = TrainingSpec::default().validated()?;
    let mut model = Model::with(plan, Device::Cpu, Numerics::of(&protocol))?;
    model.load(weights)?;
    let mut lines = Lines::begin(&preparation.output, files, out)?;
    let width = preparation.shape().len();
    let count = (inputs.len() / width) as i64;
    let sides: Vec<i64> = match preparation.shape() {
        InputShape::Image(i) => vec![i.channels.into(), i.height.into(), i.width.into()],
        InputShape::Features(n) => vec![n.into()],
    };
    let inputs =
        Tensor::f_from_slice(&inputs)?.f_view([&[count][..], &sides].concat().as_slice())?;
    for start in (0..count).step_by(BATCH as usize) {
        let batch = inputs.f_narrow(0, start, BATCH.min(count - start))?;
        let outputs = no_grad(|| model.forward(&batch, false))?;
        let flat: Vec<f32> = Vec::try_from(outputs.f_contiguous()?.f_view([-1])?)?;
        for outputs in flat.chunks_exact(preparation.output.width() as usize) {
            lines.add(outputs)?;
        }
    }
    lines.end()
}

/// Answers as lines of CSV, which begin with the file's name where examples are pictures.
struct Lines<'a, W: Write> {
    meaning: &'a Output,
    files: Option<vec::IntoIter<PathBuf>>,
    csv: ::csv::Writer<W>,
}

impl<'a, W: Write> Lines<'a, W> {
    fn begin(meaning: &'a Output, files: Vec<PathBuf>, out: W) -> Result<Self, Error> {
        let files = Some(files)
            .filter(|files| !files.is_empty())
            .map(Vec::into_iter);
        let mut csv = ::csv::Writer::from_writer(out);
        let header: Vec<String> = match meaning {
            Output::Classes { names } => std::iter::once("class".to_owned())
                .chain(names.iter().map(|name| format!("p({name})")))
                .collect(),
            Output::Value { name, .. } => vec![name.clone().unwrap_or_else(|| "value".to_owned())],
        };
        let named = files.iter().map(|_| "file".to_owned());
        csv.write_record(named.chain(header)).map_err(failed)?;
        Ok(Self {
            meaning,
            files,
            csv,
        })
    }

    fn add(&mut self, outputs: &[f32]) -> Result<(), Error> {
        let record: Vec<String> = match self.meaning {
            Output::Classes { names } => {
                let best = (outputs.iter().zip(names))
                    .max_by(|(a, _), (b, _)| f32::total_cmp(a, b))
                    .map(|(_, name)| name.clone());
                let probabilities = outputs.iter().map(|x| text(f64::from(*x).exp()));
                best.into_iter().chain(probabilities).collect()
            }
            Output::Value { .. } => (outputs.iter())
                .map(|y| text(self.meaning.in_units(f64::from(*y))))
                .collect(),
        };
        let file = self.files.as_mut().and_then(Iterator::next);
        let file = file.map(|file| file.to_string_lossy().into_owned());
        self.csv
            .write_record(file.into_iter().chain(record))
            .map_err(failed)
    }

    fn end(mut self) -> Result<(), Error> {
        self.csv.flush().map_err(|source| Error::Write {
            path: "standard output".into(),
            source,
        })
    }
}

/// A number with an exponent where it is very small or large.
fn text(x: f64) -> String {
    format!("{x:?}")
}

fn failed(error: ::csv::Error) -> Error {
    let source = match error.into_kind() {
        ::csv::ErrorKind::Io(source) => source,
        other => std::io::Error::other(format!("{other:?}")),
    };
    Error::Write {
        path: "standard output".into(),
        source,
    }
}
