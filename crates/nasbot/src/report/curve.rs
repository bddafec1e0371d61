//! How a training went: its figures by epoch, and the same in a few characters.

use std::collections::BTreeMap;

use crate::study::{Event, Progress, Stamped};

/// The bars of a drawn curve, the lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The figures of a training by epoch, as far as they were recorded.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    points: Vec<Progress>,
}

impl Curve {
    /// Takes an epoch in. One that is not later than what is known begins again: the training was stopped meanwhile.
    pub fn add(&mut self, progress: &Progress) {
        while (self.points.last()).is_some_and(|last| last.epoch >= progress.epoch) {
            self.points.pop();
        }
        self.points.push(*progress);
    }

    /// The epochs.
    #[must_use]
    pub fn points(&self) -> &[Progress] {
        &self.points
    }

    /// The scores by epoch, higher being better, in at most so many characters; of a training without scores on the way its
    /// losses, which fall.
    #[must_use]
    pub fn drawn(&self, width: usize) -> String {
        let scores: Vec<f64> = self.points.iter().filter_map(|point| point.score).collect();
        if scores.is_empty() {
            let losses: Vec<f64> = self.points.iter().map(|point| point.loss).collect();
            return bars(&losses, width);
        }
        bars(&scores, width)
    }
}

/// Values as bars between the lowest and the highest of them; of more values than fit, means of neighbours.
fn bars(values: &[f64], width: usize) -> String {
    let values: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    let columns = width.min(values.len());
    let mean = |column: usize| {
        let (from, to) = (
            column * values.len() / columns,
            (column + 1) * values.len() / columns,
        );
        let part = &values[from..to];
        part.iter().sum::<f64>() / part.len() as f64
    };
    let means: Vec<f64> = (0..columns).map(mean).collect();
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: &f64| {
        let share = match high > low {
            true => (value - low) / (high - low),
            false => 0.5,
        };
        let at = (share * (BARS.len() - 1) as f64).round() as usize;
        BARS[at.min(BARS.len() - 1)]
    };
    means.iter().map(bar).collect()
}

/// The curves of evaluations that a history tells of, those that `wanted` names.
pub fn curves<'a>(
    events: impl IntoIterator<Item = &'a Stamped>,
    wanted: impl Fn(u64) -> bool,
) -> BTreeMap<u64, Curve> {
    let mut curves: BTreeMap<u64, Curve> = BTreeMap::new();
    for stamped in events {
        if let Event::Progress(progress) = &stamped.event
            && wanted(progress.id)
        {
            curves.entry(progress.id).or_default().add(progress);
        }
    }
    curves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(epoch: u32, score: Option<f64>) -> Progress {
        Progress {
            id: 0,
            epoch,
            epochs: 8,
            loss: 1.0 / f64::from(epoch),
            score,
        }
    }

    #[test]
    fn a_curve_is_drawn_from_its_lowest_to_its_highest_value() {
        let mut curve = Curve::default();
        for epoch in 1..=8 {
            curve.add(&point(epoch, Some(f64::from(epoch))));
        }
        assert_eq!(curve.drawn(20), "▁▂▃▄▅▆▇█");
        // Means of 1.5, 3.5, 5.5 and 7.5.
        assert_eq!(curve.drawn(4), "▁▃▆█");
        assert_eq!(curve.drawn(0), "");
    }

    #[test]
    fn a_training_that_began_again_is_drawn_once() {
        let mut curve = Curve::default();
        for epoch in [1, 2, 3, 1, 2] {
            curve.add(&point(epoch, None));
        }
        assert_eq!(curve.points().len(), 2);
        assert_eq!(curve.drawn(9), "█▁");
    }

    #[test]
    fn values_that_are_the_same_or_no_numbers_are_drawn_too() {
        let mut curve = Curve::default();
        curve.add(&point(1, Some(f64::NAN)));
        assert_eq!(curve.drawn(9), "");
        curve.add(&point(2, Some(0.5)));
        curve.add(&point(3, Some(0.5)));
        assert_eq!(curve.drawn(9), "▅▅");
    }
}
