//! One network as SVG.

use std::fmt::Write as _;

use super::layout::{BOX_HEIGHT, Layout};
use super::{caption, fill, tooltip};
use crate::Network;

/// Space around the drawing.
pub(super) const MARGIN: f64 = 14.0;
/// Height of the caption.
pub(super) const CAPTION: f64 = 20.0;
/// Grey that reads on white and on black.
pub(super) const GREY: &str = "#808080";

/// The network as a picture, layers from top to bottom. Everything known of a layer is in its
/// tooltip.
#[must_use]
pub fn svg(network: &Network) -> String {
    let layout = Layout::new(network);
    let mut picture = Picture::new(
        layout.width.max(220.0) + 2.0 * MARGIN,
        layout.height + 2.0 * MARGIN + CAPTION,
    );
    let x = (picture.width - layout.width) / 2.0;
    picture.edges(network, &layout, (x, MARGIN));
    picture.boxes(network, &layout, (x, MARGIN), &|_| Frame::Plain);
    picture.caption(picture.width / 2.0, &caption(network));
    picture.finish()
}

/// How a box is framed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Frame {
    Plain,
    /// Matched in this share, from 0 to 1.
    Matched(f64),
}

/// Text as it may stand in XML: without a character that is none there, and with those escaped that mean something.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}')
            }
            letter if letter.is_control() => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

/// An SVG being written.
pub(super) struct Picture {
    pub(super) width: f64,
    height: f64,
    body: String,
}

impl Picture {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// Appends an element. Writing to a string can't fail.
    pub(super) fn push(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    pub(super) fn edges(&mut self, network: &Network, layout: &Layout, offset: (f64, f64)) {
        for (&(from, to), waypoints) in network.edges().iter().zip(&layout.waypoints) {
            let (start, end) = (layout.boxes[from], layout.boxes[to]);
            let mut at = (start.0 + offset.0, start.1 + offset.1 + BOX_HEIGHT / 2.0);
            let mut path = format!("M{:.1} {:.1}", at.0, at.1);
            let tip = (end.0, end.1 - BOX_HEIGHT / 2.0 - 1.0);
            for &(x, y) in waypoints.iter().chain([&tip]) {
                let next = (x + offset.0, y + offset.1);
                let middle = f64::midpoint(at.1, next.1);
                let _ = write!(
                    path,
                    "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}",
                    at.0, next.0, next.0, next.1
                );
                at = next;
            }
            self.push(format_args!(
                r#"<path d="{path}" fill="none" stroke="{GREY}" stroke-width="1.3" marker-end="url(#tip)"/>"#
            ));
        }
    }

    pub(super) fn boxes(
        &mut self,
        network: &Network,
        layout: &Layout,
        offset: (f64, f64),
        frame: &dyn Fn(usize) -> Frame,
    ) {
        for (i, &layer) in network.layers().iter().enumerate() {
            let (x, y) = (layout.boxes[i].0 + offset.0, layout.boxes[i].1 + offset.1);
            let width = layout.widths[i];
            let (left, top) = (x - width / 2.0, y - BOX_HEIGHT / 2.0);
            let stroke = match frame(i) {
                Frame::Matched(share) if share < 0.5 => {
                    r##"stroke="#e03131" stroke-width="2.2" stroke-dasharray="5 3""##
                }
                _ => r##"stroke="#555555" stroke-opacity="0.5""##,
            };
            let (fill, tooltip) = (fill(layer), tooltip(network, i));
            self.push(format_args!(
                "<g><title>{tooltip}</title>\
                 <rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{BOX_HEIGHT}\" \
                 rx=\"5\" fill=\"{fill}\" {stroke}/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#111111\">{layer}</text>",
                y + 4.0
            ));
            if let Frame::Matched(share) = frame(i) {
                // How much of the layer is matched, along the foot of its box.
                self.push(format_args!(
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"2.5\" fill=\"#1971c2\"/>",
                    left + 4.0,
                    top + BOX_HEIGHT - 3.5,
                    (width - 8.0) * share.clamp(0.0, 1.0)
                ));
            }
            self.push(format_args!("</g>"));
        }
    }

    /// A line of text at the foot, centred at `x`.
    pub(super) fn caption(&mut self, x: f64, text: &str) {
        self.text(x, self.height - MARGIN / 2.0, text);
    }

    /// A line of text that begins at `x`; as [`Self::text`].
    pub(super) fn label(&mut self, x: f64, y: f64, text: &str) {
        self.push(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" fill="{GREY}">{text}</text>"#
        ));
    }

    /// A line of text, centred at `x`; what may hold `<` or `&` has been escaped.
    pub(super) fn text(&mut self, x: f64, y: f64, text: &str) {
        self.push(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="middle" fill="{GREY}">{text}</text>"#
        ));
    }

    pub(super) fn finish(self) -> String {
        let Self {
            width,
            height,
            body,
        } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.1} {height:.1}\" font-family=\"Helvetica, Arial, sans-serif\" \
             font-size=\"12\">\n\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" \
             markerHeight=\"6\" orient=\"auto\"><path d=\"M0 0.5L8 4L0 7.5z\" fill=\"{GREY}\"/>\
             </marker></defs>\n{body}</svg>\n"
        )
    }
}
