//! Whole files of every format, and what their headers are.

use std::fs;
use std::io::{Cursor, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, ImageFormat, RgbImage};
use nn_train::data::{Cache, Column, DataSpec, Task};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_pcg::Pcg64;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// Why damage can be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// All numbers are under a checksum.
    Checksum,
    /// A CSV table: all rows have as many cells.
    Rows,
    /// An IDX file: its header gives its size.
    Idx,
    /// An `.npy` file: its header gives its size.
    Npy,
    /// A JPEG file: it has an end.
    Jpeg,
    /// Nothing: the checksums are those of the damaged file.
    Forged,
    /// A Parquet file: its pages of numbers are under checksums, what says how they are written is not.
    Pages,
}

/// A data set, one file of which is to be damaged.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) guard: Guard,
    /// The file to be damaged, then others that belong to it.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    /// The parts of the first file's header.
    pub(crate) fields: Vec<Range<usize>>,
    /// The name of what is to be read.
    path: &'static str,
    task: Task,
    labels: Option<&'static str>,
    label: Option<&'static str>,
}

impl Sample {
    fn new(name: &'static str, guard: Guard, path: &'static str, content: Vec<u8>) -> Self {
        Self {
            name,
            guard,
            files: vec![(path, content)],
            fields: Vec::new(),
            path,
            task: Task::Class,
            labels: None,
            label: None,
        }
    }

    fn fields(self, fields: impl IntoIterator<Item = Range<usize>>) -> Self {
        let fields = fields.into_iter().collect();
        Self { fields, ..self }
    }

    fn label(self, label: &'static str) -> Self {
        let label = Some(label);
        Self { label, ..self }
    }

    /// With another file, the labels or the inputs.
    fn beside(mut self, inputs: &'static str, labels: &'static str, content: Vec<u8>) -> Self {
        let other = if self.path == inputs { labels } else { inputs };
        self.files.push((other, content));
        self.path = inputs;
        self.labels = Some(labels);
        self
    }

