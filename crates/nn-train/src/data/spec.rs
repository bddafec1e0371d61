//! What a person writes about a data set.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use super::metric::{ClassWeights, Metric, Rule, Task};
pub use super::places::{Column, OneOrMany};
pub use super::split_spec::SplitSpec;

/// A data set as declared in TOML.
///
/// ```
/// let spec: nn_train::data::DataSpec = toml::from_str(
///     r#"
///     path = "datasets/digits/digits.csv.gz"
///     task = "class"
///     image = [1, 8, 8]
///     split = { train = 0.6, validation = 0.2, test = 0.2, seed = 1 }
///     "#,
/// )?;
/// assert_eq!(spec.format(), Some(nn_train::data::Format::Csv));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataSpec {
    /// The file, or several that are read one after the other; `.gz` is unpacked. Or a folder that holds a folder of PNG
    /// and JPEG images for each class, named after it; or folders `train`, `val` (or `valid`, `validation`) and `test` with
    /// such folders in each, which are then the parts. Where there is no `val`, `split.validation` says which share of
    /// `train` takes its place.
    ///
    /// Example: `"../datasets/digits/digits.csv.gz"`.
    pub path: OneOrMany,
    /// The format of the files.
    ///
    /// Default: told from the name.
    /// Example: `"csv"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The file with the labels, for `idx` and `.npy` files, which keep them apart.
    ///
    /// Default: none.
    /// Example: `"labels.npy"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// What is predicted.
    ///
    /// Example: `"class"`.
    pub task: Task,
    /// What networks are scored by.
    ///
    /// Default: `"accuracy"` for classes, `"mse"` for numbers.
    /// Example: `"balanced-accuracy"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// What examples count for in the loss of a training, by their classes: by a rule, or numbers by the classes' names, such
    /// as `{ ill = 5, well = 1 }` (1 for a class that is not named). Scores count every example the same.
    ///
    /// Default: none.
    /// Example: `"balanced"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
    /// Tables: the column of what each example counts for in the loss of a training, numbers from 0 on; it is no input.
    /// Together with `class-weights` the two are multiplied. Weights are divided by their mean over the training part, so
    /// that learning rates mean the same.
    ///
    /// Default: none.
    /// Example: `"importance"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Column>,
    /// Tables: the column of the label or target: its name, its number from 0 (negative: from the end), `first` or `last`.
    /// Any words or whole numbers are classes. `.npz`: the name of the array of labels.
    ///
    /// Default: `"last"`.
    #[serde(default)]
    pub label: Column,
    /// `.npz`: the name of the array of inputs.
    ///
    /// Default: the other one, where there are but two.
    /// Example: `"x"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
    /// Tables: columns that are left out.
    ///
    /// Default: none.
    /// Example: `["id", -2]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<Column>,
    /// Tables: columns of numbers whose cells are categories, post codes for example. Columns of words are such anyway.
    ///
    /// Default: none.
    /// Example: `["post-code"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Column>,
    /// `csv`: what stands between cells: a comma, a semicolon, a tab, a bar or another letter. Where it is no comma, numbers
    /// may have a decimal comma.
    ///
    /// Default: told from the file.
    /// Example: `";"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// Tables: what stands for a gap besides an empty cell or a null, in capital or small letters. Gaps become the mean, with
    /// an input of their own that marks them.
    ///
    /// Default: `NA`, `N/A`, `NaN`, `null`, `nil`, `none`, `?` and `-`.
    /// Example: `["NA", "-999"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaps: Option<Vec<String>>,
    /// `csv`: how letters are encoded.
    ///
    /// Default: UTF-8, or UTF-16 where the file begins with its mark.
    /// Example: `"latin-1"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// `csv`: whether the first row holds names.
    ///
    /// Default: told from the file.
    /// Example: `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// `[channels, height, width]`, where rows are images; `idx` and `npy` know their own. Folders of images: what all are scaled
    /// to (1 channel: grey, 3: colour); without it all must have the same sides.
    ///
    /// Default: none.
    /// Unit: pixels.
    /// Example: `[3, 32, 32]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageShape>,
    /// The number of classes, where some may be missing in the data: labels are then numbers from 0.
    ///
    /// Default: counted.
    /// Example: `10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<u32>,
    /// What is done to the target of a regression before anything else.
    ///
    /// Default: nothing.
    /// Example: `"log1p"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// Subtract the mean and divide by the standard deviation, both of the training part: of each channel of images, of each
    /// column of tables, of the target of regressions.
    ///
    /// Default: `true`.
    #[serde(default = "yes")]
    pub standardise: bool,
    /// Tables: by what numeric columns are standardised. Of two tables with heavy tails, `auto` was a little better on one and
    /// much worse on the other ([measurements/tables.md](measurements/tables.md)): try both.
    ///
    /// Default: `"standard"`.
    #[serde(default, skip_serializing_if = "Scaling::is_standard")]
    pub scaling: Scaling,
    /// How the examples are divided into those that are trained on, those that are scored on during the search, and those that
    /// are scored on at the end.
    ///
    /// Default: 0.6, 0.2, 0.2.
    #[serde(default)]
    pub split: SplitSpec,
    /// Test data in files of their own.
    ///
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestSpec>,
    /// Whether and where tables are kept as they were read, for the next worker: `true`, `false` or a folder. A table is used
    /// only as long as its files are the same.
    ///
    /// Default: files of more than 1 MB together, in `~/.cache/nasbot/data` or in `$XDG_CACHE_HOME`.
    /// Example: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// Where examples are during the training. The results are the same, bit for bit.
    ///
    /// Default: `"auto"`.
    #[serde(default, skip_serializing_if = "Placement::is_auto")]
    pub placement: Placement,
}

