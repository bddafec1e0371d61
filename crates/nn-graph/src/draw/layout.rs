//! Where boxes and edges go: layers in rows by their distance from the input, from top to bottom,
//! ordered and placed within rows by rust-sugiyama.
//!
//! Edges that pass rows get a waypoint in each, so that they run between boxes, not through them. A network that is
//! too large for that is drawn plainly: the layers of a row side by side, edges straight.

use rust_sugiyama::configure::Config;
use rust_sugiyama::from_vertices_and_edges;

use crate::Network;
use crate::dag::End;

/// Height of a box.
pub const BOX_HEIGHT: f64 = 24.0;
const SPACING: f64 = 18.0;
/// Room beside a waypoint.
const WAYPOINT_WIDTH: f64 = 4.0;
const LETTER_WIDTH: f64 = 6.9;
/// Boxes and waypoints that are ordered and placed with care: more of them take many seconds.
const MOST_PLACED: usize = 20_000;
/// Rows that are placed with care: the placing recurses as deep as there are rows.
const MOST_ROWS: u32 = 2000;

/// Where the boxes and edges of a drawing go, for programs that draw by themselves: x to the right and y down from 0, in
/// units of which a letter of the labels is about 7 wide and 12 high.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Width of the whole.
    pub width: f64,
    /// Height of the whole.
    pub height: f64,
    /// Centres of the boxes, one for each layer; a box is [`BOX_HEIGHT`] high.
    pub boxes: Vec<(f64, f64)>,
    /// Widths of the boxes.
    pub widths: Vec<f64>,
    /// For each edge, in the network's order, the points that it passes between its ends.
    pub waypoints: Vec<Vec<(f64, f64)>>,
}

/// Width of the box that holds `label`.
fn box_width(label: &str) -> f64 {
    18.0 + LETTER_WIDTH * label.chars().count() as f64
}

impl Layout {
    /// The layout of a network, as the drawings have it.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        let rows = network.dag().lengths(End::Sources, |_| true).longest;
        let widths: Vec<f64> = (network.layers().iter())
            .map(|layer| box_width(&layer.to_string()))
            .collect();
        let passed = |&(from, to): &(usize, usize)| (rows[to] - rows[from]) as usize - 1;
        let waypoints: usize = network.edges().iter().map(passed).sum();
        let last = rows.iter().copied().max();
        if network.len() + waypoints > MOST_PLACED || last > Some(MOST_ROWS) {
            Self::plain(network, &rows, widths)
        } else {
            Self::careful(network, &rows, widths)
        }
    }

    /// The layers of a row side by side about the middle, edges straight. O(n + m).
    fn plain(network: &Network, rows: &[u32], widths: Vec<f64>) -> Self {
        let last = rows.iter().max().map_or(0, |&row| row as usize);
        let mut used = vec![0.0; last + 1];
        for (&row, width) in rows.iter().zip(&widths) {
            used[row as usize] += width + SPACING;
        }
        let width = used.iter().copied().fold(0.0, f64::max) - SPACING;
        let pitch = BOX_HEIGHT + 3.0 * SPACING;
        // Where the next box of each row begins.
        let mut next: Vec<f64> = (used.iter())
            .map(|used| (width - (used - SPACING)) / 2.0)
            .collect();
        let boxes = (rows.iter().zip(&widths))
            .map(|(&row, width)| {
                let left = next[row as usize];
                next[row as usize] += width + SPACING;
                (
                    left + width / 2.0,
                    f64::from(row) * pitch + BOX_HEIGHT / 2.0,
                )
            })
            .collect();
        Self {
            width,
            height: last as f64 * pitch + BOX_HEIGHT,
            boxes,
            widths,
            waypoints: vec![Vec::new(); network.edges().len()],
        }
    }

    /// Boxes and waypoints ordered and placed so that few edges cross.
    fn careful(network: &Network, rows: &[u32], widths: Vec<f64>) -> Self {
        let n = network.len();
        let mut vertices: Vec<(u32, (f64, f64))> = (0_u32..)
            .zip(&widths)
            .map(|(id, &width)| (id, (width, BOX_HEIGHT)))
            .collect();
        let mut segments: Vec<(u32, u32)> = Vec::new();
        let mut passed: Vec<Vec<usize>> = Vec::new();
        for &(from, to) in network.edges() {
            let mut waypoints = Vec::new();
            let mut end = from;
            for _ in rows[from] + 1..rows[to] {
                let id = vertices.len();
                vertices.push((id as u32, (WAYPOINT_WIDTH, BOX_HEIGHT)));
                segments.push((end as u32, id as u32));
                waypoints.push(id);
                end = id;
            }
            segments.push((end as u32, to as u32));
            passed.push(waypoints);
        }
        let config = Config {
            vertex_spacing: SPACING,
            ..Config::default()
        };
        let mut places = vec![(0.0, 0.0); vertices.len()];
        // A network is connected, so that there is one layout.
        for (placed, _, _) in from_vertices_and_edges(&vertices, &segments, &config) {
            for (id, place) in placed {
                places[id] = place;
            }
        }
        let left = |v: usize| places[v].0 - vertices[v].1.0 / 2.0;
        let right = |v: usize| places[v].0 + vertices[v].1.0 / 2.0;
        let all = || 0..vertices.len();
        let min_x = all().map(left).fold(f64::INFINITY, f64::min);
        let max_x = all().map(right).fold(f64::NEG_INFINITY, f64::max);
        // In a wide drawing rows stand further apart, lest edges run level.
        let pitch = BOX_HEIGHT + SPACING.max((max_x - min_x) / 50.0).min(3.0 * SPACING);
        let at = |v: usize| {
            let row = f64::from(if v < n { rows[v] } else { 0 });
            (places[v].0 - min_x, row * pitch + BOX_HEIGHT / 2.0)
        };
        let waypoints = (passed.iter().zip(network.edges()))
            .map(|(passed, &(from, _))| {
                (passed.iter().enumerate())
                    .map(|(i, &v)| (at(v).0, at(from).1 + (i + 1) as f64 * pitch))
                    .collect()
            })
            .collect();
        let last = rows.iter().max().copied().unwrap_or(0);
        Self {
            width: max_x - min_x,
            height: f64::from(last) * pitch + BOX_HEIGHT,
            boxes: (0..n).map(at).collect(),
            widths,
            waypoints,
        }
    }
}
