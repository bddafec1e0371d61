//! What examples count for in the loss of a training.

use super::spec::DataSpec;
use super::table::{Answers, Table};
use crate::Error;

/// What an example counts for: its class's weight times its own, with a mean of 1 over the training part, so that a learning rate
/// means the same with weights and without them.
pub(super) struct Weights {
    /// Of each class; none where they all count the same.
    classes: Vec<f64>,
    /// The mean over the training part, before it is divided by.
    mean: f64,
}

impl Weights {
    /// Those of a data set with these rows for training; `None` where all examples count the same.
    pub(super) fn of(
        spec: &DataSpec,
        table: &Table,
        training: &[usize],
    ) -> Result<Option<Self>, Error> {
        if spec.class_weights.is_none() && table.weights.is_empty() {
            return Ok(None);
        }
        let mut weights = Self {
            classes: Vec::new(),
            mean: 1.0,
        };
        if let (Some(given), Answers::Classes(classes)) = (&spec.class_weights, &table.targets) {
            let mut counts = vec![0; table.classes.len()];
            training
                .iter()
                .for_each(|row| counts[classes[*row] as usize] += 1);
            weights.classes = given.of(&table.classes, &counts);
        }
        let sum: f64 = weights.rows(table, training).map(f64::from).sum();
        if sum <= 0.0 {
            return Err(Error::Data {
                field: "weight",
                problem: "is 0 for all examples of the training part: some have to count".into(),
            });
        }
        weights.mean = sum / training.len() as f64;
        Ok(Some(weights))
    }

    /// The weights of some rows of a table, in their order.
    pub(super) fn rows(&self, table: &Table, rows: &[usize]) -> impl Iterator<Item = f32> {
        rows.iter().map(|row| {
            let of_class = match &table.targets {
                Answers::Classes(classes) => self.classes.get(classes[*row] as usize),
                Answers::Values(_) => None,
            };
            // Where one of the two is not given, it is 1 for all.
            let own = table
                .weights
                .get(*row)
                .map_or(1.0, |weight| f64::from(*weight));
            (own * of_class.unwrap_or(&1.0) / self.mean) as f32
        })
    }
}
