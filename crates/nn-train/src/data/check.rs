//! What of a data specification can be checked without opening a file.

use super::spec::{DataSpec, Format, ImageShape, SplitSpec, Task};
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
        let test_labels = (self.test.as_ref()).is_some_and(|test| test.labels.is_some());
        if !matches!(format, Format::Idx | Format::Npy) && (self.labels.is_some() || test_labels) {
            return data(
                "labels",
                "belongs to format = \"idx\" and \"npy\": remove it",
            );
        }
        if format != Format::Csv && (!self.ignore.is_empty() || self.header.is_some()) {
            return data(
                "ignore",
                "and header belong to format = \"csv\": remove them",
            );
        }
        self.split.shares(self.test.is_some()).map(|_| ())
    }
}

impl SplitSpec {
    /// Shares of training, validation and test, with defaults filled in.
    pub(crate) fn shares(&self, has_test_file: bool) -> Result<[f64; 3], Error> {
        let (train, test) = if has_test_file {
            (0.8, 0.0)
        } else {
            (0.6, 0.2)
        };
        let shares = [
            self.train.unwrap_or(train),
            self.validation.unwrap_or(0.2),
            self.test.unwrap_or(test),
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
