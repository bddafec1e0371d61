//! What of a data specification can be checked without opening a file.

use super::spec::{ClassWeights, DataSpec, Format, ImageShape, Metric, Scaling, SplitSpec, Task};
use crate::Error;

impl DataSpec {
    /// Checks what can be checked without opening a file.
    ///
    /// # Errors
    /// [`Error::Data`] names the first field that does not fit.
    pub fn check(&self) -> Result<(), Error> {
        let data = |field, problem: &str| {
            Err(Error::Data {
                field,
                problem: problem.into(),
            })
        };
        let Some(format) = self.format() else {
            return data(
                "format",
                "can't be told from the file's name: give format = \"csv\", \"idx\", \"npy\", \"cifar\" or \"images\" (a folder)",
            );
        };
        if self.path.as_slice().is_empty() {
            return data("path", "names no file: name at least one");
        }
        if self.image.is_some_and(ImageShape::is_empty) {
            return data(
                "image",
                "has an empty side: give [channels, height, width], each at least 1",
            );
        }
        if self.classes.is_some_and(|classes| classes < 2) {
            return data("classes", "must be at least 2");
        }
        if self.task == Task::Reg && self.classes.is_some() {
            return data("classes", "belongs to task = \"class\": remove it");
        }
        if self.task == Task::Class && self.transform.is_some() {
            return data("transform", "belongs to task = \"reg\": remove it");
        }
        if let Some(metric) = self.metric.filter(|metric| metric.task() != self.task) {
            return data(
                "metric",
                &format!(
                    "can't be \"{metric}\" with task = \"{}\", of which {} are figures",
                    match self.task {
                        Task::Class => "class",
                        Task::Reg => "reg",
                    },
                    match self.task {
                        Task::Class =>
                            "accuracy, balanced-accuracy, macro-f1, auc, log-loss and top-5",
                        Task::Reg => "mse, r2, rmse and mae",
                    }
                ),
            );
        }
        if let Some(weights) = &self.class_weights {
            let is_weight = |weight: &f64| weight.is_finite() && *weight > 0.0;
            if self.task == Task::Reg {
                return data(
                    "class-weights",
                    "belongs to task = \"class\": remove it, or weigh examples by a column, `weight`",
                );
            }
            if let ClassWeights::Given(weights) = weights
                && let Some((name, weight)) = weights.iter().find(|(_, weight)| !is_weight(weight))
            {
                return data(
                    "class-weights",
                    &format!(
                        "gives class '{name}' the weight {weight}: weights are numbers above 0"
                    ),
                );
            }
        }
        if self.task == Task::Reg && matches!(format, Format::Cifar | Format::Images) {
            return data(
                "task",
                "must be \"class\" for format = \"cifar\" and \"images\"",
            );
        }
        if format == Format::Images
            && (self.image).is_some_and(|image| !matches!(image.channels, 1 | 3))
        {
            return data(
                "image",
                "must have 1 channel (grey) or 3 (colour) for format = \"images\"",
            );
        }
        if self.scaling != Scaling::Standard {
            if !self.standardise {
                return data(
                    "scaling",
                    "has no effect with standardise = false: remove one",
                );
            }
            if self.image.is_some() || matches!(format, Format::Cifar | Format::Images) {
                return data("scaling", "belongs to tables: remove it");
            }
        }
        let test_labels = (self.test.as_ref()).is_some_and(|test| test.labels.is_some());
        if !matches!(format, Format::Idx | Format::Npy) && (self.labels.is_some() || test_labels) {
            return data(
                "labels",
                "belongs to format = \"idx\" and \"npy\": remove it",
            );
        }
        if format != Format::Csv {
            let keys = [
                ("ignore", !self.ignore.is_empty()),
                ("header", self.header.is_some()),
                ("categories", !self.categories.is_empty()),
                ("separator", self.separator.is_some()),
                ("gaps", self.gaps.is_some()),
                ("encoding", self.encoding.is_some()),
                ("weight", self.weight.is_some()),
            ];
            if let Some((key, _)) = keys.into_iter().find(|(_, is_given)| *is_given) {
                return data(key, "belongs to format = \"csv\": remove it");
            }
            if self.split.column().is_some() {
                return data(
                    "split",
                    "can go by a column for format = \"csv\" only: remove `group`, `order` or `part`",
                );
            }
        }
        if self
            .separator
            .is_some_and(|c| !c.is_ascii() || c == '"' || c.is_ascii_control() && c != '\t')
        {
            return data("separator", "must be one letter of ASCII, or a tab");
        }
        let columns = [&self.split.group, &self.split.order, &self.split.part];
        if columns.into_iter().flatten().count() > 1 {
            return data(
                "split",
                "can go by one column only: give `group`, `order` or `part`",
            );
        }
        if self.split.part.is_some()
            && [self.split.train, self.split.validation, self.split.test]
                .iter()
                .any(Option::is_some)
        {
            return data(
                "split",
                "goes by the column `part`, which leaves no shares to give: remove train, validation and test",
            );
        }
        self.split.shares(self.test.is_some()).map(|_| ())
    }

    /// Checks what depends on the classes that were found.
    pub(super) fn check_classes(&self, names: &[String]) -> Result<(), Error> {
        if let Some(Metric::Top(k)) = self.metric
            && k as usize >= names.len()
        {
            return Err(Error::Data {
                field: "metric",
                problem: format!(
                    "is top-{k}, which is 1 for every network, as there are {} classes: give a smaller number, or another metric",
                    names.len()
                ),
            });
        }
        if let Some(ClassWeights::Given(weights)) = &self.class_weights
            && let Some(name) = weights.keys().find(|name| !names.contains(name))
        {
            return Err(Error::Data {
                field: "class-weights",
                problem: format!(
                    "names '{name}', which is no class: classes are {}",
                    listed(names)
                ),
            });
        }
        Ok(())
    }
}

impl SplitSpec {
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

/// The first of many names.
pub(super) fn listed(names: &[String]) -> String {
    const TOLD: usize = 10;
    let told = names[..names.len().min(TOLD)].join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}
