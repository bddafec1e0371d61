//! One picture as a person sees it: whole, upright, without transparency.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Seek};
use std::path::Path;

use flate2::Crc;
use image::metadata::Orientation;
use image::{
    DynamicImage, GrayImage, ImageBuffer, ImageDecoder, ImageError, ImageReader, Luma, LumaA, Rgb,
    RgbImage, Rgba,
};

use crate::Error;
use crate::data::files::{io_error, open_plain, read_up_to};
use crate::data::spec::ImageShape;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = &[0xff, 0xd8];

/// Reads one image, in grey or colour, of 8 or 16 bits; its format is told from its first bytes. It is turned as its Exif
/// data say, and what is transparent is laid on white, or on black where all that is visible is white.
pub(super) fn decode(path: &Path) -> Result<DynamicImage, Error> {
    let io = |source| io_error(path, source);
    let bytes = fs::read(path).map_err(io)?;
    check_whole(path, &bytes)?;
    let (size, most) = (bytes.len(), most_pixels(&bytes));
    let failed = |error| match error {
        ImageError::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => truncated(path),
        error => Error::Format {
            path: path.into(),
            message: unreadable(&error),
        },
    };
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(io)?;
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > most {
        return Err(Error::Format {
            path: path.into(),
            message: format!(
                "claims {height}×{width} pixels (height × width), which {size} bytes can't hold: the file is cut off or damaged, fetch it again or remove it"
            ),
        });
    }
    let orientation = decoder.orientation().map_err(failed)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    picture.apply_orientation(orientation);
    Ok(without_transparency(picture))
}

/// The most pixels that a file of these bytes has. Deflate makes at most 1,032 bytes of one (RFC 1951: 258 by a length and a
/// distance of one bit each), and the header of a PNG file tells the bits of a pixel; in a JPEG file each block of 8 × 8 takes a bit
/// or more, and with unusual sampling a block may stand for two.
fn most_pixels(bytes: &[u8]) -> u64 {
    let size = bytes.len() as u64;
    let (depth, colour) = match bytes.get(24..26) {
        Some(&[depth, colour]) if bytes.starts_with(PNG) => (u64::from(depth), colour),
        _ => return size.saturating_mul(8 * 2 * 64),
    };
    let channels = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    size.saturating_mul(8 * 1032) / (channels * depth).max(1)
}

/// What a picture will be, from its header alone: channels, height and width, turned as its Exif data say.
pub(super) fn shape(path: &Path) -> Result<ImageShape, Error> {
    let io = |source| io_error(path, source);
    let mut reader = BufReader::new(open_plain(path)?);
    let head = reader.fill_buf().map_err(io)?;
    if head.starts_with(JPEG) {
        // A decoder reads all of a JPEG file first; it is asked where the segments do not tell.
        if let Some(shape) = jpeg_shape(&mut reader).map_err(io)? {
            return Ok(shape);
        }
        reader.rewind().map_err(io)?;
    }
    let unreadable = |error| Error::Format {
        path: path.into(),
        message: unreadable(&error),
    };
    let reader = ImageReader::new(reader).with_guessed_format().map_err(io)?;
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let orientation = decoder.orientation().map_err(unreadable)?;
    let is_colour = decoder.color_type().has_color();
    Ok(turned(is_colour, decoder.dimensions(), orientation))
}

fn turned(is_colour: bool, (width, height): (u32, u32), orientation: Orientation) -> ImageShape {
    // From 5 on, rows of the file are columns of the picture.
    let is_turned = orientation.to_exif() >= 5;
    ImageShape {
        channels: if is_colour { 3 } else { 1 },
        height: if is_turned { width } else { height },
        width: if is_turned { height } else { width },
    }
}

