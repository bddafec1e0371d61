//! `nasbot replay`: every suggestion of a study is computed once more.

use nasbot::replay::{self, Answer, Difference, DifferingFit, Replay, Start};
use nasbot::report::{self, clean};
use nasbot::study::{self, Ledger};
use nn_train::data::Metric;
use serde::Serialize;

use crate::cli::{Format, ReplayArgs};
use crate::config::{self, Overrides};
use crate::error::Error;
use crate::terminal;

/// The result for programs.
#[derive(Serialize)]
struct Verdict<'a> {
    identical: bool,
    answers: u64,
    /// The first evaluation of which the answer differs.
    first: Option<u64>,
    #[serde(flatten)]
    replay: &'a Replay,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<(), Error> {
    let path = &args.study;
    let events = study::read(path)?;
    let ledger = Ledger::fold(&events);
    let replay = replay::replay(&events, path, |description| {
        let overrides = Overrides {
            seed: Some(ledger.seed()),
            facts: ledger.facts(),
            without_data: true,
            ..Overrides::default()
        };
        let description = description.clone().located(path);
        Ok::<_, Error>(config::parse(&description, overrides)?.settings)
    })?;
    terminal::print(&match args.format {
        Format::Json => report::json(&Verdict {
            identical: replay.is_identical(),
            answers: replay.answers(),
            first: replay
                .differences
                .first()
                .and_then(|first| first.evaluation),
            replay: &replay,
        })?,
        Format::Table => text(&replay, ledger.metric()),
    })?;
    match replay.is_identical() {
        true => Ok(()),
        false => Err(Error::Differs {
            differing: replay.differences.len() + replay.differing_fits.len(),
        }),
    }
}

fn text(replay: &Replay, metric: Option<Metric>) -> String {
    let mut out = format!(
        "recomputed: {} suggestions, {} given, {} that go on to a rung, {} waits, {} choices of hyper-parameters",
        replay.suggestions, replay.given, replay.promotions, replay.waits, replay.fits
    );
    if replay.is_identical() {
        return out + "\nidentical";
    }
    if let Some(first) = replay.differences.first() {
        let count = replay.differences.len();
        out += &format!(
            "\n{count} of {} answers differ, the first: {}",
            replay.answers(),
            difference(first, metric)
        );
    }
    if let Some(first) = replay.differing_fits.first() {
        let count = replay.differing_fits.len();
        out += &format!(
            "\n{count} of {} choices of hyper-parameters differ, the first: {}",
            replay.fits,
            fit(first)
        );
    }
    out
}

fn difference(found: &Difference, metric: Option<Metric>) -> String {
    let which = match found.evaluation {
        Some(id) => format!("evaluation {id}"),
        None => "a wait".to_owned(),
    };
    format!(
        "{which} (event {})\n  recorded: {}\n  now:      {}",
        found.event,
        answer(&found.recorded, metric),
        answer(&found.now, metric)
    )
}

fn start_text(start: &Start, metric: Option<Metric>) -> String {
    let Start {
        suggestion,
        setting,
    } = start;
    format!(
        "start {}, seed {}, from: {}, {}\n            {}",
        suggestion.id,
        suggestion.seed,
        report::origin(&suggestion.origin, metric),
        report::sketch_with(&suggestion.candidate, setting),
        suggestion.candidate.to_json()
    )
}

fn answer(answer: &Answer, metric: Option<Metric>) -> String {
    match answer {
        Answer::Start(start) => start_text(start, metric),
        Answer::GoOn { id, rung } => format!("{id} goes on to rung {rung}"),
        Answer::Wait => "wait for a result".to_owned(),
        Answer::Over { exhausted: true } => "nothing: the space is exhausted".to_owned(),
        Answer::Over { exhausted: false } => "nothing: the budget is spent".to_owned(),
        Answer::Inherit { id, parent: None } => format!("#{id} begins with nothing"),
        Answer::Inherit {
            id,
            parent: Some(parent),
        } => format!("#{id} begins with the weights of #{parent}"),
        Answer::Error { message } => format!("no answer: {}", clean(message)),
    }
}

fn fit(found: &DifferingFit) -> String {
    let now = match &found.now {
        Some(now) => format!("{:?}", now.surrogate),
        None => "none".to_owned(),
    };
    format!(
        "those at {} scores\n  recorded: {:?}\n  now:      {now}",
        found.scores, found.recorded.surrogate
    )
}