const fn yes() -> bool {
    true
}

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Format {
    /// Text, one example a row.
    Csv,
    /// The format of MNIST: one file of images, one of labels.
    Idx,
    /// Arrays of NumPy: `.npy` (labels in a file of their own) or `.npz` (both in one).
    Npy,
    /// The binary format of CIFAR-10: a label byte, then the image channel by channel.
    Cifar,
    /// A folder of folders, one a class and named after it, of PNG and JPEG images.
    Images,
    /// A table in the format Parquet, one example a row; read by programs that are built with the feature `parquet`.
    Parquet,
}

impl Format {
    /// Whether a file is a table whose columns have names and are told apart by what they hold.
    pub(super) const fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet)
    }
}

/// How the letters of a text file are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Encoding {
    /// The usual encoding of Unicode.
    #[serde(rename = "utf-8")]
    Utf8,
    /// A byte a letter, as Windows-1252 has them.
    #[serde(rename = "latin-1")]
    Latin1,
}

/// Whether and where tables are kept as they were read.
///
/// Left out: in the user's cache folder if the files have more than a megabyte together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Cache {
    /// `false`: nowhere. `true`: in `$XDG_CACHE_HOME/nasbot/data`, else `~/.cache/nasbot/data`, whatever their size.
    Switch(bool),
    /// In this folder, whatever their size.
    Folder(PathBuf),
}

/// By what a numeric column of a table is standardised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scaling {
    /// By mean and standard deviation.
    #[default]
    Standard,
    /// As `robust` for columns with a number more than 10 deviations from the mean, else as `standard`.
    Auto,
    /// By median and quartiles, and bent so that no number is farther than 3 from the median.
    Robust,
}

impl Scaling {
    const fn is_standard(&self) -> bool {
        matches!(self, Self::Standard)
    }
}

/// Where examples are kept during the training. The results are the same, bit for bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Placement {
    /// On the device, unless it is a GPU and they take more than 4 GiB or more than there is; else streamed.
    #[default]
    Auto,
    /// On the device.
    Device,
    /// In the computer's memory; a thread of its own prepares the next batches while the device computes.
    Stream,
}

impl Placement {
    const fn is_auto(&self) -> bool {
        matches!(self, Self::Auto)
    }
}

