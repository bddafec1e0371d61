//! One picture as a person sees it: whole, upright, without transparency.

use std::fs;
use std::io::{Cursor, ErrorKind};
use std::path::Path;

use flate2::Crc;
use image::{
    DynamicImage, GrayImage, ImageBuffer, ImageDecoder, ImageError, ImageReader, Luma, LumaA, Rgb,
    RgbImage, Rgba,
};

use crate::Error;
use crate::data::files::io_error;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = &[0xff, 0xd8];

/// Reads one image, in grey or colour, of 8 or 16 bits; its format is told from its first bytes. It is turned as its Exif
/// data say, and what is transparent is laid on white, or on black where all that is visible is white.
pub(super) fn decode(path: &Path) -> Result<DynamicImage, Error> {
    let io = |source| io_error(path, source);
    let bytes = fs::read(path).map_err(io)?;
    check_whole(path, &bytes)?;
    let (size, most) = (bytes.len(), most_pixels(&bytes));
    let unreadable = |error| match error {
        ImageError::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => truncated(path),
        error => Error::Format {
            path: path.into(),
            message: format!("is no image that can be read ({error}): fetch it again or remove it"),
        },
    };
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(io)?;
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > most {
        return Err(Error::Format {
            path: path.into(),
            message: format!(
                "claims {height}×{width} pixels (height × width), which {size} bytes can't hold: the file is cut off or damaged, fetch it again or remove it"
            ),
        });
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
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