    /// Writes all files.
    pub(crate) fn write(&self, folder: &Path) {
        for (name, content) in &self.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    /// How the files in `folder` are read: all rows, in their order, as they stand.
    pub(crate) fn spec(&self, folder: &Path) -> DataSpec {
        let mut spec = DataSpec::new(folder.join(self.path), self.task);
        spec.labels = self.labels.map(|labels| folder.join(labels));
        if let Some(label) = self.label {
            spec.label = Column::Name(label.into());
        }
        spec.standardise = false;
        spec.cache = Some(Cache::Switch(false));
        spec.split.shuffle = false;
        spec.split.train = Some(0.5);
        spec.split.validation = Some(0.5);
        spec.split.test = Some(0.0);
        spec
    }

    /// Bytes of all files.
    pub(crate) fn size(&self) -> usize {
        self.files.iter().map(|(_, content)| content.len()).sum()
    }
}

/// All of them, the same at every call.
pub(crate) fn all() -> Vec<Sample> {
    let rng = &mut Pcg64::seed_from_u64(1);
    let [short, long] = [60, 3000].map(|rows| table(rows, "", rng));
    let quoted = table(60, "\"", rng);
    let commented = format!("# made by a program\n# on a day\n{}", table(60, "", rng));
    let header = |text: &str, start: usize| {
        let names = text[start..].find('\n').unwrap();
        vec![
            start..start + names,
            start..start + 3,
            start + names - 5..start + names,
        ]
    };
    let noted = commented.find("weight").unwrap();
    let images = idx(&[40, 8, 8], rng);
    let classes = idx(&[40], rng);
    let idx_fields = |sizes: usize| {
        let sizes = (0..sizes).map(|i| 4 + 4 * i..8 + 4 * i);
        [0..2, 2..3, 3..4].into_iter().chain(sizes)
    };
    let floats: Vec<u8> = (0..40 * 6)
        .flat_map(|_| rng.random_range(-3.0..3.0_f32).to_le_bytes())
        .collect();
    let inputs = npy("<f4", "(40, 6)", &floats);
    let doubles: Vec<u8> = (0..40)
        .flat_map(|_| rng.random_range(-3.0..3.0_f64).to_le_bytes())
        .collect();
    let targets = npy("<f8", "(40,)", &doubles);
    let whole = npy("|u1", "(40,)", &(0..40).map(|i| i % 3).collect::<Vec<_>>());
    let archive = |method| npz(&[("x", &inputs), ("y", &whole)], method);
    let stored = archive(CompressionMethod::Stored);
    let deflated = archive(CompressionMethod::Deflated);
    let numpy_s = fs::read(data("two.npz")).unwrap();
    let colour = noise(24, 16, ImageFormat::Png, rng);
    let photograph = noise(64, 48, ImageFormat::Jpeg, rng);
    let read = |name: &str| fs::read(data("pictures").join(name)).unwrap();
    let gz = |content: &[u8], level| {
        let mut encoder = GzEncoder::new(Vec::new(), level);
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    };
    let packed = |name, path, content: &[u8], level| {
        let content = gz(content, level);
        let fields = gz_fields(content.len());
        Sample::new(name, Guard::Checksum, path, content).fields(fields)
    };
    let npy_sample = |name, path, content: &[u8]| {
        let fields = npy_fields(content);
        Sample::new(name, Guard::Npy, path, content.to_vec()).fields(fields)
    };
    let zipped = |name, content: &[u8]| {
        let fields = zip_fields(content);
        Sample::new(name, Guard::Checksum, "x.npz", content.to_vec())
            .fields(fields)
            .label("y")
    };
    let labelled = |name, text: &str, start| {
        let fields = header(text, start);
        Sample::new(name, Guard::Rows, "table.csv", text.into())
            .fields(fields)
            .label("state")
    };
    let mut regression =
        npy_sample("npy labels", "y.npy", &targets).beside("x.npy", "y.npy", inputs.clone());
    regression.task = Task::Reg;
    let mut samples = vec![
        labelled("csv", &short, 0),
        labelled("csv, long", &long, 0),
        labelled("csv, quoted", &quoted, 0),
        labelled("csv, comments", &commented, noted),
        packed(
            "csv.gz",
            "table.csv.gz",
            short.as_bytes(),
            Compression::best(),
        )
        .label("state"),
        Sample::new("idx images", Guard::Idx, "x.idx", images.clone())
            .fields(idx_fields(3))
            .beside("x.idx", "y.idx", classes.clone()),
        Sample::new("idx labels", Guard::Idx, "y.idx", classes.clone())
            .fields(idx_fields(1))
            .beside("x.idx", "y.idx", images.clone()),
        packed("idx.gz, stored", "x.idx.gz", &images, Compression::none()).beside(
            "x.idx.gz",
            "y.idx",
            classes.clone(),
        ),
        packed("idx.gz", "x.idx.gz", &images, Compression::best())
            .beside("x.idx.gz", "y.idx", classes),
        npy_sample("npy inputs", "x.npy", &inputs).beside("x.npy", "y.npy", whole.clone()),
        regression,
        zipped("npz, stored", &stored),
        zipped("npz, deflated", &deflated),
        zipped("npz, numpy's", &numpy_s),
        pictures("png", Guard::Checksum, "2.png", &colour),
        pictures(
            "png, palette",
            Guard::Checksum,
            "2.png",
            &read("palette.png"),
        ),
        pictures("png, forged", Guard::Forged, "2.png", &colour),
        pictures("jpeg", Guard::Jpeg, "2.jpg", &photograph),
        pictures("jpeg, small", Guard::Jpeg, "2.jpg", &read("halves.jpg")),
    ];
    if cfg!(feature = "parquet") {
        let checked = fs::read(data("checked.parquet")).unwrap();
        let fields = parquet_fields(&checked);
        samples.push(Sample::new("parquet", Guard::Pages, "t.parquet", checked).fields(fields));
    }
    samples
}

/// The marks at both ends of a Parquet file, the length of its footer, and the footer.
fn parquet_fields(content: &[u8]) -> Vec<Range<usize>> {
    let end = content.len();
    let length = u32::from_le_bytes(content[end - 8..end - 4].try_into().unwrap()) as usize;
    let footer = end - 8 - length..end - 8;
    vec![
        0..4,
        end - 4..end,
        end - 8..end - 4,
        footer.start..footer.start + length / 2,
        footer.start + length / 2..footer.end,
        4..24,
    ]
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// Three columns of numbers and one of words in marks of this kind.
fn table(rows: usize, mark: &str, rng: &mut Pcg64) -> String {
    let mut text = format!("weight,height,age,{mark}state{mark}\n");
    for i in 0..rows {
        let [weight, height] = [90.0, 2.0].map(|most| rng.random_range(0.0..most));
        let state = ["ill", "well", "unknown"][i % 3];
        let age = rng.random_range(0..100);
        text += &format!("{weight:.3},{height:.2},{age},{mark}{state}{mark}\n");
    }
    text
}

/// Bytes; classes where there is one size.
fn idx(sizes: &[u32], rng: &mut Pcg64) -> Vec<u8> {
    let mut out = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| out.extend(size.to_be_bytes()));
    let most = if sizes.len() == 1 { 3 } else { 255 };
    out.extend((0..sizes.iter().product()).map(|_| rng.random_range(0..most) as u8));
    out
}

fn npy(descr: &str, sizes: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {sizes}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), bytes].concat()
}

