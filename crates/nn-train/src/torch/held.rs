//! What a worker holds from one job to the next: the data set, read and divided, and its parts as they lie on the device.
//!
//! It is taken up again only where the description is the same to the letter and the system says that no file has changed since it
//! was read; else it is read anew. To look at every picture of a large folder takes as long as a short training: that is done beside
//! the training, so that a picture that was written to in its place is noticed one job later. Nothing of a training stays.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread::{self, JoinHandle};

use tch::Device;

use super::batches::DeviceExamples;
use crate::Error;
use crate::data::{self, DataSpec, Dataset, Depth, Examples, Format, Placement};

/// The data set of the last job.
#[derive(Debug, Default)]
pub struct Held {
    data: Option<Rc<Data>>,
    /// What a close look at its files says, once it is over.
    look: Option<JoinHandle<Option<String>>>,
    /// Bytes that the last job was predicted to need, once that was known.
    pub(super) needed: Option<u64>,
}

/// A data set, and what of it is on a device.
#[derive(Debug)]
pub(super) struct Data {
    spec: DataSpec,
    /// What the system said of its files before they were read, at a glance and at a close look; absent where that would not tell
    /// every change.
    stamps: [Option<String>; 2],
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
        let glance = data::stamp(spec, Depth::Folders);
        if let Some(held) = &self.data
            && held.spec == *spec
            && glance.is_some()
            && held.stamps[0] == glance
        {
            let held = Rc::clone(held);
            if self.is_unchanged(&held) {
                return Ok(held);
            }
        }
        // There may not be room for both.
        *self = Self::default();
        let look = match spec.format() {
            Some(Format::Images) => data::stamp(spec, Depth::Files),
            _ => glance.clone(),
        };
        let data = Rc::new(Data {
            spec: spec.clone(),
            stamps: [glance, look],
            set: data::load(spec)?,
            placed: RefCell::default(),
        });
        self.data = Some(Rc::clone(&data));
        Ok(data)
    }

    /// Whether the last close look, if it is over, found no change. The next one begins.
    fn is_unchanged(&mut self, data: &Data) -> bool {
        if data.spec.format() != Some(Format::Images) {
            return true;
        }
        if self.look.as_ref().is_some_and(|look| !look.is_finished()) {
            return true;
        }
        // A look that panicked has found nothing out.
        let found = (self.look.take()).map(|look| look.join().unwrap_or_default());
        if found.is_some_and(|found| found.is_none() || found != data.stamps[1]) {
            return false;
        }
        let spec = data.spec.clone();
        self.look = Some(thread::spawn(move || {
            give_way();
            data::stamp(&spec, Depth::Files)
        }));
        true
    }
}

/// Lets all other threads go before this one: a training waits for none of what it does.
fn give_way() {
    #[cfg(target_os = "linux")]
    #[expect(
        unsafe_code,
        reason = "setpriority is foreign; there, 0 is the thread that calls it"
    )]
    // What is refused costs time only.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) };
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
    #[test]
    fn a_folder_of_pictures_is_read_again_when_any_of_them_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let picture = |class: &str, name: usize, grey: u8| {
            let path = folder.path().join(class).join(format!("{name}.png"));
            image::GrayImage::from_pixel(2, 2, image::Luma([grey]))
                .save(path)
                .unwrap();
        };
        for class in ["a", "b"] {
            std::fs::create_dir(folder.path().join(class)).unwrap();
            (0..8).for_each(|name| picture(class, name, 10));
        }
        let spec = DataSpec {
            image: Some([1, 2, 2].into()),
            ..DataSpec::new(folder.path(), Task::Class)
        };
        let settle = || std::thread::sleep(std::time::Duration::from_secs(5));
        settle();
        let mut held = Held::default();
        let first = held.data(&spec).unwrap();
        assert!(Rc::ptr_eq(&first, &held.data(&spec).unwrap()));
        let wait = |held: &Held| {
            while held.look.as_ref().is_some_and(|look| !look.is_finished()) {
                std::thread::yield_now();
            }
        };
        wait(&held);
        assert!(Rc::ptr_eq(&first, &held.data(&spec).unwrap()));
        wait(&held);
        // Written to in its place: the look before found nothing, that beside this job does.
        picture("b", 3, 200);
        settle();
        assert!(Rc::ptr_eq(&first, &held.data(&spec).unwrap()));
        wait(&held);
        let second = held.data(&spec).unwrap();
        assert!(!Rc::ptr_eq(&first, &second) && first.set != second.set);
        // A picture more changes its folder.
        picture("a", 8, 100);
        settle();
        let third = held.data(&spec).unwrap();
        assert!(!Rc::ptr_eq(&second, &third) && second.set != third.set);
    }
}
