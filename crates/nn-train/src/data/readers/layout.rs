//! Which side of an array is what: examples × channels × height × width as libtorch has images, or examples × height × width ×
//! channels as most programs save them.

use std::path::Path;

use crate::Error;
use crate::data::examples::InputShape;
use crate::data::spec::ImageShape;

/// What an example looks like, and in which order its numbers are to be taken so that channels come first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) shape: InputShape,
    pub(super) order: Order,
}

/// The order in which the numbers of an example are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    /// As they stand in the file.
    AsStored,
    /// So many channels stand together for each pixel: all pixels' first numbers are taken before their second.
    ChannelsLast(usize),
}

/// Channels that pictures have: grey, colour, colour with transparency.
const USUAL: [u32; 3] = [1, 3, 4];

/// Tells the layout of an array of sizes `sizes`, examples first, from the image that was declared, else from the sizes.
pub(super) fn of(path: &Path, sizes: &[usize], asked: Option<ImageShape>) -> Result<Layout, Error> {
    let refuse = |message: String| Error::Format {
        path: path.into(),
        message,
    };
    let sides: Option<Vec<u32>> = (sizes.iter().skip(1))
        .map(|&side| u32::try_from(side).ok().filter(|side| *side > 0))
        .collect();
    // A side of 0, or one too large, fits nothing that is asked for or guessed.
    let sides = sides.unwrap_or_default();
    let image = |shape: [u32; 3], order| Layout {
        shape: InputShape::Image(shape.into()),
        order,
    };
    let last = |channels: u32| Order::ChannelsLast(channels as usize);
    match (sides.as_slice(), asked) {
        // Numbers in a row are laid out as the declaration says, channel by channel.
        (&[features], _) => Ok(Layout {
            shape: InputShape::Features(features),
            order: Order::AsStored,
        }),
        (&[height, width], None) => Ok(image([1, height, width], Order::AsStored)),
        (&[a, b, c], None) => match guess([a, b, c]) {
            Some(true) => Ok(image([c, a, b], last(c))),
            Some(false) => Ok(image([a, b, c], Order::AsStored)),
            None => Err(refuse(format!(
                "has examples of sizes {a} × {b} × {c}, and either the first or the last may be the channels: give image = [{a}, {b}, {c}] or image = [{c}, {a}, {b}], which is [channels, height, width]"
            ))),
        },
        ([_, _] | [_, _, _], Some(asked)) => match fit(&sides, asked) {
            (true, true) => Err(refuse(format!(
                "has examples of sizes {}, so that either the first or the last may be the channels: save it as examples × {} numbers, channel by channel",
                product(&sides),
                asked.len()
            ))),
            (true, false) => Ok(image(asked.into(), Order::AsStored)),
            (false, true) => Ok(image(asked.into(), last(asked.channels))),
            (false, false) => Err(refuse(format!(
                "has examples of sizes {}, which image = {:?} fits neither with its channels first nor last: give [channels, height, width] as they are in the file",
                product(&sides),
                <[u32; 3]>::from(asked)
            ))),
        },
        _ => Err(refuse(format!(
            "has sizes {sizes:?}: use examples × features, examples × height × width, or examples × channels × height × width"
        ))),
    }
}

/// Whether the sides of an example are those of an image with its channels first, and with its channels last; where both come to
/// the same, they are first.
fn fit(sides: &[u32], image: ImageShape) -> (bool, bool) {
    let ImageShape {
        channels,
        height,
        width,
    } = image;
    let pixels = height.checked_mul(width);
    let (is_first, is_last) = match *sides {
        [a, b] => (
            (channels == 1 && [a, b] == [height, width]) || (a == channels && Some(b) == pixels),
            Some(a) == pixels && b == channels,
        ),
        _ => (
            sides == [channels, height, width],
            sides == [height, width, channels],
        ),
    };
    if channels == 1 || pixels == Some(1) {
        (is_first || is_last, false)
    } else {
        (is_first, is_last)
    }
}

fn product(sides: &[u32]) -> String {
    let sides: Vec<String> = sides.iter().map(u32::to_string).collect();
    sides.join(" × ")
}

/// Whether the last of three sides is the channels, where it can be told. What has the usual number of channels at its end alone is
/// a picture, unless its first two sides could be channels and a height that equals its width: features of 64 × 4 × 4 are not a
/// picture of 64 × 4 pixels.
fn guess([a, b, c]: [u32; 3]) -> Option<bool> {
    match (USUAL.contains(&a), USUAL.contains(&c)) {
        (_, false) => Some(false),
        (false, true) if b != c => Some(true),
        _ if [a, b, c] == [1, 1, 1] => Some(false),
        _ => None,
    }
}
