//! Two networks side by side, with what matches between them.

use super::layout::Layout;
use super::svg::{CAPTION, Frame, GREY, MARGIN, Picture, escaped};
use super::{caption, tooltip};
use crate::Network;

/// Space between the two networks.
const GAP: f64 = 240.0;
/// Height of the names above them, and of the legend below.
const HEADING: f64 = 46.0;
const LEGEND: f64 = 62.0;
/// Room that a name has, in letters.
const LONGEST_NAME: usize = 34;

/// What is written above a matching. It may come from anybody: it is escaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Titles<'a> {
    /// The name of the first network.
    pub a: &'a str,
    /// The name of the second network.
    pub b: &'a str,
    /// What stands between the two: how far they are apart.
    pub between: &'a str,
}

/// Mass that is moved from a layer of one network to a layer of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Layer of the first network.
    pub a: usize,
    /// Layer of the second network.
    pub b: usize,
    /// Mass, in the units of [`Network::masses`].
    pub mass: f64,
}

/// `a` on the left, `b` on the right under their names, lines between layers that match, and what all of that means below. A
/// line is the stronger, the more of the two layers' mass it moves; a bar in each box shows how much of the layer is
/// matched, and a box of which less than half is matched has a dashed red frame. Matches with
/// layers that do not exist are left out.
#[must_use]
pub fn svg_matching(a: &Network, b: &Network, matching: &[Match], titles: &Titles<'_>) -> String {
    let (left, right) = (Layout::new(a), Layout::new(b));
    let wide = |layout: &Layout| layout.width.max(200.0);
    let width = wide(&left) + GAP + wide(&right) + 2.0 * MARGIN;
    let tallest = left.height.max(right.height);
    let height = tallest + 2.0 * MARGIN + HEADING + CAPTION + LEGEND;
    let mut picture = Picture::new(width, height);
    let top = MARGIN + HEADING;
    let at_a = (MARGIN + (wide(&left) - left.width) / 2.0, top);
    let at_b = (
        width - MARGIN - right.width - (wide(&right) - right.width) / 2.0,
        top,
    );
    let matches = || (matching.iter()).filter(|m| m.a < a.len() && m.b < b.len() && m.mass > 0.0);
    picture.edges(a, &left, at_a);
    picture.edges(b, &right, at_b);
    for m in matches() {
        let share = m.mass / a.masses()[m.a].max(b.masses()[m.b]).max(f64::MIN_POSITIVE);
        let (x1, y1) = left.boxes[m.a];
        let (x2, y2) = right.boxes[m.b];
        // Lines of neighbours in a row leave at different heights.
        let leaves = 6.0 * ((m.a % 3) as f64 - 1.0);
        let (x1, y1) = (x1 + left.widths[m.a] / 2.0 + at_a.0, y1 + at_a.1 + leaves);
        let (x2, y2) = (x2 - right.widths[m.b] / 2.0 + at_b.0, y2 + at_b.1 + leaves);
        let middle = f64::midpoint(x1, x2);
        picture.push(format_args!(
            "<path d=\"M{x1:.1} {y1:.1}C{middle:.1} {y1:.1} {middle:.1} {y2:.1} {x2:.1} {y2:.1}\" \
             fill=\"none\" {}>\
             <title>{} — {} — mass {:.0} moved</title></path>",
            stroke(share),
            tooltip(a, m.a),
            tooltip(b, m.b),
            m.mass
        ));
    }
    let share = |network: &Network, i: usize, moved: f64| {
        Frame::Matched(moved / network.masses()[i].max(f64::MIN_POSITIVE))
    };
    let moved =
        |of: &dyn Fn(&Match) -> bool| -> f64 { matches().filter(|&m| of(m)).map(|m| m.mass).sum() };
    picture.boxes(a, &left, at_a, &|i| share(a, i, moved(&|m| m.a == i)));
    picture.boxes(b, &right, at_b, &|j| share(b, j, moved(&|m| m.b == j)));
    let middle_a = MARGIN + wide(&left) / 2.0;
    let middle_b = width - MARGIN - wide(&right) / 2.0;
    for (x, name, network) in [(middle_a, titles.a, a), (middle_b, titles.b, b)] {
        title(&mut picture, x, name);
        picture.text(x, top + tallest + CAPTION, &caption(network));
    }
    picture.text(width / 2.0, MARGIN + 12.0, &shortened(titles.between));
    legend(&mut picture, top + tallest + CAPTION + 24.0);
    picture.finish()
}

/// The line of a match that moves this share of the larger layer's mass.
fn stroke(share: f64) -> String {
    let share = share.min(1.0);
    format!(
        "stroke=\"#339af0\" stroke-width=\"{:.1}\" stroke-opacity=\"{:.2}\"",
        0.8 + 2.2 * share,
        0.2 + 0.7 * share
    )
}

fn title(picture: &mut Picture, x: f64, name: &str) {
    let name = shortened(name);
    picture.push(format_args!(
        r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle" font-size="14" font-weight="bold" fill="{GREY}">{name}</text>"#,
        MARGIN + 12.0
    ));
}

/// A name in the room that it has, escaped. Of a longer one the end is kept, which tells files of a folder apart.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= LONGEST_NAME {
        return escaped(name);
    }
    let end: String = name.chars().skip(count + 1 - LONGEST_NAME).collect();
    format!("…{}", escaped(&end))
}

/// What lines, bars and frames mean, in two rows about the middle.
fn legend(picture: &mut Picture, y: f64) {
    let x = picture.width / 2.0 - 190.0;
    for (row, share, text) in [
        (0.0, 1.0, "moves all of a layer's mass"),
        (1.0, 0.1, "moves little of it"),
    ] {
        let y = y + 18.0 * row;
        picture.push(format_args!(
            "<path d=\"M{x:.1} {y:.1}h30\" fill=\"none\" {}/>",
            stroke(share)
        ));
        picture.label(x + 36.0, y + 4.0, text);
    }
    let x = picture.width / 2.0 + 22.0;
    picture.push(format_args!(
        "<path d=\"M{x:.1} {y:.1}h30\" stroke=\"#1971c2\" stroke-width=\"2.5\"/>"
    ));
    picture.label(x + 36.0, y + 4.0, "how much of a layer is matched");
    picture.push(format_args!(
        "<path d=\"M{x:.1} {:.1}h30\" stroke=\"#e03131\" stroke-width=\"2.2\" stroke-dasharray=\"5 3\"/>",
        y + 18.0
    ));
    picture.label(x + 36.0, y + 22.0, "less than half matched");
}
