//! What a person writes about how examples are divided.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::places::Column;
use crate::Error;

/// How the examples are divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SplitSpec {
    /// Share of the examples that is trained on.
    ///
    /// Default: what the others leave, `0.6` if they are not given either.
    /// Example: `0.6`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<f64>,
    /// Share that is scored on during the search.
    ///
    /// Default: `0.2`, or what is left.
    /// Example: `0.2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// Share that is scored on at the end.
    ///
    /// Default: `0.2`, or what is left; `0` if the test data have their own file.
    /// Example: `0.2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
    /// Seed of the order in which examples are dealt out.
    ///
    /// Default: `0`.
    pub seed: u64,
    /// Whether examples are dealt out in random order; otherwise in the order of the file.
    ///
    /// Default: `true`.
    pub shuffle: bool,
    /// Whether each part gets the same share of every class, as far as whole examples allow.
    ///
    /// Default: `true` where classes are predicted and rows are dealt out one by one at random.
    /// Example: `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stratify: Option<bool>,
    /// Tables: rows that have the same cell in this column stay together, all of a patient, say. Such a column is no input.
    ///
    /// Default: none.
    /// Example: `"patient"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Column>,
    /// Tables: rows are dealt out in the order of this column, of numbers or dates: the last are tested on. It is no input.
    ///
    /// Default: none.
    /// Example: `"date"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Column>,
    /// Tables: this column says to which part a row belongs: `train`, `validation` (`val`, `valid`), `test` or `none`. It is
    /// no input.
    ///
    /// Default: none.
    /// Example: `"part"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Column>,
    /// A file, of any format of data, says to which part each example belongs: see [below](#a-split-in-a-file).
    ///
    /// Default: none.
    /// Example: `"split.csv"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

impl SplitSpec {
    /// Whether any row may come to any part.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.column().is_none() && self.file.is_none()
    }

    /// The column that the split goes by, if it goes by one. It is no input.
    pub(super) fn column(&self) -> Option<&Column> {
        (self.group.as_ref())
            .or(self.order.as_ref())
            .or(self.part.as_ref())
    }

    /// Shares of training, validation and test, with defaults filled in.
    pub(crate) fn shares(&self, has_test_file: bool) -> Result<[f64; 3], Error> {
        // What is not given is a fifth, or what is left; training gets all that is left.
        let left = |given: f64| (1.0 - given).max(0.0);
        let validation = self.validation.unwrap_or_else(|| {
            let given = self.train.unwrap_or(0.0);
            left(given + self.test.unwrap_or(0.0)).min(0.2)
        });
        let test = self.test.unwrap_or_else(|| match has_test_file {
            true => 0.0,
            false => left(self.train.unwrap_or(0.0) + validation).min(0.2),
        });
        let shares = [
            self.train.unwrap_or_else(|| left(validation + test)),
            validation,
            test,
        ];
        let data = |problem: &str| {
            Err(Error::Data {
                field: "split",
                problem: problem.into(),
            })
        };
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
            return data("has a share that is not between 0 and 1");
        }
        if shares.iter().sum::<f64>() > 1.0 + 1e-9 {
            return data("shares add up to more than 1: make one smaller");
        }
        if has_test_file && shares[2] > 0.0 {
            return data(
                "gives a share to the test data, which have a file of their own: remove it",
            );
        }
        if shares[0] <= 0.0 || shares[1] <= 0.0 {
            return data("gives nothing to training or validation: both need some");
        }
        Ok(shares)
    }
}

impl Default for SplitSpec {
    fn default() -> Self {
        Self {
            train: None,
            validation: None,
            test: None,
            seed: 0,
            shuffle: true,
            stratify: None,
            group: None,
            order: None,
            part: None,
            file: None,
        }
    }
}
