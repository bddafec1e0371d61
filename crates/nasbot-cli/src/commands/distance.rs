//! `nasbot distance`: how far two networks are apart.

use std::fs;
use std::path::Path;

use nasbot::report;
use nn_graph::{Kind, Network, draw};
use otmann::{Distance, Metric};
use serde::{Deserialize, Serialize};

use crate::cli::{DistanceArgs, Format};
use crate::error::Error;
use crate::{input, picture, terminal};

/// Both halves of the distance, one value a structural coefficient.
#[derive(Serialize)]
struct Answer<'a> {
    raw: &'a [f64],
    normalised: &'a [f64],
}

/// One line of `--pairs`; the networks are checked later, so that what is wrong can be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair<'a> {
    #[serde(borrow)]
    a: &'a serde_json::value::RawValue,
    #[serde(borrow)]
    b: &'a serde_json::value::RawValue,
}

pub(crate) fn run(args: &DistanceArgs) -> Result<(), Error> {
    let mut meter = Meter::new(&args.structure)?;
    match (&args.pairs, &args.a, &args.b) {
        (Some(pairs), ..) => input::for_each_line(pairs, |line, place| {
            let pair: Pair<'_> = serde_json::from_str(line).map_err(|error| Error::Pair {
                place: place.clone(),
                message: error.to_string(),
            })?;
            let a = input::parse_network(pair.a.get(), &format!("{place}, network a"))?;
            let b = input::parse_network(pair.b.get(), &format!("{place}, network b"))?;
            let distance = meter.measure(&a, &b).map_err(|error| Error::Place {
                place,
                source: Box::new(error),
            })?;
            match args.format {
                Format::Json => print_json(&distance),
                Format::Table => terminal::print(&compact(&distance)),
            }
        }),
        (None, Some(a_path), Some(b_path)) => {
            let (a, b) = (input::network(a_path)?, input::network(b_path)?);
            let distance = meter.measure(&a, &b)?;
            if let Some(path) = &args.draw {
                let drawing = meter.draw((&name(a_path), &a), (&name(b_path), &b), &distance)?;
                if input::is_stdin(path) {
                    return terminal::print(drawing.trim_end());
                }
                let bytes = match picture::is_png(path) {
                    true => picture::png(&drawing)?,
                    false => drawing.into_bytes(),
                };
                fs::write(path, bytes).map_err(Error::write(path))?;
            }
            match args.format {
                Format::Json => print_json(&distance),
                Format::Table => terminal::print(&table(&args.structure, &distance)),
            }
        }
        _ => Err(Error::Usage(
            "distance needs two networks, or --pairs FILE: see nasbot distance --help".to_owned(),
        )),
    }
}

/// Measures pairs of any kind; keeps the metric of the last one.
struct Meter {
    metric: Metric,
    structure: Vec<f64>,
}

impl Meter {
    fn new(structure: &[f64]) -> Result<Self, Error> {
        Ok(Self {
            metric: metric(Kind::Cnn, structure)?,
            structure: structure.to_vec(),
        })
    }

    fn measure(&mut self, a: &Network, b: &Network) -> Result<Distance, Error> {
        if self.metric.kind() != Some(a.kind()) {
            self.metric = metric(a.kind(), &self.structure)?;
        }
        let (a, b) = (self.metric.profile(a)?, self.metric.profile(b)?);
        Ok(self.metric.distance(&a, &b)?)
    }

    /// An optimal matching of the pair that was measured last, at the first structural
    /// coefficient, as a picture under the names of the two.
    fn draw(
        &self,
        (a_name, a): (&str, &Network),
        (b_name, b): (&str, &Network),
        distance: &Distance,
    ) -> Result<String, Error> {
        let profiles = (self.metric.profile(a)?, self.metric.profile(b)?);
        let coefficient = self.metric.coefficients()[0];
        let matching = self
            .metric
            .matching(&profiles.0, &profiles.1, coefficient)?;
        let matches: Vec<draw::Match> = (matching.matches.iter())
            .map(|m| draw::Match {
                a: m.row,
                b: m.column,
                mass: m.amount,
            })
            .collect();
        let between = match distance.normalised.first() {
            Some(normalised) => format!("distance {}", report::number(*normalised)),
            None => String::new(),
        };
        let titles = draw::Titles {
            a: a_name,
            b: b_name,
            between: &between,
        };
        Ok(draw::svg_matching(a, b, &matches, &titles))
    }
}

/// The name of a file without its folder and ending.
fn name(path: &Path) -> String {
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    stem.unwrap_or_else(|| input::name(path))
}

fn metric(kind: Kind, structure: &[f64]) -> Result<Metric, Error> {
    let coefficients = structure.iter().copied();
    Ok(Metric::for_kind(kind).with_coefficients(coefficients)?)
}

fn print_json(distance: &Distance) -> Result<(), Error> {
    terminal::print(&report::json(&Answer {
        raw: &distance.raw,
        normalised: &distance.normalised,
    })?)
}

fn table(structure: &[f64], distance: &Distance) -> String {
    let mut rows = vec![
        ["structure", "raw", "normalised"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (i, coefficient) in structure.iter().enumerate() {
        rows.push(vec![
            coefficient.to_string(),
            distance.raw[i].to_string(),
            distance.normalised[i].to_string(),
        ]);
    }
    report::table(&rows, &[0])
}

/// One pair on one line: the raw distances, then the normalised ones.
fn compact(distance: &Distance) -> String {
    let values = distance.raw.iter().chain(&distance.normalised);
    let values: Vec<_> = values.map(ToString::to_string).collect();
    values.join("\t")
}