fn npy_fields(content: &[u8]) -> Vec<Range<usize>> {
    let text = String::from_utf8_lossy(&content[10..128]).into_owned();
    let at = |what: &str, skip: usize, length: usize| {
        // The first ten bytes are before the text.
        let start = 10 + text.find(what).unwrap() + skip;
        start..start + length
    };
    vec![
        0..6,
        6..7,
        7..8,
        8..10,
        at("'descr'", 10, 3),
        at("'fortran_order'", 17, 5),
        at("'shape'", 9, 4),
        at("'shape'", 10, 2),
        at("'shape'", 0, 7),
    ]
}

fn npz(arrays: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in arrays {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The fields of all headers of a zip archive, whose widths are in its specification, 4.3.
fn zip_fields(content: &[u8]) -> Vec<Range<usize>> {
    let headers: [(&[u8], &[usize]); 3] = [
        (b"PK\x03\x04", &[4, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 1]),
        (
            b"PK\x01\x02",
            &[4, 2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4, 1],
        ),
        (b"PK\x05\x06", &[4, 2, 2, 2, 2, 4, 4, 2]),
    ];
    let mut fields = Vec::new();
    for start in 0..content.len() {
        let found = headers
            .iter()
            .find(|(sign, _)| content[start..].starts_with(sign));
        let mut at = start;
        for width in found.iter().flat_map(|(_, widths)| *widths) {
            fields.push(at..at + width);
            at += width;
        }
    }
    fields
}

/// The fields of RFC 1952: magic, method, flags, time, extra flags, system; checksum, length.
fn gz_fields(length: usize) -> Vec<Range<usize>> {
    vec![
        0..2,
        2..3,
        3..4,
        4..8,
        8..9,
        9..10,
        length - 8..length - 4,
        length - 4..length,
    ]
}

/// A picture of noise.
fn noise(width: u32, height: u32, format: ImageFormat, rng: &mut Pcg64) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |_, _| image::Rgb(rng.random()));
    let mut out = Cursor::new(Vec::new());
    DynamicImage::from(picture)
        .write_to(&mut out, format)
        .unwrap();
    out.into_inner()
}

/// Two classes of two pictures, all the same.
fn pictures(name: &'static str, guard: Guard, file: &'static str, content: &[u8]) -> Sample {
    let fields = if content.starts_with(&[0xff, 0xd8]) {
        jpeg_fields(content)
    } else {
        png_fields(content)
    };
    let [damaged, others @ ..] = match file {
        "2.png" => [
            "seen/a/2.png",
            "seen/a/1.png",
            "seen/b/1.png",
            "seen/b/2.png",
        ],
        _ => [
            "seen/a/2.jpg",
            "seen/a/1.jpg",
            "seen/b/1.jpg",
            "seen/b/2.jpg",
        ],
    };
    let mut sample = Sample::new(name, guard, damaged, content.to_vec()).fields(fields);
    sample
        .files
        .extend(others.map(|other| (other, content.to_vec())));
    sample.path = "seen";
    sample
}

/// The signature, the sides and what follows them, and the length, name and checksum of each chunk.
fn png_fields(content: &[u8]) -> Vec<Range<usize>> {
    let mut fields = vec![0..8, 16..20, 20..24, 24..25, 25..26, 26..27, 27..28, 28..29];
    let mut at = 8;
    while at + 12 <= content.len() {
        let length = u32::from_be_bytes(content[at..at + 4].try_into().unwrap()) as usize;
        let end = at + 8 + length;
        fields.extend([at..at + 4, at + 4..at + 8, end..end + 4]);
        at = end + 4;
    }
    fields
}

/// Writes the checksum of each chunk anew, as far as there are chunks.
pub(crate) fn forge(png: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let end = at + 8 + length;
        if png.len() < end + 4 {
            return;
        }
        let mut crc = flate2::Crc::new();
        crc.update(&png[at + 4..end]);
        png[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
}

/// The marker, the length and the first bytes of each segment, and the sides.
fn jpeg_fields(content: &[u8]) -> Vec<Range<usize>> {
    let mut fields = vec![0..2, 1..2];
    let mut at = 2;
    while content[at] == 0xff && content[at + 1] != 0xd9 {
        let marker = content[at + 1];
        let length = usize::from(u16::from_be_bytes([content[at + 2], content[at + 3]]));
        fields.extend([
            at + 1..at + 2,
            at + 2..at + 4,
            at + 4..at + 5,
            at + 5..at + 6,
        ]);
        if (0xc0..0xc3).contains(&marker) {
            // Often, since they say how much room a picture takes.
            fields.extend([
                at + 5..at + 7,
                at + 7..at + 9,
                at + 5..at + 9,
                at + 9..at + 10,
            ]);
            fields.extend([
                at + 5..at + 7,
                at + 7..at + 9,
                at + 5..at + 9,
                at + 11..at + 12,
            ]);
        }
        if marker == 0xda {
            break;
        }
        at += 2 + length;
    }
    fields
}