/// From the segments of a JPEG file up to the header of its frame; nothing if there is none.
fn jpeg_shape(reader: &mut BufReader<File>) -> std::io::Result<Option<ImageShape>> {
    let mut orientation = Orientation::NoTransforms;
    reader.seek_relative(JPEG.len() as i64)?;
    let mut next = |length: usize| -> std::io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; length];
        let filled = read_up_to(reader, &mut bytes)?;
        Ok((filled == length).then_some(bytes))
    };
    loop {
        // A marker has a byte 0xFF before it, or several of them. What else stands between segments is passed over.
        let (mut before, mut marker) = (0, 0);
        while before != 0xff || matches!(marker, 0x00 | 0x01 | 0xd0..=0xd8 | 0xff) {
            let Some(byte) = next(1)? else {
                return Ok(None);
            };
            (before, marker) = (marker, byte[0]);
        }
        let Some(length) = next(2)? else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let Some(content) = next(length.saturating_sub(2))? else {
            return Ok(None);
        };
        match (marker, content.as_slice()) {
            // The frame: bits, height, width, components.
            (0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf, &[_, a, b, c, d, n, ..]) => {
                let [height, width] = [[a, b], [c, d]].map(u16::from_be_bytes).map(u32::from);
                return Ok(Some(turned(n > 1, (width, height), orientation)));
            }
            (0xe1, [b'E', b'x', b'i', b'f', 0, 0, exif @ ..]) => {
                orientation = Orientation::from_exif_chunk(exif).unwrap_or(orientation);
            }
            _ => {}
        }
    }
}

/// What is said of a picture that can't be decoded.
fn unreadable(error: &ImageError) -> String {
    format!("is no image that can be read ({error}): fetch it again or remove it")
}

fn truncated(path: &Path) -> Error {
    Error::Truncated {
        path: path.into(),
        what: "image",
        row: 1,
    }
}

/// Whether all of a file is there: decoders fill in what is missing, and pass over what they can do without.
fn check_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let damaged = match bytes {
        _ if bytes.starts_with(PNG) => damaged_chunk(&bytes[PNG.len()..]),
        _ if bytes.starts_with(JPEG) && !has_end(bytes) => Err(()),
        _ => Ok(None),
    };
    match damaged.map_err(|()| truncated(path))? {
        None => Ok(()),
        Some(chunk) => Err(Error::Format {
            path: path.into(),
            message: format!(
                "is damaged: the checksum of its part {} does not fit; fetch it again or remove it",
                String::from_utf8_lossy(&chunk).escape_debug()
            ),
        }),
    }
}

/// The first chunk of a PNG file whose checksum does not fit; an error if there is no last one. A chunk is its length, its
/// name, its content and the CRC-32 of the two.
fn damaged_chunk(mut bytes: &[u8]) -> Result<Option<[u8; 4]>, ()> {
    loop {
        let (length, rest) = bytes.split_first_chunk().ok_or(())?;
        let length = u32::from_be_bytes(*length) as usize;
        let checked = rest.get(..4_usize.saturating_add(length)).ok_or(())?;
        let (sum, after) = rest[checked.len()..].split_first_chunk().ok_or(())?;
        let name = *checked.first_chunk().ok_or(())?;
        let mut crc = Crc::new();
        crc.update(checked);
        if crc.sum() != u32::from_be_bytes(*sum) {
            return Ok(Some(name));
        }
        if &name == b"IEND" {
            return Ok(None);
        }
        bytes = after;
    }
}

/// Whether a JPEG file has the marker of its end. Segments are stepped over by their lengths: a small preview within one has an
/// end of its own.
fn has_end(bytes: &[u8]) -> bool {
    let mut at = JPEG.len();
    loop {
        // Compressed data stand between segments; a byte of 255 in them is followed by a zero or by a restart marker.
        let Some(next) = bytes
            .get(at..)
            .and_then(|rest| rest.iter().position(|&byte| byte == 0xff))
        else {
            return false;
        };
        at += next + 1;
        match bytes.get(at) {
            None => return false,
            Some(0xff) => {}
            Some(0xd9) => return true,
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 1,
            Some(_) => {
                let Some(&[high, low]) = bytes.get(at + 1..at + 3) else {
                    return false;
                };
                at += 1 + usize::from(u16::from_be_bytes([high, low]));
            }
        }
    }
}