/// Channels, height and width of an image; `[channels, height, width]` in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(from = "[u32; 3]", into = "[u32; 3]")]
pub struct ImageShape {
    /// Channels: 1 for grey, 3 for colour.
    pub channels: u32,
    /// Rows, pixels.
    pub height: u32,
    /// Columns, pixels.
    pub width: u32,
}

impl ImageShape {
    /// Numbers in one image.
    #[must_use]
    pub const fn len(self) -> usize {
        self.channels as usize * self.height as usize * self.width as usize
    }

    /// Whether the image has no pixel.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl From<[u32; 3]> for ImageShape {
    fn from([channels, height, width]: [u32; 3]) -> Self {
        Self {
            channels,
            height,
            width,
        }
    }
}

impl From<ImageShape> for [u32; 3] {
    fn from(image: ImageShape) -> Self {
        [image.channels, image.height, image.width]
    }
}

/// What is done to a regression's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Transform {
    /// Natural logarithm, for heavy-tailed positive targets.
    Log,
    /// log(1 + y), for heavy-tailed targets that can be 0.
    Log1p,
}

/// Test data in a file of their own, of the same format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TestSpec {
    /// The file, or several, of the same format as the others.
    ///
    /// Example: `"test.csv"`.
    pub path: OneOrMany,
    /// Its labels, for formats that keep them apart.
    ///
    /// Default: none.
    /// Example: `"test-labels.npy"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
}

impl DataSpec {
    /// A specification with everything at its default.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, task: Task) -> Self {
        Self {
            path: OneOrMany::One(path.into()),
            format: None,
            labels: None,
            task,
            metric: None,
            class_weights: None,
            weight: None,
            label: Column::default(),
            inputs: None,
            ignore: Vec::new(),
            categories: Vec::new(),
            separator: None,
            gaps: None,
            encoding: None,
            header: None,
            image: None,
            classes: None,
            transform: None,
            standardise: true,
            scaling: Scaling::Standard,
            split: SplitSpec::default(),
            test: None,
            cache: None,
            placement: Placement::Auto,
        }
    }

    /// What networks are scored by: as given, or the one that belongs to the task.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric.unwrap_or(Metric::of(self.task))
    }

    /// Makes relative paths relative to `base`, the folder of the TOML file.
    pub fn resolve(&mut self, base: &Path) {
        self.path.resolve(base);
        if let Some(labels) = &mut self.labels {
            *labels = base.join(&*labels);
        }
        if let Some(test) = &mut self.test {
            test.path.resolve(base);
            if let Some(labels) = &mut test.labels {
                *labels = base.join(&*labels);
            }
        }
        if let Some(file) = &mut self.split.file {
            *file = base.join(&*file);
        }
        if let Some(Cache::Folder(folder)) = &mut self.cache {
            *folder = base.join(&*folder);
        }
    }

    /// Every file that the specification names.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let test = self.test.iter();
        (self.path.as_slice().iter().chain(&self.labels))
            .chain(test.flat_map(|test| test.path.as_slice().iter().chain(&test.labels)))
            .chain(&self.split.file)
            .map(PathBuf::as_path)
    }

    /// The format: as given, or told from the first file's name, or `images` if it is a folder.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.format.or_else(|| {
            let path = self.path.as_slice().first()?;
            if path.is_dir() {
                return Some(Format::Images);
            }
            let name = path.file_name()?.to_string_lossy().to_lowercase();
            let name = name.strip_suffix(".gz").unwrap_or(&name);
            [
                (".csv", Format::Csv),
                (".tsv", Format::Csv),
                (".parquet", Format::Parquet),
                ("-ubyte", Format::Idx),
                (".idx", Format::Idx),
                (".npy", Format::Npy),
                (".npz", Format::Npy),
                (".bin", Format::Cifar),
            ]
            .into_iter()
            .find_map(|(end, format)| name.ends_with(end).then_some(format))
        })
    }
}
