//! One evaluation whole: what was evaluated, why, where, how it went and what came out, with its log.

use std::fs;

use super::curve::Curve;
use super::dates::date;
use super::listing::Listing;
use super::summary::Row;
use super::text::{self, clean, clean_line, number, seconds, sketch_of, table};
use super::{json, named, origin, score};
use crate::error::Error;
use crate::study::{Place, Record};

/// How wide a curve is drawn.
const CURVE: usize = 40;

impl Listing<'_> {
    /// One evaluation whole, for a person.
    ///
    /// # Errors
    ///
    /// Its network can't be written as JSON.
    pub fn whole(&self, record: &Record, place: &Place) -> Result<String, Error> {
        let id = record.suggestion.id;
        let mut rows = Vec::new();
        let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
        let state = Row::new(record, self.is_owned(), self.metric()).state();
        row("evaluation", format!("#{id}, {state}"));
        match (record.score(), record.failure(), &record.detail) {
            (Some(value), _, Some(detail)) => row("result", score(value, detail, self.metric())),
            (_, Some(failure), _) => row("result", text::failure(failure).to_owned()),
            _ => {}
        }
        let message = record
            .detail
            .as_ref()
            .and_then(|detail| detail.message.as_deref());
        for (i, line) in message
            .map(clean)
            .iter()
            .flat_map(|text| text.lines())
            .enumerate()
        {
            row(if i == 0 { "message" } else { "" }, line.to_owned());
        }
        row("network", sketch_of(record));
        row("from", origin(&record.suggestion.origin, self.metric()));
        row("seed", record.suggestion.seed.to_string());
        if let Ok(network) = record.suggestion.candidate.network() {
            let parameters = record.detail.as_ref().and_then(|detail| detail.parameters);
            let parameters = parameters.map_or_else(String::new, |n| {
                format!(", {} parameters", text::grouped(n))
            });
            row(
                "size",
                format!(
                    "{} layers, mass {}{parameters}",
                    network.len(),
                    number(network.total_mass())
                ),
            );
        }
        if let Some(device) = self.device(id) {
            row("device", clean_line(device));
        }
        row("time", self.time(record));
        for (i, (epochs, value)) in record.rungs.iter().enumerate() {
            let value = named(*value, None, self.metric());
            let epochs = text::counted(*epochs as usize, "epoch");
            row(
                if i == 0 { "rungs" } else { "" },
                format!("{value} after {epochs}"),
            );
        }
        if let Some(curve) = self.curve(id).filter(|curve| !curve.points().is_empty()) {
            row("curve", curve.drawn(CURVE));
            row("", self.course(curve));
        }
        if let Some(detail) = &record.detail {
            let figures = detail.metrics.iter();
            for (i, (name, value)) in figures.enumerate() {
                let name = clean_line(name);
                row(
                    if i == 0 { "figures" } else { "" },
                    format!("{name} {}", number(*value)),
                );
            }
            if let Some(worker) = &detail.worker {
                row("worker", clean_line(worker));
            }
        }
        let network = json(&record.suggestion.candidate)?;
        let path = place.log(id);
        // A log that is not there, or can't be read, is not shown.
        let bytes = fs::read(&path).unwrap_or_default();
        let log = clean(&String::from_utf8_lossy(&bytes));
        let log = match log.trim_end() {
            "" => String::new(),
            text => format!("\n\n{}:\n{text}", path.display()),
        };
        Ok(format!("{}\n\n{network}{log}", table(&rows, &[])))
    }

    /// How long it took, and when.
    fn time(&self, record: &Record) -> String {
        let spent = record.detail.as_ref().map(|detail| seconds(detail.seconds));
        let (began, ended) = self.times(record.suggestion.id);
        let when = match (began, ended) {
            (None, None) => "not begun".to_owned(),
            (Some(began), None) => format!("since {}", date(began)),
            (Some(began), Some(ended)) => format!("from {} to {}", date(began), date(ended)),
            (None, Some(ended)) => format!("until {}", date(ended)),
        };
        match spent {
            Some(spent) => format!("{spent}, {when}"),
            None => when,
        }
    }

    /// The figures of a curve's first and last epoch.
    fn course(&self, curve: &Curve) -> String {
        let points = curve.points();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return String::new();
        };
        let scores: Vec<f64> = points.iter().filter_map(|point| point.score).collect();
        let scores = match scores.as_slice() {
            [] => String::new(),
            [one] => format!(", {}", named(*one, None, self.metric())),
            [first, .., last] => format!(
                ", {} to {}",
                named(*first, None, self.metric()),
                named(*last, None, self.metric())
            ),
        };
        format!(
            "epochs {} to {} of {}: loss {} to {}{scores}",
            first.epoch,
            last.epoch,
            last.epochs,
            number(first.loss),
            number(last.loss)
        )
    }
}
