//! A folder of images: one folder for each class, named after it, with PNG and JPEG files in it; or folders `train`,
//! `validation` and `test` with such folders in each.

use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use serde::Serialize;

use super::folders::{self, classes, entries, is_image};
use super::picture::{self, decode};
use crate::Error;
use crate::data::examples::InputShape;
use crate::data::raw::{Inputs, Keep, Labels, Raw};
use crate::data::spec::{DataSpec, ImageShape};
use crate::data::values::Values;

/// Reads every image of every class, classes and images in the order of their names. Values are 0 to 255, channel by
/// channel; those of 16 bits are divided by 257 and keep their fractions, so that nothing is lost of a picture that uses but a
/// few of them.
pub(super) fn read(spec: &DataSpec, paths: &[PathBuf], keep: Keep) -> Result<Raw, Error> {
    let mut pixels = Pixels {
        asked: spec.image,
        found: None,
        values: Inputs::new(keep),
    };
    let mut labels = Vec::new();
    let mut origin = Vec::new();
    let mut marks = Vec::new();
    for root in paths {
        for (part, folder) in parts_of(root)? {
            for (class, files) in classes(&folder)? {
                origin.push((labels.len(), folder.join(&class), 1));
                for file in files {
                    // The first image tells the shape; what the others hold is for those who keep it.
                    if keep == Keep::All || pixels.found.is_none() {
                        pixels.add(&file)?;
                    }
                    labels.push(class.clone());
                    marks.extend(part.map(str::to_owned));
                }
            }
        }
    }
    let shape = pixels.found.or(spec.image).unwrap_or([1, 1, 1].into());
    Ok(Raw {
        shape: InputShape::Image(shape),
        inputs: pixels.values,
        labels: Labels::Names(labels),
        origin,
        marks,
        weights: Vec::new(),
    })
}

/// The folders that hold folders of classes: `root`, or those of its parts with their names.
fn parts_of(root: &Path) -> Result<Vec<(Option<&'static str>, PathBuf)>, Error> {
    let Some(parts) = folders::parts(root)? else {
        return Ok(vec![(None, root.to_owned())]);
    };
    let named = [
        ("train", Some(parts.train)),
        ("validation", parts.validation),
        ("test", parts.test),
    ];
    let found = named
        .into_iter()
        .filter_map(|(name, folder)| Some((Some(name), folder?)));
    Ok(found.collect())
}

/// The files that the images under `root` are read from, in the order of reading.
pub(in crate::data) fn files(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for (_, folder) in parts_of(root)? {
        files.extend(classes(&folder)?.into_iter().flat_map(|(_, files)| files));
    }
    Ok(files)
}

/// The sizes of pictures that are not all of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// 3 where any of them is in colour, else 1.
    pub channels: u32,
    /// The least and the largest height, pixels.
    pub heights: [u32; 2],
    /// The least and the largest width, pixels.
    pub widths: [u32; 2],
    /// What is said of the first one that differs from those before it.
    #[serde(skip)]
    pub(in crate::data) problem: String,
    /// Which one that is.
    #[serde(skip)]
    pub(in crate::data) odd: PathBuf,
}

/// The sizes of the pictures under `roots`, from their headers; nothing if they have one, that is, if they can be read without
/// being scaled.
pub(in crate::data) fn sizes(roots: &[PathBuf]) -> Result<Option<Sizes>, Error> {
    let mut first: Option<ImageShape> = None;
    let mut odd = None;
    let (mut heights, mut widths, mut channels) = ([u32::MAX, 0], [u32::MAX, 0], 1);
    for root in roots {
        for file in files(root)? {
            let own = picture::shape(&file)?;
            let first = *first.get_or_insert(own);
            if let (Some(problem), None) = (differs(own, first), &odd) {
                odd = Some((problem, file));
            }
            heights = [heights[0].min(own.height), heights[1].max(own.height)];
            widths = [widths[0].min(own.width), widths[1].max(own.width)];
            channels = channels.max(own.channels);
        }
    }
    Ok(odd.map(|(problem, odd)| Sizes {
        heights,
        widths,
        channels,
        problem,
        odd,
    }))
}

/// What is wrong with a picture after others of another shape.
fn differs(own: ImageShape, before: ImageShape) -> Option<String> {
    if (own.height, own.width) != (before.height, before.width) {
        return Some(format!(
            "has {}×{} pixels (height × width), the images before have {}×{}: give image = [channels, height, width], and all are scaled to that",
            own.height, own.width, before.height, before.width
        ));
    }
    (own.channels > before.channels).then(|| {
        format!(
            "is in colour, the images before are grey: give image = [3, {0}, {1}] for colour or [1, {0}, {1}] for grey",
            before.height, before.width
        )
    })
}

/// The pixels of pictures, scaled to a shape.
pub(in crate::data) fn pictures(files: &[PathBuf], shape: ImageShape) -> Result<Values, Error> {
    let mut pixels = Pixels {
        asked: Some(shape),
        found: None,
        values: Inputs::new(Keep::All),
    };
    for file in files {
        pixels.add(file)?;
    }
    Ok(pixels.values.into_values())
}

/// A picture's file, or those of a folder and the folders in it, by name.
pub(in crate::data) fn picture_files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in entries(path)? {
        if entry.is_dir() {
            files.extend(picture_files(&entry)?);
        } else if is_image(&entry) {
            files.push(entry);
        }
    }
    Ok(files)
}

/// The images so far.
struct Pixels {
    /// The shape that the specification gives; images are scaled to it.
    asked: Option<ImageShape>,
    /// The shape of what was read.
    found: Option<ImageShape>,
    values: Inputs,
}

impl Pixels {
    fn add(&mut self, path: &Path) -> Result<(), Error> {
        let mut picture = decode(path)?;
        let is_grey = !picture.color().has_color();
        let own = ImageShape {
            channels: if is_grey { 1 } else { 3 },
            height: picture.height(),
            width: picture.width(),
        };
        let shape = self.asked.or(self.found).unwrap_or(own);
        if let Some(asked) = self.asked {
            if (own.height, own.width) != (asked.height, asked.width) {
                picture = picture.resize_exact(asked.width, asked.height, FilterType::Triangle);
            }
        } else if let Some(problem) = differs(own, shape) {
            return Err(Error::Format {
                path: path.into(),
                message: problem,
            });
        }
        self.found = Some(shape);
        let channels = shape.channels as usize;
        let is_deep = picture.color().bytes_per_pixel() > picture.color().channel_count();
        match (channels, is_deep) {
            (1, false) => self.planes(1, &picture.into_luma8().into_raw(), f32::from),
            (1, true) => self.planes(1, &picture.into_luma16().into_raw(), deep),
            (_, false) => self.planes(channels, &picture.into_rgb8().into_raw(), f32::from),
            (_, true) => self.planes(channels, &picture.into_rgb16().into_raw(), deep),
        }
        Ok(())
    }

    /// Appends a picture channel by channel.
    fn planes<T: Copy>(&mut self, channels: usize, pixels: &[T], value: impl Fn(T) -> f32) {
        for channel in 0..channels {
            let plane = pixels.iter().skip(channel).step_by(channels);
            self.values.extend(plane.map(|&x| value(x)));
        }
    }
}

/// A value of 16 bits on the scale of those of 8: 65535 becomes 255.
fn deep(x: u16) -> f32 {
    f32::from(x) / 257.0
}
