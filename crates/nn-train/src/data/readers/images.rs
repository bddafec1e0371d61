//! A folder of images: one folder for each class, named after it, with PNG and JPEG files in it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{ColorType, DynamicImage, ImageError, ImageReader};

use crate::Error;
use crate::data::examples::InputShape;
use crate::data::files::io_error;
use crate::data::raw::{Inputs, Keep, Labels, Raw};
use crate::data::spec::{DataSpec, ImageShape};

/// Reads every image of every class, classes and images in the order of their names. Values are 0 to 255, channel by
/// channel; transparency is dropped, 16 bits become 8.
pub(super) fn read(spec: &DataSpec, paths: &[PathBuf], keep: Keep) -> Result<Raw, Error> {
    let mut pixels = Pixels {
        asked: spec.image,
        found: None,
        values: Inputs::new(keep),
    };
    let mut labels = Vec::new();
    let mut origin = Vec::new();
    for root in paths {
        for (class, files) in classes(root)? {
            origin.push((labels.len(), root.join(&class), 1));
            for file in files {
                // The first image tells the shape; what the others hold is for those who keep it.
                if keep == Keep::All || pixels.found.is_none() {
                    pixels.add(&file)?;
                }
                labels.push(class.clone());
            }
        }
    }
    let shape = pixels.found.or(spec.image).unwrap_or([1, 1, 1].into());
    Ok(Raw {
        shape: InputShape::Image(shape),
        inputs: pixels.values,
        labels: Labels::Names(labels),
        origin,
    })
}

/// The files that the images under `root` are read from, in the order of reading.
pub(in crate::data) fn files(root: &Path) -> Result<Vec<PathBuf>, Error> {
    Ok(classes(root)?
        .into_iter()
        .flat_map(|(_, files)| files)
        .collect())
}

/// The folders in `root` by name, each with its images. Hidden files are passed over, and so are files beside the
/// folders, such as a licence.
fn classes(root: &Path) -> Result<Vec<(String, Vec<PathBuf>)>, Error> {
    let format = |path: &Path, message: &str| Error::Format {
        path: path.into(),
        message: message.into(),
    };
    let mut classes = Vec::new();
    for folder in entries(root)?.into_iter().filter(|path| path.is_dir()) {
        let Some(name) = folder.file_name().and_then(OsStr::to_str) else {
            return Err(format(
                &folder,
                "has a name that is no UTF-8, but it names a class: rename it",
            ));
        };
        let files = entries(&folder)?;
        if let Some(other) = files.iter().find(|path| !is_image(path)) {
            return Err(format(
                other,
                "is no PNG or JPEG file, and these alone belong into the folder of a class: move it elsewhere",
            ));
        }
        if files.is_empty() {
            return Err(format(
                &folder,
                "holds no image, but its name makes it a class: fill or remove it",
            ));
        }
        classes.push((name.to_owned(), files));
    }
    if classes.is_empty() {
        return Err(format(
            root,
            "holds no folders: put the images of each class into a folder that is named after the class",
        ));
    }
    Ok(classes)
}

/// What lies in a folder, by name, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(|source| io_error(folder, source))?;
    paths.retain(|path| {
        // An entry of a folder has a name.
        let name = path.file_name().unwrap_or_default();
        !name.to_string_lossy().starts_with('.')
    });
    paths.sort_unstable();
    Ok(paths)
}

fn is_image(path: &Path) -> bool {
    let known = |end: &OsStr| {
        ["png", "jpg", "jpeg"]
            .iter()
            .any(|known| end.eq_ignore_ascii_case(known))
    };
    path.is_file() && path.extension().is_some_and(known)
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
        let is_grey = matches!(
            picture.color(),
            ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16
        );
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
        } else if (own.height, own.width) != (shape.height, shape.width) {
            return Err(Error::Format {
                path: path.into(),
                message: format!(
                    "has {}×{} pixels (height × width), the images before have {}×{}: give image = [channels, height, width], and all are scaled to that",
                    own.height, own.width, shape.height, shape.width
                ),
            });
        } else if own.channels > shape.channels {
            return Err(Error::Format {
                path: path.into(),
                message: format!(
                    "is in colour, the images before are grey: give image = [3, {0}, {1}] for colour or [1, {0}, {1}] for grey",
                    shape.height, shape.width
                ),
            });
        }
        self.found = Some(shape);
        let bytes = match shape.channels {
            1 => picture.into_luma8().into_raw(),
            _ => picture.into_rgb8().into_raw(),
        };
        let channels = shape.channels as usize;
        for channel in 0..channels {
            let plane = bytes.iter().skip(channel).step_by(channels);
            self.values.extend(plane.map(|&byte| f32::from(byte)));
        }
        Ok(())
    }
}

/// Reads one image; its format is told from its first bytes.
fn decode(path: &Path) -> Result<DynamicImage, Error> {
    let io = |source| io_error(path, source);
    let bytes = fs::read(path).map_err(io)?;
    let truncated = || Error::Truncated {
        path: path.into(),
        what: "image",
        row: 1,
    };
    // The JPEG decoder fills in what is missing. A whole file holds the marker of its end, perhaps not as its last
    // bytes.
    if bytes.starts_with(&[0xff, 0xd8]) && !bytes.windows(2).any(|pair| pair == [0xff, 0xd9]) {
        return Err(truncated());
    }
    let reader = ImageReader::new(BufReader::new(std::io::Cursor::new(bytes)))
        .with_guessed_format()
        .map_err(io)?;
    reader.decode().map_err(|error| match error {
        ImageError::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => truncated(),
        error => Error::Format {
            path: path.into(),
            message: format!("is no image that can be read ({error}): fetch it again or remove it"),
        },
    })
}
