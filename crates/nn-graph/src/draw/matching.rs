//! Two networks side by side, with what matches between them.

use super::layout::Layout;
use super::svg::{CAPTION, Frame, MARGIN, Picture};
use super::{caption, tooltip};
use crate::Network;

/// Space between the two networks.
const GAP: f64 = 240.0;

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

/// `a` on the left, `b` on the right, lines between layers that match. A line is the stronger, the
/// more of the two layers' mass it moves; a bar in each box shows how much of the layer is
/// matched, and a box of which less than half is matched has a dashed red frame. Matches with
/// layers that do not exist are left out.
#[must_use]
pub fn svg_matching(a: &Network, b: &Network, matching: &[Match]) -> String {
    let (left, right) = (Layout::new(a), Layout::new(b));
    let width = left.width.max(200.0) + GAP + right.width.max(200.0) + 2.0 * MARGIN;
    let height = left.height.max(right.height) + 2.0 * MARGIN + CAPTION;
    let mut picture = Picture::new(width, height);
    let at_a = (MARGIN + (left.width.max(200.0) - left.width) / 2.0, MARGIN);
    let at_b = (
        width - MARGIN - right.width - (right.width.max(200.0) - right.width) / 2.0,
        MARGIN,
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
             fill=\"none\" stroke=\"#339af0\" stroke-width=\"{:.1}\" stroke-opacity=\"{:.2}\">\
             <title>{} — {} — mass {:.0} moved</title></path>",
            0.8 + 2.2 * share.min(1.0),
            0.2 + 0.7 * share.min(1.0),
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
    picture.caption(at_a.0 + left.width / 2.0, &caption(a));
    picture.caption(at_b.0 + right.width / 2.0, &caption(b));
    picture.caption(width / 2.0, "dashed: less than half matched");
    picture.finish()
}
