//! What of a data specification can be checked without opening a file.

use super::spec::{ClassWeights, DataSpec, Format, ImageShape, Metric, Scaling, Task};
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
                "can't be told from the file's name: give format = \"csv\", \"parquet\", \"idx\", \"npy\", \"cifar\" or \"images\" (a folder)",
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
        let keys = [
            ("ignore", !self.ignore.is_empty(), format.is_table()),
            ("header", self.header.is_some(), format == Format::Csv),
            ("categories", !self.categories.is_empty(), format.is_table()),
            ("separator", self.separator.is_some(), format == Format::Csv),
            ("gaps", self.gaps.is_some(), format.is_table()),
            ("encoding", self.encoding.is_some(), format == Format::Csv),
            ("weight", self.weight.is_some(), format.is_table()),
        ];
        if let Some((key, ..)) = keys.into_iter().find(|(_, given, fits)| *given && !fits) {
            return data(
                key,
                match key {
                    "header" | "separator" | "encoding" => "belongs to format = \"csv\": remove it",
                    _ => "belongs to format = \"csv\" and \"parquet\": remove it",
                },
            );
        }
        if !format.is_table() && self.split.column().is_some() {
            return data(
                "split",
                "can go by a column for format = \"csv\" and \"parquet\" only: remove `group`, `order` or `part`",
            );
        }
        if self
            .separator
            .is_some_and(|c| !c.is_ascii() || c == '"' || c.is_ascii_control() && c != '\t')
        {
            return data("separator", "must be one letter of ASCII, or a tab");
        }
        let columns = [&self.split.group, &self.split.order, &self.split.part];
        let columns = columns.into_iter().flatten().count();
        if columns + usize::from(self.split.file.is_some()) > 1 {
            return data(
                "split",
                "can go by one column or a file only: give `group`, `order`, `part` or `file`",
            );
        }
        let shares = [self.split.train, self.split.validation, self.split.test];
        if shares.iter().any(Option::is_some) {
            if self.split.part.is_some() {
                return data(
                    "split",
                    "goes by the column `part`, which leaves no shares to give: remove train, validation and test",
                );
            }
            if self.split.file.is_some() {
                return data(
                    "split",
                    "goes by a file, which leaves no shares to give: remove train, validation and test",
                );
            }
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

/// The first of many names.
pub(super) fn listed(names: &[String]) -> String {
    const TOLD: usize = 10;
    let told = names[..names.len().min(TOLD)].join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}
