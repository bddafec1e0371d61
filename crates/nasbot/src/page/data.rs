//! What the page shows of a study, as its script reads it.

use std::collections::BTreeMap;

use nasbot_opt::{Origin, State};
use serde::Serialize;

use super::chosen::{MOST_SHOWN, chosen};
use super::detail::DetailData;
use super::fold::{Folded, SpanEnd};
use super::front::{self, FrontData};
use super::group::group;
use super::map::Map;
use super::rounded::rounded;
use super::scoring::ScoreData;
use crate::report::{self, Summary, clean, clean_line};
use crate::study::{Change, Ledger, Mending, Record};

/// Stretches of time on the timeline at most: the last ones.
const MOST_SPANS: usize = 4000;
/// Causes of failures in a page at most: the commonest.
const MOST_CAUSES: usize = 50;
/// Bytes of all logs together in a page.
const LOGS: usize = 1 << 20;
/// Bytes of one log in a page.
const LOG: usize = 2000;

/// One study.
#[derive(Clone, Debug, Serialize)]
pub struct StudyData {
    /// The name of its file without the ending.
    pub name: String,
    /// Its path, as it was given.
    path: String,
    /// Where it stands, in a word or two.
    pub state: &'static str,
    /// Whether some process searches it now.
    pub running: bool,
    /// What it has in common with studies that differ by the seed alone.
    group: String,
    seed: u64,
    /// The budget of evaluations.
    pub budget: u64,
    /// Evaluations that are over and count.
    pub evaluations: u64,
    /// Evaluations in all, those running included.
    count: usize,
    /// Evaluations that failed.
    pub failed: usize,
    /// Seconds that were spent on it.
    pub seconds: f64,
    /// The date of its last event, in seconds since 1970.
    last: f64,
    score: ScoreData,
    best: Option<u64>,
    /// The best score in words.
    pub best_text: Option<String>,
    /// The summary that `nasbot show` prints.
    summary: Vec<Vec<String>>,
    /// The Pareto front, where there are several objectives.
    #[serde(skip_serializing_if = "Option::is_none")]
    front: Option<FrontData>,
    /// Simple methods and their figures in validation.
    baselines: Vec<(String, f64)>,
    /// Evaluations, rising by number; not all of them where there are many.
    evaluations_shown: Vec<EvaluationData>,
    /// Causes of failures, the commonest first: cause, number, an example's number and message.
    failures: Vec<(&'static str, usize, u64, String)>,
    lanes: Vec<String>,
    /// (lane, evaluation, from, until, end: 0 scored, 1 failed, 2 stopped, 3 running), in seconds of the search.
    spans: Vec<(usize, u64, f64, f64, u8)>,
    spans_left_out: usize,
    map: Option<Map>,
    details: BTreeMap<u64, DetailData>,
    description: String,
    description_path: String,
    mended: Vec<Mending>,
    versions: Vec<String>,
}

/// One evaluation. Names are short, since there are many of them.
#[derive(Clone, Debug, Serialize)]
pub struct EvaluationData {
    id: u64,
    /// Where it stands.
    state: &'static str,
    /// The figure of its score.
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<f64>,
    /// The score in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    /// Seconds of training.
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<f64>,
    /// When it was over, in seconds of the search.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<f64>,
    /// Its place in the order in which evaluations were over.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<usize>,
    /// Seconds of training of all evaluations up to this one, in that order.
    #[serde(skip_serializing_if = "Option::is_none")]
    sum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<u64>,
    layers: usize,
    /// The network in a few words.
    net: String,
    /// Why it was suggested.
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<u64>,
    /// What the model expected: mean and standard deviation, in the units of `v`.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<(f64, f64)>,
    /// Rungs at which it stopped: epochs and figure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rungs: Vec<(u32, f64)>,
    /// The values of the objectives, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    aims: Option<Vec<f64>>,
    /// Whether it breaks a bound.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    out: bool,
}

impl StudyData {
    /// What the page shows of a study; `now`, in seconds since 1970, is given while some process searches it. With `detailed`,
    /// drawings, curves and logs of so many evaluations are in it, which a server hands out one by one.
    #[must_use]
    pub fn new(
        folded: &Folded,
        now: Option<f64>,
        map: Option<Map>,
        detailed: Option<usize>,
    ) -> Self {
        let ledger = &folded.ledger;
        let metric = ledger.metric();
        let is_owned = now.is_some();
        let shown = chosen(ledger, MOST_SHOWN);
        let summary = Summary::new(ledger, &folded.place, now);
        let created = ledger.created.as_ref();
        let skip = folded.spans.len().saturating_sub(MOST_SPANS);
        let details = match detailed {
            Some(most) => details(folded, &chosen(ledger, most)),
            None => BTreeMap::new(),
        };
        let description = ledger.description();
        // A date that has gone back counts as no time.
        let since = now.map_or(0.0, |now| (now - ledger.last()).max(0.0));
        Self {
            name: name(folded),
            path: clean_line(&folded.place.study.to_string_lossy()),
            state: report::state(ledger, is_owned),
            running: is_owned,
            group: group(folded),
            seed: ledger.seed(),
            budget: ledger.budget,
            evaluations: ledger.counted(),
            count: ledger.records.len(),
            failed: ledger.failed(),
            seconds: ledger.elapsed().as_secs_f64() + since,
            last: ledger.last(),
            score: ScoreData::of(metric),
            best: ledger.best().map(|best| best.suggestion.id),
            best_text: (ledger.best()).and_then(|best| {
                let score = best.score()?;
                Some(match &best.detail {
                    Some(detail) => report::score(score, detail, metric),
                    None => report::named(score, None, metric),
                })
            }),
            summary: without_front(summary.rows().into_iter().skip(1)),
            front: FrontData::new(ledger),
            baselines: (ledger.baselines.iter())
                .filter_map(|simple| {
                    let metric = metric?;
                    let score = metric.score_of(&simple.validation)?;
                    Some((clean_line(&simple.method), rounded(metric.figure(score))))
                })
                .collect(),
            evaluations_shown: evaluations(folded, &shown, is_owned),
            failures: failures(folded),
            lanes: folded.lanes.iter().map(|lane| clean_line(lane)).collect(),
            spans: spans(folded, skip, is_owned.then_some(since)),
            spans_left_out: skip,
            map,
            details,
            description: description.map_or_else(String::new, |d| clean(&d.text)),
            description_path: description
                .map_or_else(String::new, |d| clean_line(&d.path.to_string_lossy())),
            mended: ledger.mended.iter().map(plain).collect(),
            versions: (created.map(|created| format!("nasbot {}", created.version)))
                .into_iter()
                .chain(folded.workers.iter().map(|worker| clean_line(worker)))
                .collect(),
        }
    }
}

impl StudyData {
    /// What was done and what came out, as rows of a name and a text.
    pub(super) fn summary_rows(&self) -> &[Vec<String>] {
        &self.summary
    }
}

/// The summary without the points of the front, which have a section of their own: a row without a name goes on with the one before.
fn without_front(rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let mut is_front = false;
    rows.filter(|row| {
        let name = row.first().map_or("", String::as_str);
        is_front = name == report::FRONT || (is_front && name.is_empty());
        !(is_front && name.is_empty())
    })
    .collect()
}

/// A change of the description without control characters.
fn plain(mending: &Mending) -> Mending {
    let text = |text: &Option<String>| text.as_deref().map(clean);
    let change = |change: &Change| Change {
        key: clean(&change.key),
        from: text(&change.from),
        to: text(&change.to),
    };
    Mending {
        evaluations: mending.evaluations,
        changes: mending.changes.iter().map(change).collect(),
    }
}

/// The name of a study: that of its file, without the ending.
fn name(folded: &Folded) -> String {
    let path = &folded.place.study;
    let name = path.file_name().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_else(|| path.to_string_lossy());
    let stem = name.strip_suffix(".nasbot.db").unwrap_or(&name);
    clean_line(stem)
}

fn details(folded: &Folded, chosen: &[u64]) -> BTreeMap<u64, DetailData> {
    use rayon::prelude::*;
    let log = LOG.min(LOGS / chosen.len().max(1));
    let detail = |&id: &u64| Some((id, DetailData::new(folded, id, log)?));
    chosen.par_iter().filter_map(detail).collect()
}

fn evaluations(folded: &Folded, shown: &[u64], is_owned: bool) -> Vec<EvaluationData> {
    let ledger = &folded.ledger;
    // The place of each in the order in which they were over, and the training until then.
    let mut order: BTreeMap<u64, (usize, f64)> = BTreeMap::new();
    let mut sum = 0.0;
    for (place, &id) in ledger.finished.iter().enumerate() {
        let detail = ledger.record(id).and_then(|record| record.detail.as_ref());
        sum += detail.map_or(0.0, |detail| detail.seconds);
        order.insert(id, (place + 1, sum));
    }
    let one = |&id: &u64| {
        let record = ledger.record(id)?;
        let end = folded
            .ends
            .get(usize::try_from(id).ok()?)
            .copied()
            .flatten();
        Some(evaluation(record, (end, order.get(&id)), is_owned, ledger))
    };
    shown.iter().filter_map(one).collect()
}

fn evaluation(
    record: &Record,
    (end, order): (Option<f64>, Option<&(usize, f64)>),
    is_owned: bool,
    ledger: &Ledger,
) -> EvaluationData {
    let metric = ledger.metric();
    let detail = record.detail.as_ref();
    let figure = |score: f64| rounded(metric.map_or(score, |metric| metric.figure(score)));
    let suggestion = &record.suggestion;
    let is_done = matches!(record.state, State::Done(_));
    EvaluationData {
        id: suggestion.id,
        state: report::record_state(record, is_owned),
        v: record.score().map(figure),
        text: (record.score()).map(|score| report::named(score, detail, metric)),
        failure: record.failure().map(report::failure),
        t: detail
            .map(|detail| rounded(detail.seconds))
            .filter(|_| is_done),
        end: end.map(rounded),
        at: order.map(|order| order.0),
        sum: order.map(|order| rounded(order.1)),
        parameters: detail.and_then(|detail| detail.parameters),
        // A network that cannot be read has none, and its sketch says why.
        layers: suggestion
            .candidate
            .network()
            .map_or(0, nn_graph::Network::len),
        net: report::sketch_of(record),
        from: report::origin(&suggestion.origin, metric),
        parent: match suggestion.origin {
            Origin::Mutation { parent } => Some(parent),
            _ => None,
        },
        expected: match suggestion.origin {
            Origin::Acquisition { mean, std, .. }
            | Origin::Proposed {
                mean: Some(mean),
                std: Some(std),
                ..
            } => Some((figure(mean), rounded(std))),
            _ => None,
        },
        rungs: (record.rungs.iter())
            .map(|&(epochs, score)| (epochs, figure(score)))
            .collect(),
        aims: front::values(ledger, record),
        out: front::breaks_a_bound(ledger, record),
    }
}

/// Failures by cause, the commonest first, each with its first example.
fn failures(folded: &Folded) -> Vec<(&'static str, usize, u64, String)> {
    let causes = report::causes(&folded.ledger).into_iter();
    causes
        .filter_map(|cause| {
            let first = *cause.ids.first()?;
            let how = report::failure(cause.failure);
            Some((how, cause.ids.len(), first, cause.message))
        })
        .take(MOST_CAUSES)
        .collect()
}

fn spans(folded: &Folded, skip: usize, since: Option<f64>) -> Vec<(usize, u64, f64, f64, u8)> {
    let past = (folded.spans.iter().skip(skip)).map(|span| {
        let end = match span.end {
            SpanEnd::Scored => 0,
            SpanEnd::Failed => 1,
            SpanEnd::Stopped => 2,
        };
        (
            span.lane,
            span.id,
            rounded(span.from),
            rounded(span.until),
            end,
        )
    });
    let elapsed = folded.ledger.elapsed().as_secs_f64();
    let (now, end) = match since {
        Some(since) => (elapsed + since, 3),
        // Without an owner nothing runs.
        None => (elapsed, 2),
    };
    let open = (folded.open.iter()).map(|(&id, &(lane, from))| {
        let is_by_hand = folded.ledger.record(id).is_some_and(Record::is_by_hand);
        let end = if is_by_hand { 3 } else { end };
        (lane, id, rounded(from), rounded(now.max(from)), end)
    });
    past.chain(open).collect()
}
