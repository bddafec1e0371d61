//! Evaluations as CSV, for spreadsheets and data frames: one row an evaluation, one column a figure.

use std::collections::BTreeSet;

use super::dates::date;
use super::listing::Listing;
use super::summary::Row;
use super::text::{clean, failure};
use crate::error::Error;
use crate::study::{Detail, Record};

/// The columns that every sheet has before those of the metrics.
const COLUMNS: [&str; 15] = [
    "id",
    "state",
    "score",
    "value",
    "failure",
    "seconds",
    "parameters",
    "layers",
    "epochs",
    "seed",
    "from",
    "device",
    "began",
    "ended",
    "message",
];

impl Listing<'_> {
    /// As CSV with a heading; every figure to its last digit. The metrics of all evaluations are columns named `metric.NAME`, keys
    /// that are tuned columns named `training.KEY`, the network is the last column, as JSON.
    ///
    /// # Errors
    ///
    /// A value can't be written.
    pub fn csv(&self) -> Result<String, Error> {
        let details = || {
            self.records()
                .iter()
                .filter_map(|record| record.detail.as_ref())
        };
        let names: BTreeSet<&str> = details()
            .flat_map(|detail| detail.metrics.keys().map(String::as_str))
            .collect();
        let records = self.records();
        let keys: BTreeSet<&str> = (records.iter())
            .flat_map(|record| record.setting.keys().map(String::as_str))
            .collect();
        let mut sheet = csv::Writer::from_writer(Vec::new());
        let metrics = names.iter().map(|name| format!("metric.{}", clean(name)));
        let heading = COLUMNS.iter().map(|name| (*name).to_owned()).chain(metrics);
        let tuned = keys.iter().map(|key| format!("training.{key}"));
        let heading: Vec<String> = heading.chain(tuned).chain(["network".to_owned()]).collect();
        sheet.write_record(&heading).map_err(failed)?;
        for record in self.records() {
            sheet
                .write_record(self.row(record, &names, &keys)?)
                .map_err(failed)?;
        }
        let bytes = sheet
            .into_inner()
            .map_err(|error| failed(error.into_error().into()))?;
        // What was written is text.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn row(
        &self,
        record: &Record,
        names: &BTreeSet<&str>,
        keys: &BTreeSet<&str>,
    ) -> Result<Vec<String>, Error> {
        let detail = record.detail.as_ref();
        let figure = |value: Option<f64>| value.map_or_else(String::new, |x| x.to_string());
        let (began, ended) = self.times(record.suggestion.id);
        let network = &record.suggestion.candidate;
        let layers = network.network().map(|network| network.len().to_string());
        let metric = |name: &str| detail.and_then(|detail| detail.metrics.get(name).copied());
        let message = |detail: &Detail| detail.message.as_deref().map(clean);
        let mut row = vec![
            record.suggestion.id.to_string(),
            Row::new(record, self.is_owned(), self.metric())
                .state()
                .to_owned(),
            figure(record.score()),
            figure(
                self.metric()
                    .and_then(|metric| Some(metric.figure(record.score()?))),
            ),
            record
                .failure()
                .map_or_else(String::new, |f| failure(f).to_owned()),
            figure(detail.map(|detail| detail.seconds)),
            detail
                .and_then(|detail| detail.parameters)
                .map_or_else(String::new, |n| n.to_string()),
            // A network that can't be read has none.
            layers.unwrap_or_default(),
            figure(metric("epochs").or_else(|| record.epoch.map(|at| f64::from(at.epoch)))),
            record.suggestion.seed.to_string(),
            super::origin(&record.suggestion.origin, self.metric()),
            (self.device(record.suggestion.id)).map_or_else(String::new, clean),
            began.map_or_else(String::new, date),
            ended.map_or_else(String::new, date),
            // Without a message the cell is empty.
            detail.and_then(message).unwrap_or_default(),
        ];
        row.extend(names.iter().map(|name| figure(metric(name))));
        row.extend(keys.iter().map(|key| match record.setting.get(*key) {
            None => String::new(),
            Some(serde_json::Value::String(name)) => name.clone(),
            Some(value) => value.to_string(),
        }));
        row.push(super::json(network)?);
        Ok(row)
    }
}

fn failed(error: csv::Error) -> Error {
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => std::io::Error::other(format!("{other:?}")),
    };
    Error::Write {
        path: "CSV".into(),
        source,
    }
}
