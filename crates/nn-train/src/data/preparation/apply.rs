//! Raw examples become what a network takes.

use std::collections::HashMap;

use super::{Column, Encoding, Input, Preparation};
use crate::data::columns::{Kind, RawColumn};
use crate::data::values::Values;

/// Encodes rows of one raw table.
pub(in crate::data) struct Encoder<'a> {
    parts: Vec<Part<'a>>,
    /// Numbers in a raw row.
    width: usize,
    /// Inputs that a row becomes.
    features: usize,
}

struct Part<'a> {
    /// The place in the raw row.
    source: usize,
    encoding: &'a Encoding,
    /// The input of each of the raw column's words, where it has one.
    inputs: Vec<Option<usize>>,
}

impl<'a> Encoder<'a> {
    /// For a raw table of these columns, of which those at `sources` are used, in the order of the preparation's. `None` if
    /// the preparation is one of images.
    pub(in crate::data) fn new(
        preparation: &'a Preparation,
        sources: &[usize],
        raw: Option<&[RawColumn]>,
        width: usize,
    ) -> Option<Self> {
        let Input::Table { columns, .. } = &preparation.input else {
            return None;
        };
        let parts = columns.iter().zip(sources).map(|(column, &source)| {
            let words = raw.map_or(&[][..], |raw| &raw[source].words);
            Part {
                source,
                encoding: &column.encoding,
                inputs: inputs(column, words),
            }
        });
        Some(Self {
            parts: parts.collect(),
            width,
            features: preparation.shape().len(),
        })
    }

    /// The inputs of some rows, one row after the other.
    pub(in crate::data) fn rows(&self, values: &Values, rows: &[usize]) -> Vec<f32> {
        let mut out = Vec::with_capacity(rows.len() * self.features);
        for row in rows {
            let start = row * self.width;
            for part in &self.parts {
                part.encode(values.get(start + part.source), &mut out);
            }
        }
        out
    }
}

/// The input of each raw word, where it has one.
fn inputs(column: &Column, words: &[String]) -> Vec<Option<usize>> {
    match (&column.encoding, column.kind) {
        (Encoding::Words { words: known, .. }, Kind::Text) => {
            let places: HashMap<&String, usize> = known.iter().zip(0..).collect();
            words.iter().map(|word| places.get(word).copied()).collect()
        }
        _ => Vec::new(),
    }
}

impl Part<'_> {
    fn encode(&self, cell: f64, out: &mut Vec<f32>) {
        match self.encoding {
            Encoding::Number { marks_gaps, .. } => {
                let is_gap = cell.is_nan();
                out.push(if is_gap {
                    0.0
                } else {
                    self.encoding.scaled(cell) as f32
                });
                if *marks_gaps {
                    out.push(f32::from(is_gap));
                }
            }
            Encoding::Words {
                words,
                marks_others,
                marks_gaps,
            } => {
                let start = out.len();
                out.resize(start + self.encoding.width(), 0.0);
                let others = words.len();
                let place = if cell.is_nan() {
                    marks_gaps.then_some(others + usize::from(*marks_others))
                } else {
                    (self.inputs.get(cell as usize).copied().flatten())
                        .or(marks_others.then_some(others))
                };
                if let Some(place) = place {
                    out[start + place] = 1.0;
                }
            }
        }
    }
}