/// The picture without its alpha channel.
fn without_transparency(picture: DynamicImage) -> DynamicImage {
    match picture {
        DynamicImage::ImageLumaA8(picture) => {
            let max = u32::from(u8::MAX);
            let back = background(
                picture.pixels().map(|LumaA([x, alpha])| ([*x; 3], *alpha)),
                u8::MAX,
            );
            let (width, height) = picture.dimensions();
            DynamicImage::ImageLuma8(GrayImage::from_fn(width, height, |x, y| {
                let LumaA([value, alpha]) = *picture.get_pixel(x, y);
                Luma([lay(value.into(), alpha.into(), back, max) as u8])
            }))
        }
        DynamicImage::ImageRgba8(picture) => {
            let max = u32::from(u8::MAX);
            let back = background(
                picture
                    .pixels()
                    .map(|Rgba([r, g, b, alpha])| ([*r, *g, *b], *alpha)),
                u8::MAX,
            );
            let (width, height) = picture.dimensions();
            DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
                let Rgba([r, g, b, alpha]) = *picture.get_pixel(x, y);
                Rgb([r, g, b].map(|value| lay(value.into(), alpha.into(), back, max) as u8))
            }))
        }
        DynamicImage::ImageLumaA16(picture) => {
            let max = u32::from(u16::MAX);
            let back = background(
                picture.pixels().map(|LumaA([x, alpha])| ([*x; 3], *alpha)),
                u16::MAX,
            );
            let (width, height) = picture.dimensions();
            DynamicImage::ImageLuma16(ImageBuffer::from_fn(width, height, |x, y| {
                let LumaA([value, alpha]) = *picture.get_pixel(x, y);
                Luma([lay(value.into(), alpha.into(), back, max) as u16])
            }))
        }
        DynamicImage::ImageRgba16(picture) => {
            let max = u32::from(u16::MAX);
            let back = background(
                picture
                    .pixels()
                    .map(|Rgba([r, g, b, alpha])| ([*r, *g, *b], *alpha)),
                u16::MAX,
            );
            let (width, height) = picture.dimensions();
            DynamicImage::ImageRgb16(ImageBuffer::from_fn(width, height, |x, y| {
                let Rgba([r, g, b, alpha]) = *picture.get_pixel(x, y);
                Rgb([r, g, b].map(|value| lay(value.into(), alpha.into(), back, max) as u16))
            }))
        }
        other => other,
    }
}

/// White; or black for a picture that is white wherever it can be seen, and transparent somewhere: on white, nothing would be
/// left of it.
fn background<T: Copy + PartialEq + Default + Into<u32>>(
    pixels: impl Iterator<Item = ([T; 3], T)>,
    max: T,
) -> u32 {
    let (mut is_white, mut is_transparent) = (true, false);
    for (colours, alpha) in pixels {
        is_white &= alpha == T::default() || colours == [max; 3];
        is_transparent |= alpha != max;
    }
    if is_white && is_transparent {
        0
    } else {
        max.into()
    }
}

/// A value of `value` and opacity `alpha`, both up to `max`, on a background, rounded.
fn lay(value: u32, alpha: u32, back: u32, max: u32) -> u32 {
    // The product of two 16-bit numbers fits 32 bits, the sum of two such products need not.
    let [value, alpha, back, max] = [value, alpha, back, max].map(u64::from);
    ((value * alpha + back * (max - alpha) + max / 2) / max) as u32
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{decode, shape};
    use crate::Error;

    /// A JPEG file with Exif data that say how it is to be turned, in TIFF's notation.
    fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let exif = [
            &b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..],
            &[orientation, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        let length = (exif.len() as u16 + 2).to_be_bytes();
        [&jpeg[..2], &[0xff, 0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
    }

    #[test]
    fn a_header_tells_what_the_picture_is() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pictures");
        let mut files: Vec<_> = (std::fs::read_dir(&pictures).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 9);
        let jpeg = std::fs::read(pictures.join("halves.jpg")).unwrap();
        let mut sides = Vec::new();
        for orientation in 1..=8 {
            let path = folder.path().join(format!("{orientation}.jpg"));
            std::fs::write(&path, turned(&jpeg, orientation)).unwrap();
            let found = shape(&path).unwrap();
            sides.push((found.height, found.width));
            files.push(path);
        }
        assert_eq!(sides, [[(8, 16); 4], [(16, 8); 4]].concat());
        for path in files {
            let (found, picture) = (shape(&path).unwrap(), decode(&path).unwrap());
            let channels = if picture.color().has_color() { 3 } else { 1 };
            let expected = [channels, picture.height(), picture.width()];
            assert_eq!(<[u32; 3]>::from(found), expected, "{}", path.display());
        }
        let path = folder.path().join("cut.jpg");
        for length in 2..100 {
            std::fs::write(&path, &jpeg[..length]).unwrap();
            let error = shape(&path).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{length}: {error}");
        }
    }
}
