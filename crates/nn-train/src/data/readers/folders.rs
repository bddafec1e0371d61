//! Where the pictures of a folder lie: a folder for each class, perhaps within folders for training, validation and test.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::data::files::io_error;

/// What file managers and archives leave behind, in small letters; so do hidden files, whose names start with a dot.
const OF_THE_SYSTEM: [&str; 5] = [
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "__macosx",
];

/// Endings of pictures that can't be read, and their formats.
const OTHER_PICTURES: [(&str, &str); 9] = [
    ("webp", "WebP"),
    ("gif", "GIF"),
    ("bmp", "BMP"),
    ("tif", "TIFF"),
    ("tiff", "TIFF"),
    ("heic", "HEIC"),
    ("avif", "AVIF"),
    ("svg", "SVG"),
    ("jp2", "JPEG 2000"),
];

/// A folder that is divided into parts, each with a folder for each class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::data) struct Parts {
    /// `train`.
    pub(in crate::data) train: PathBuf,
    /// `val`, `valid` or `validation`.
    pub(in crate::data) validation: Option<PathBuf>,
    /// `test`.
    pub(in crate::data) test: Option<PathBuf>,
}

impl Parts {
    /// The parts that there are, in the order of training, validation and test.
    pub(in crate::data) fn folders(&self) -> impl Iterator<Item = &Path> {
        let others = self.validation.iter().chain(&self.test);
        std::iter::once(&self.train)
            .chain(others)
            .map(PathBuf::as_path)
    }
}

/// The parts of `root`, if all folders in it are named after parts and hold folders: a class may be called `train` too, and then
/// others stand beside it, or pictures in it. The classes of all parts are the same.
pub(in crate::data) fn parts(root: &Path) -> Result<Option<Parts>, Error> {
    let folders = folders(root)?;
    let (mut train, mut validation, mut test) = (None, None, None);
    for folder in &folders {
        let place = match name(folder)?.to_lowercase().as_str() {
            "train" | "training" => &mut train,
            "val" | "valid" | "validation" => &mut validation,
            "test" => &mut test,
            _ => return Ok(None),
        };
        if let Some(other) = place.replace(folder.clone()) {
            return Err(refused(
                folder,
                format!("is the same part as {}: keep one of them", other.display()),
            ));
        }
    }
    let Some(train) = train.filter(|_| folders.len() > 1) else {
        return Ok(None);
    };
    for folder in &folders {
        if entries(folder)?.iter().any(|path| !path.is_dir()) {
            return Ok(None);
        }
    }
    let parts = Parts {
        train,
        validation,
        test,
    };
    let classes = names(&parts.train)?;
    for part in parts.folders() {
        let own = names(part)?;
        let differs =
            |from: &[String], to: &[String]| from.iter().find(|class| !to.contains(class)).cloned();
        let missing = differs(&classes, &own).map(|class| (class, part, parts.train.as_path()));
        let missing = missing
            .or_else(|| differs(&own, &classes).map(|class| (class, parts.train.as_path(), part)));
        if let Some((class, lacks, has)) = missing {
            return Err(refused(
                lacks,
                format!(
                    "has no folder for the class {class}, which {} has: move some of its pictures there, or remove it",
                    has.display()
                ),
            ));
        }
    }
    Ok(Some(parts))
}

/// The folders in `root` by name, each with its images. Files beside the folders, such as a licence, are passed over.
pub(super) fn classes(root: &Path) -> Result<Vec<(String, Vec<PathBuf>)>, Error> {
    if let Some(parts) = parts(root)? {
        let test = parts.test.as_deref().or(parts.validation.as_deref());
        return Err(refused(
            root,
            format!(
                "is divided into {}: give path = {:?} and test = {{ path = {:?} }}",
                parts
                    .folders()
                    .map(|part| part.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", "),
                parts.train.display().to_string(),
                test.unwrap_or(root).display().to_string(),
            ),
        ));
    }
    let mut classes = Vec::new();
    for folder in folders(root)? {
        let files = entries(&folder)?;
        if let Some(other) = files.iter().find(|path| !is_image(path)) {
            return Err(refused(other, stranger(other)));
        }
        if files.is_empty() {
            return Err(refused(
                &folder,
                "holds no image, but its name makes it a class: fill or remove it".into(),
            ));
        }
        classes.push((name(&folder)?, files));
    }
    if classes.is_empty() {
        return Err(refused(
            root,
            "holds no folders: put the images of each class into a folder that is named after the class".into(),
        ));
    }
    Ok(classes)
}

fn refused(path: &Path, message: String) -> Error {
    Error::Format {
        path: path.into(),
        message,
    }
}

/// What to do about something in the folder of a class that is no image.
fn stranger(path: &Path) -> String {
    // Without an ending, the name tells no format.
    let end = path.extension().unwrap_or_default();
    match OTHER_PICTURES.iter().find(|(known, _)| end.eq_ignore_ascii_case(known)) {
        Some((_, format)) => format!("is a picture in the format {format}, which is not read: convert it to PNG or JPEG"),
        None if path.is_dir() => "is a folder within the folder of a class, which holds PNG and JPEG files: name the folder above as `path`, or move it elsewhere".into(),
        None => "is no PNG or JPEG file, and these alone belong into the folder of a class: move it elsewhere".into(),
    }
}

fn folders(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = entries(root)?;
    paths.retain(|path| path.is_dir());
    Ok(paths)
}

fn names(root: &Path) -> Result<Vec<String>, Error> {
    folders(root)?.iter().map(|folder| name(folder)).collect()
}

fn name(folder: &Path) -> Result<String, Error> {
    let name = folder.file_name().and_then(OsStr::to_str);
    name.map(Into::into).ok_or_else(|| {
        refused(
            folder,
            "has a name that is no UTF-8, but it names a class: rename it".into(),
        )
    })
}

/// What lies in a folder, by name, without what the system put there. A link that leads nowhere is an error: what is missing
/// may be a class.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(|source| io_error(folder, source))?;
    paths.retain(|path| {
        // A message without the link's end is better than none.
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        !name.starts_with('.') && !OF_THE_SYSTEM.contains(&name.as_str())
    });
    paths.sort_unstable();
    for path in paths.iter().filter(|path| path.is_symlink()) {
        if let Err(source) = fs::metadata(path) {
            // A message without the link's end is better than none.
            let to = fs::read_link(path).unwrap_or_default();
            return Err(refused(
                path,
                format!(
                    "is a link to {}, which can't be followed ({source}): mend or remove it",
                    to.display()
                ),
            ));
        }
    }
    Ok(paths)
}

pub(super) fn is_image(path: &Path) -> bool {
    let known = |end: &OsStr| {
        ["png", "jpg", "jpeg"]
            .iter()
            .any(|known| end.eq_ignore_ascii_case(known))
    };
    path.is_file() && path.extension().is_some_and(known)
}
