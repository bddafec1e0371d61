//! The part of an ONNX file that takes raw examples, and the part that gives values in units.

use super::onnx::{Attribute, DOUBLE, FLOAT, Graph, INT64};
use crate::data::{CellEncoding, Input, Output, Transform};

impl Graph {
    /// Adds what is done to raw examples; the name of the result, and type and sides of a raw example.
    pub(super) fn prepare(&mut self, input: &Input) -> (String, i64, Vec<i64>) {
        match input {
            Input::Image {
                shape, mean, std, ..
            } => {
                let sides = [i64::from(shape.channels), 1, 1];
                let bytes = |values: &[f32]| -> Vec<u8> {
                    values.iter().flat_map(|x| x.to_le_bytes()).collect()
                };
                self.initial("mean", FLOAT, &sides, &bytes(mean));
                self.initial("std", FLOAT, &sides, &bytes(std));
                let centred = self.step("Sub", &["input", "mean"], &[]);
                let scaled = self.step("Div", &[&centred, "std"], &[]);
                let sides = [shape.channels, shape.height, shape.width].map(i64::from);
                (scaled, FLOAT, sides.into())
            }
            Input::Table { columns, .. } => {
                let mut inputs = Vec::new();
                for (i, column) in columns.iter().enumerate() {
                    self.cells(i, &column.encoding, &mut inputs);
                }
                let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
                let all = self.step("Concat", &inputs, &[("axis", Attribute::Integer(1))]);
                (all, DOUBLE, vec![columns.len() as i64])
            }
        }
    }

    /// Adds what becomes of one column's cells.
    fn cells(&mut self, i: usize, encoding: &CellEncoding, inputs: &mut Vec<String>) {
        let place = self.constant(&format!("column{i}"), INT64, &(i as i64).to_le_bytes());
        let cells = self.step(
            "Gather",
            &["input", &place],
            &[("axis", Attribute::Integer(1))],
        );
        let gaps = self.step("IsNaN", &[&cells], &[]);
        let marks_gaps = match encoding {
            CellEncoding::Number {
                mean,
                std,
                limit,
                marks_gaps,
            } => {
                let mean = self.constant(&format!("mean{i}"), DOUBLE, &mean.to_le_bytes());
                let std = self.constant(&format!("std{i}"), DOUBLE, &std.to_le_bytes());
                let zero = self.constant(&format!("zero{i}"), FLOAT, &0_f32.to_le_bytes());
                let centred = self.step("Sub", &[&cells, &mean], &[]);
                let mut scaled = self.step("Div", &[&centred, &std], &[]);
                if let Some(limit) = limit {
                    let limit = self.constant(&format!("limit{i}"), DOUBLE, &limit.to_le_bytes());
                    let one = self.constant(&format!("one{i}"), DOUBLE, &1_f64.to_le_bytes());
                    let share = self.step("Div", &[&scaled, &limit], &[]);
                    let square = self.step("Mul", &[&share, &share], &[]);
                    let sum = self.step("Add", &[&square, &one], &[]);
                    let root = self.step("Sqrt", &[&sum], &[]);
                    scaled = self.step("Div", &[&scaled, &root], &[]);
                }
                let scaled = self.float(&scaled);
                inputs.push(self.step("Where", &[&gaps, &zero, &scaled], &[]));
                *marks_gaps
            }
            CellEncoding::Words {
                words,
                marks_others,
                marks_gaps,
            } => {
                let count = words.len();
                let places: Vec<u8> = (0..count).flat_map(|j| (j as f64).to_le_bytes()).collect();
                let name = format!("words{i}");
                self.initial(&name, DOUBLE, &[count as i64], &places);
                let are = self.step("Equal", &[&cells, &name], &[]);
                inputs.push(self.float(&are));
                if *marks_others {
                    let zero = self.constant(&format!("zero{i}"), DOUBLE, &0_f64.to_le_bytes());
                    let end = (count as f64).to_le_bytes();
                    let end = self.constant(&format!("end{i}"), DOUBLE, &end);
                    // Neither comparison holds of a gap.
                    let is_before = self.step("Less", &[&cells, &zero], &[]);
                    let is_after = self.step("GreaterOrEqual", &[&cells, &end], &[]);
                    let are_others = self.step("Or", &[&is_before, &is_after], &[]);
                    inputs.push(self.float(&are_others));
                }
                *marks_gaps
            }
        };
        if marks_gaps {
            inputs.push(self.float(&gaps));
        }
    }

    /// Adds `value`: the output in the units of a regression's target.
    pub(super) fn in_units(&mut self, output: &Output) {
        let Output::Value {
            mean,
            std,
            transform,
            ..
        } = output
        else {
            return;
        };
        let mean = self.constant("target_mean", DOUBLE, &mean.to_le_bytes());
        let std = self.constant("target_std", DOUBLE, &std.to_le_bytes());
        let y = self.step("Cast", &["output"], &[("to", Attribute::Integer(DOUBLE))]);
        let y = self.step("Mul", &[&y, &std], &[]);
        let mut y = self.step("Add", &[&y, &mean], &[]);
        if transform.is_some() {
            y = self.step("Exp", &[&y], &[]);
        }
        if *transform == Some(Transform::Log1p) {
            let one = self.constant("one", DOUBLE, &1_f64.to_le_bytes());
            y = self.step("Sub", &[&y, &one], &[]);
        }
        self.node("Identity", &[&y], "value", &[]);
    }

    fn constant(&mut self, name: &str, kind: i64, bytes: &[u8]) -> String {
        self.initial(name, kind, &[1], bytes);
        name.to_owned()
    }

    fn float(&mut self, value: &str) -> String {
        self.step("Cast", &[value], &[("to", Attribute::Integer(FLOAT))])
    }
}
