//! Proposals while a search runs: networks of a file, and of a command that is asked for some.
//!
//! Nothing waits for the command. What it prints is handed to the search with the next question, and is recorded in the place where the
//! search took it in. Whatever goes wrong with it is said, and costs nothing.

use std::fs;

use nasbot_opt::{Proposed, Search};
use nn_train::Keys;
use nn_train::data::Metric;
use serde::Serialize;

use super::{Message, Session, asking};
use crate::backend::asked::{self, Asked};
use crate::error::Error;
use crate::proposals;
use crate::report::quoted;
use crate::settings::SearchSpace;
use crate::study::{Ledger, Stored};

/// How many of the best networks a command is shown.
const SHOWN: usize = 20;

/// The command that proposes networks.
pub(super) struct Proposer {
    /// When so many evaluations have come to their end, it runs; never without a command.
    due: Option<u64>,
    /// The one that runs now.
    running: Option<Asked>,
}

/// What a command reads.
#[derive(Serialize)]
struct Question<'a> {
    study: &'a str,
    kind: &'a str,
    bounds: &'a nn_graph::Bounds,
    /// What scores are of; nothing where the evaluator does not say.
    metric: Option<Metric>,
    evaluations: u64,
    budget: u64,
    best: Vec<Shown<'a>>,
}

/// A network with its score, of which more is better.
#[derive(Serialize)]
struct Shown<'a> {
    id: u64,
    score: f64,
    /// The values of the keys that are tuned.
    #[serde(skip_serializing_if = "Keys::is_empty")]
    setting: &'a Keys,
    network: &'a Stored,
}

impl Session<'_> {
    /// Proposes the networks of the file, if there is one; those that the study knows change nothing.
    pub(super) fn propose_from_file(
        &mut self,
        search: &mut Search<SearchSpace>,
    ) -> Result<(), Error> {
        let Some(path) = &self.settings.proposals.file else {
            return Ok(());
        };
        let text = fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let read = proposals::read(&text);
        if let Some(complaint) = read.complaint() {
            self.observer
                .note(&format!("{}: {complaint}", quoted(path)));
        }
        let (waiting, became) = asking::propose(search, read.networks);
        self.say_what_became(&became);
        match waiting.is_empty() {
            true => Ok(()),
            false => self.record(asking::proposed(waiting)),
        }
    }

    /// The command of the settings. It runs next once as many evaluations as it waits for have come to their end from now on.
    pub(super) fn proposer(&self) -> Result<Proposer, Error> {
        let settings = &self.settings.proposals;
        let has_command = !settings.command.is_empty();
        if has_command {
            // That there is no such program is said now.
            asked::check(settings)?;
        }
        let since = self.ledger.counted();
        Ok(Proposer {
            due: has_command.then_some(since + settings.every),
            running: None,
        })
    }

    /// Starts the command where it is due and does not run.
    pub(super) fn ask_for_proposals(&mut self, proposer: &mut Proposer) {
        let counted = self.ledger.counted();
        if proposer.running.is_some() || proposer.due.is_none_or(|due| counted < due) {
            return;
        }
        let settings = &self.settings.proposals;
        proposer.due = Some(counted + settings.every);
        let question = match serde_json::to_string(&self.question()) {
            Ok(text) => text + "\n",
            // A network of the study that is no JSON, of which others say more.
            Err(error) => return self.complain(&error.to_string()),
        };
        let sender = self.sender.clone();
        let log = self.place.out.join("logs").join("proposals.log");
        proposer.running = Some(asked::start(settings, question, log, move |said| {
            // A search that is over has no use for it.
            let _ = sender.send(Message::Proposed(said));
        }));
    }

    /// The networks that the command has printed.
    pub(super) fn take_proposals(
        &mut self,
        proposer: &mut Proposer,
        said: Result<String, String>,
    ) -> Vec<nn_graph::Network> {
        proposer.running = None;
        match said {
            Ok(text) => {
                let read = proposals::read(&text);
                if let Some(complaint) = read.complaint() {
                    self.complain(&complaint);
                } else if read.networks.is_empty() {
                    self.complain("it printed none");
                }
                read.networks
            }
            Err(problem) => {
                self.complain(&problem);
                Vec::new()
            }
        }
    }

    fn complain(&mut self, problem: &str) {
        let note = format!("the command that proposes networks (proposals.command): {problem}");
        self.observer.note(&note);
    }

    /// Says how many networks wait now, and why others do not.
    pub(super) fn say_what_became(&mut self, became: &Proposed) {
        if *became != Proposed::default() {
            self.observer.note(&sentence(became));
        }
    }

    fn question(&self) -> Question<'_> {
        let space = &self.settings.space;
        Question {
            study: &self.settings.name,
            kind: space.kind().name(),
            bounds: space.constraints().bounds(),
            metric: self.settings.metric(),
            evaluations: self.ledger.counted(),
            budget: self.ledger.budget,
            best: best(&self.ledger),
        }
    }
}

fn best(ledger: &Ledger) -> Vec<Shown<'_>> {
    let scored = ledger.records.iter().filter_map(|record| {
        Some(Shown {
            id: record.suggestion.id,
            score: record.score()?,
            setting: &record.setting,
            network: &record.suggestion.candidate,
        })
    });
    let mut scored: Vec<Shown<'_>> = scored.collect();
    scored.sort_by(|a, b| b.score.total_cmp(&a.score));
    scored.truncate(SHOWN);
    scored
}

/// What became of proposals, in a sentence.
#[must_use]
pub fn sentence(became: &Proposed) -> String {
    let all = became.waiting.len() + became.known + became.outside;
    let mut said = format!("of {all} proposed networks {} wait", became.waiting.len());
    for (count, why) in [
        (became.known, "the study has already"),
        (became.outside, "lie outside of the space"),
    ] {
        if count > 0 {
            said = format!("{said}, {count} {why}");
        }
    }
    said
}
