//! What a worker holds from one job to the next: the data set, read and divided, and its parts as they lie on the device.
//!
//! It is taken up again only where the description is the same to the letter and the system says that no file has changed since it
//! was read; else it is read anew. Nothing of a training stays.

use std::cell::RefCell;
use std::rc::Rc;

use tch::Device;

use super::batches::DeviceExamples;
use crate::Error;
use crate::data::{self, DataSpec, Dataset, Examples, Placement};

/// The data set of the last job.
#[derive(Debug, Default)]
pub struct Held(Option<Rc<Data>>);

/// A data set, and what of it is on a device.
#[derive(Debug)]
pub(super) struct Data {
    spec: DataSpec,
    /// What the system said of its files before they were read; absent where that would not tell every change.
    stamp: Option<String>,
    pub(super) set: Dataset,
    placed: RefCell<Placed>,
}

/// Parts of a data set on a device. They stand for the parts in the order training, validation, test.
#[derive(Debug, Default)]
struct Placed {
    to: Option<(Device, Placement)>,
    parts: [Option<Rc<DeviceExamples>>; 3],
}

impl Held {
    /// The data set of this description, read if it is not there or has changed.
    ///
    /// # Errors
    /// As [`data::load`].
    pub(super) fn data(&mut self, spec: &DataSpec) -> Result<Rc<Data>, Error> {
        let stamp = data::stamp(spec);
        if let Some(held) = &self.0
            && held.spec == *spec
            && stamp.is_some()
            && held.stamp == stamp
        {
            return Ok(Rc::clone(held));
        }
        // There may not be room for both.
        self.0 = None;
        let data = Rc::new(Data {
            spec: spec.clone(),
            stamp,
            set: data::load(spec)?,
            placed: RefCell::default(),
        });
        self.0 = Some(Rc::clone(&data));
        Ok(data)
    }
}

impl Data {
    /// Examples on a device: those of a part of this data set are copied there once.
    pub(super) fn on_device(
        &self,
        examples: &Examples,
        device: Device,
        placement: Placement,
    ) -> Result<Rc<DeviceExamples>, Error> {
        let new = || DeviceExamples::new(examples, self.set.shape, device, placement).map(Rc::new);
        let parts = [&self.set.train, &self.set.validation, &self.set.test];
        let Some(part) = parts.iter().position(|part| std::ptr::eq(*part, examples)) else {
            return new();
        };
        let mut placed = self.placed.borrow_mut();
        if placed.to != Some((device, placement)) {
            *placed = Placed::default();
            placed.to = Some((device, placement));
        }
        if let Some(there) = &placed.parts[part] {
            return Ok(Rc::clone(there));
        }
        let there = new()?;
        placed.parts[part] = Some(Rc::clone(&there));
        Ok(there)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::rc::Rc;

    use tch::Device;

    use super::Held;
    use crate::data::{DataSpec, Placement, Task};

    #[test]
    fn data_stay_as_long_as_nothing_says_that_they_have_changed() {
        let digits =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/digits/digits.csv.gz");
        let spec = DataSpec {
            image: Some([1, 8, 8].into()),
            ..DataSpec::new(digits, Task::Class)
        };
        let mut held = Held::default();
        let first = held.data(&spec).unwrap();
        let second = held.data(&spec).unwrap();
        assert!(Rc::ptr_eq(&first, &second));
        // Its parts are put on a device once; other examples each time.
        let put = |examples, to| first.on_device(examples, Device::Cpu, to).unwrap();
        let (auto, stream) = (Placement::Auto, Placement::Stream);
        let there = put(&first.set.train, auto);
        assert!(Rc::ptr_eq(&there, &put(&first.set.train, auto)));
        assert!(!Rc::ptr_eq(&there, &put(&first.set.validation, auto)));
        assert!(!Rc::ptr_eq(&there, &put(&first.set.train, stream)));
        let copy = first.set.train.clone();
        assert!(!Rc::ptr_eq(&put(&copy, auto), &put(&copy, auto)));
        let mut other = spec.clone();
        other.split.seed = 7;
        let third = held.data(&other).unwrap();
        assert!(!Rc::ptr_eq(&first, &third) && third.set != first.set);
        // A file that was just written may change again at what the system takes for the same time.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "1,0\n2,1\n3,0\n4,1\n5,0\n6,1\n7,0\n8,1\n").unwrap();
        let spec = DataSpec::new(&path, Task::Class);
        let first = held.data(&spec).unwrap();
        assert!(!Rc::ptr_eq(&first, &held.data(&spec).unwrap()));
    }
}
