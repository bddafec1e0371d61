//! What a click on an evaluation shows: its drawing, curve, message and log.

use nn_graph::Network;
use nn_graph::draw::{Layout, fill};
use nn_train::data::Metric;
use serde::Serialize;

use super::fold::Folded;
use super::rounded::rounded;
use crate::backend::end_of_log;
use crate::report::{Curve, clean, clean_line};

/// Points of a curve at most: of longer trainings every so many epochs.
const MOST_EPOCHS: usize = 100;
/// Layers that a page draws at most: drawings of larger ones take `nasbot draw`.
const MOST_LAYERS: usize = 400;

/// One evaluation in detail.
#[derive(Clone, Debug, Serialize)]
pub struct DetailData {
    #[serde(skip_serializing_if = "Option::is_none")]
    drawing: Option<Drawing>,
    /// Epochs: number, training loss, figure on the validation data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    curve: Vec<(u32, f64, Option<f64>)>,
    /// Further figures by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    figures: Vec<(String, f64)>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The end of its log.
    #[serde(skip_serializing_if = "String::is_empty")]
    log: String,
    seed: String,
}

/// A drawing as numbers, a quarter of the size of its SVG.
#[derive(Clone, Debug, Serialize)]
pub struct Drawing {
    /// Width and height.
    size: (i32, i32),
    /// Boxes: x and y of the centre, width, label, colour.
    boxes: Vec<(i32, i32, i32, String, &'static str)>,
    /// Edges: from, to, then x and y of what they pass.
    edges: Vec<Vec<i32>>,
}

impl Drawing {
    /// The drawing of a network; `None` where it is too large for a page.
    #[must_use]
    pub fn new(network: &Network) -> Option<Self> {
        if network.len() > MOST_LAYERS {
            return None;
        }
        let layout = Layout::new(network);
        let whole = |x: f64| x.round() as i32;
        let boxes = (network.layers().iter().zip(&layout.boxes))
            .zip(&layout.widths)
            .map(|((layer, at), &width)| {
                (
                    whole(at.0),
                    whole(at.1),
                    whole(width),
                    layer.to_string(),
                    fill(*layer),
                )
            });
        let edges = (network.edges().iter().zip(&layout.waypoints)).map(|(edge, passed)| {
            let ends = [edge.0 as i32, edge.1 as i32].into_iter();
            let points = passed.iter().flat_map(|at| [whole(at.0), whole(at.1)]);
            ends.chain(points).collect()
        });
        Some(Self {
            size: (whole(layout.width), whole(layout.height)),
            boxes: boxes.collect(),
            edges: edges.collect(),
        })
    }
}

impl DetailData {
    /// The evaluation with this number, if there is one, with the last `log` bytes of its log.
    #[must_use]
    pub fn new(folded: &Folded, id: u64, log: usize) -> Option<Self> {
        let record = folded.ledger.record(id)?;
        let metric = folded.ledger.metric();
        let network = record.suggestion.candidate.network();
        let detail = record.detail.as_ref();
        Some(Self {
            // What is wrong with a network that cannot be read is said in its sketch.
            drawing: network.ok().and_then(Drawing::new),
            curve: curve(folded, id, metric),
            figures: detail.map_or_else(Vec::new, |detail| {
                let figures = detail.metrics.iter();
                figures
                    .map(|(name, &x)| (clean_line(name), rounded(x)))
                    .collect()
            }),
            message: (detail.and_then(|detail| detail.message.as_deref())).map(clean),
            log: clean(&end_of_log(&folded.place.log(id), log)),
            seed: record.suggestion.seed.to_string(),
        })
    }
}

fn curve(folded: &Folded, id: u64, metric: Option<Metric>) -> Vec<(u32, f64, Option<f64>)> {
    let epochs = usize::try_from(id)
        .ok()
        .and_then(|id| folded.curves.get(id));
    let Some(epochs) = epochs.map(Curve::points) else {
        return Vec::new();
    };
    let every = epochs.len().div_ceil(MOST_EPOCHS).max(1);
    let last = epochs.len().saturating_sub(1);
    let figure = |score: f64| rounded(metric.map_or(score, |metric| metric.figure(score)));
    (epochs.iter().enumerate())
        .filter(|(place, _)| place % every == 0 || *place == last)
        .map(|(_, epoch)| (epoch.epoch, rounded(epoch.loss), epoch.score.map(figure)))
        .collect()
}
