//! Drawings as PNG: the SVG, rendered by resvg with a font that is part of the program. Behind the feature `png`.

use std::path::Path;

use crate::error::Error;

/// Whether a path ends in `.png`.
pub(crate) fn is_png(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("png"))
}

/// Says how a drawing can be had.
#[cfg(not(feature = "png"))]
pub(crate) fn png(_: &str) -> Result<Vec<u8>, Error> {
    Err(Error::Picture {
        message: "this program was built without the feature png: write it as .svg".to_owned(),
    })
}

/// Renders a drawing on white, two pixels for a unit.
#[cfg(feature = "png")]
pub(crate) fn png(svg: &str) -> Result<Vec<u8>, Error> {
    use resvg::{tiny_skia, usvg};

    /// Latin letters of DejaVu Sans.
    const FONT: &[u8] = include_bytes!("../fonts/sans.ttf");
    const FAMILY: &str = "DejaVu Sans";
    const SCALE: f32 = 2.0;
    /// Pixels in all, at most: four bytes each.
    const MOST_PIXELS: f32 = 1e8;

    let failed = |message: String| Error::Picture { message };
    let mut options = usvg::Options {
        font_family: FAMILY.to_owned(),
        ..usvg::Options::default()
    };
    let fonts = options.fontdb_mut();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| failed(error.to_string()))?;
    let (width, height) = (tree.size().width() * SCALE, tree.size().height() * SCALE);
    let too_large = || {
        failed(format!(
            "it would have {width} × {height} pixels: write it as .svg"
        ))
    };
    if width * height > MOST_PIXELS {
        return Err(too_large());
    }
    let size = (width.ceil() as u32, height.ceil() as u32);
    let mut pixels = tiny_skia::Pixmap::new(size.0, size.1).ok_or_else(too_large)?;
    pixels.fill(tiny_skia::Color::WHITE);
    let transform = tiny_skia::Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    pixels
        .encode_png()
        .map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
#[cfg(feature = "png")]
mod tests {
    use super::*;

    /// Pixels that are nearly black.
    fn dark(svg: &str) -> usize {
        let png = png(svg).unwrap();
        let pixels = resvg::tiny_skia::Pixmap::decode_png(&png).unwrap();
        let is_dark = |p: &&resvg::tiny_skia::PremultipliedColorU8| {
            u32::from(p.red()) + u32::from(p.green()) + u32::from(p.blue()) < 120
        };
        pixels.pixels().iter().filter(is_dark).count()
    }

    #[test]
    fn text_is_drawn_where_no_font_is_installed() {
        let svg = |text: &str| {
            format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='30' \
                 font-family='Helvetica, Arial, sans-serif' font-size='12'><text x='5' y='20' fill='#111111'>{text}</text></svg>"
            )
        };
        assert_eq!(dark(&svg("")), 0);
        let one = dark(&svg("conv3"));
        assert!(one > 50, "{one}");
        assert!(dark(&svg("conv3, 64, /2")) > one + 50);
    }

    #[test]
    fn what_is_no_drawing_or_too_large_is_an_error() {
        assert!(png("<svg").is_err());
        let huge = "<svg xmlns='http://www.w3.org/2000/svg' width='90000' height='90000'/>";
        assert!(png(huge).unwrap_err().to_string().contains(".svg"));
    }
}
