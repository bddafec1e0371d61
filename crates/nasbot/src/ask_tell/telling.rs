//! Taking in results of evaluations that were handed out.

use std::collections::BTreeMap;

use nasbot_opt::{Failure, Outcome, Rung, Scores, State};

use super::AskTell;
use crate::error::Error;
use crate::session::work::ended;
use crate::study::{About, Detail, Event, Record};

/// A result as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The evaluation.
    pub id: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// Epochs done, where trainings stop at rungs and the caller wants to be sure that the score is that of the right rung.
    pub epochs: Option<u32>,
    /// What else is known.
    pub detail: Detail,
}

/// How a result was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// It is recorded.
    Recorded,
    /// The study had it already, the very same.
    Known,
}

impl AskTell {
    /// Tells the score of an evaluation that was handed out; higher is better. The result is recorded when this returns.
    ///
    /// # Errors
    ///
    /// As [`AskTell::tell_all`].
    pub fn tell(&mut self, id: u64, score: f64) -> Result<Acknowledged, Error> {
        self.tell_one(id, Outcome::scored(score), Detail::default())
    }

    /// Tells that an evaluation failed: its network is not suggested again.
    ///
    /// # Errors
    ///
    /// As [`AskTell::tell_all`].
    pub fn fail(
        &mut self,
        id: u64,
        failure: Failure,
        message: Option<String>,
    ) -> Result<Acknowledged, Error> {
        let detail = Detail {
            message,
            ..Detail::default()
        };
        self.tell_one(id, Outcome::Failed(failure), detail)
    }

    fn tell_one(
        &mut self,
        id: u64,
        outcome: Outcome,
        detail: Detail,
    ) -> Result<Acknowledged, Error> {
        let told = Observation {
            id,
            outcome,
            epochs: None,
            detail,
        };
        let taken = self.tell_all(vec![told])?;
        // One for each that was told.
        Ok(taken.first().copied().unwrap_or(Acknowledged::Known))
    }

    /// Tells several results together, all or nothing. A result that the study has already changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NoEvaluation`], [`Error::NotByHand`] and [`Error::ToldOtherwise`] where a result can't be that of an evaluation
    /// that was handed out, [`Error::OtherEpochs`] where it is that of another rung; [`nasbot_opt::Error::NotFinite`],
    /// [`nasbot_opt::Error::Objectives`] and [`Error::Figure`] for figures that can't be recorded, [`Error::NoFigure`] where one is missing; and what goes wrong with the
    /// study's file.
    pub fn tell_all(&mut self, results: Vec<Observation>) -> Result<Vec<Acknowledged>, Error> {
        let mut events = Vec::new();
        let mut now: BTreeMap<u64, Outcome> = BTreeMap::new();
        let mut taken = Vec::new();
        for told in results {
            let told = self.with_figures(told)?;
            let (id, outcome) = (told.id, told.outcome);
            if let Some(&known) = now.get(&id) {
                same(id, known, outcome)?;
                taken.push(Acknowledged::Known);
                continue;
            }
            match self.event(told)? {
                Some(event) => {
                    events.push(event);
                    now.insert(id, outcome);
                    taken.push(Acknowledged::Recorded);
                }
                None => taken.push(Acknowledged::Known),
            }
        }
        if !events.is_empty() {
            let mut all = self.taking_over(self.ledger.budget);
            all.extend(events);
            self.record(all)?;
        }
        Ok(taken)
    }

    /// A result with all figures that are asked for.
    fn with_figures(&self, told: Observation) -> Result<Observation, Error> {
        let id = told.id;
        let record = self.ledger.evaluation(self.study.path(), id)?;
        check_figures(id, told.outcome, &told.detail)?;
        let network = record.suggestion.candidate.network();
        let network = network.map_err(|source| Error::StoredNetwork { id, source })?;
        let mut detail = told.detail;
        let outcome = (self.settings).complete(network, told.outcome, &mut detail.metrics)?;
        Ok(Observation {
            outcome,
            detail,
            ..told
        })
    }

    /// Gives an evaluation back that was handed out: it is run by whatever asks next, a search included.
    ///
    /// # Errors
    ///
    /// [`Error::NoEvaluation`], [`Error::NotByHand`], and what goes wrong with the study's file.
    pub fn give_back(&mut self, id: u64) -> Result<(), Error> {
        let record = self.ledger.evaluation(self.study.path(), id)?;
        if !record.is_by_hand() {
            return Err(self.not_by_hand(record));
        }
        let mut events = self.taking_over(self.ledger.budget);
        events.push(Event::Interrupted(About { id }));
        self.record(events)
    }

    /// What is to be recorded of a result; nothing if the study has it.
    fn event(&self, told: Observation) -> Result<Option<Event>, Error> {
        let Observation {
            id,
            outcome,
            epochs,
            detail,
        } = told;
        let record = self.ledger.evaluation(self.study.path(), id)?;
        let fidelity = &self.settings.fidelity;
        match record.state {
            State::Running(rung) => {
                let expected = fidelity.epochs(rung);
                if epochs.is_some() && epochs != expected {
                    return repeated(record, rung, outcome, epochs, expected);
                }
                if !record.is_by_hand() {
                    return Err(self.not_by_hand(record));
                }
                Ok(Some(ended(fidelity, Some(record), id, outcome, detail)))
            }
            State::Paused(_) => {
                let last = record.rungs.last();
                let known = last.map_or(Outcome::Withdrawn, |&(_, score)| Outcome::scored(score));
                same(id, known, outcome)?;
                Ok(None)
            }
            State::Done(known) => {
                same(id, known, outcome)?;
                Ok(None)
            }
        }
    }

    fn not_by_hand(&self, record: &Record) -> Error {
        let held = match (&record.state, &record.place) {
            (State::Running(_), Some(place)) => Some(format!(
                "a search runs it, or ran it when it ended (worker {} on {})",
                place.slot, place.device
            )),
            (State::Running(_), None) => Some("it waits to be run".to_owned()),
            (State::Paused(_), _) => Some("it is stopped at a rung".to_owned()),
            (State::Done(outcome), _) => Some(format!("it is over ({})", words(*outcome))),
        };
        Error::NotByHand {
            path: self.study.path().to_owned(),
            id: record.suggestion.id,
            held,
        }
    }
}

/// A result after other epochs than those that are wanted now: the same as that of a rung before, or a mistake.
fn repeated(
    record: &Record,
    rung: Rung,
    outcome: Outcome,
    epochs: Option<u32>,
    expected: Option<u32>,
) -> Result<Option<Event>, Error> {
    let mut before = record.rungs.iter().take(rung.index());
    let is_known = before.any(|&(at, score)| {
        Some(at) == epochs
            && outcome
                .score()
                .is_some_and(|s| s.to_bits() == score.to_bits())
    });
    match is_known {
        true => Ok(None),
        false => Err(Error::OtherEpochs {
            id: record.suggestion.id,
            // Both are there, or a study without rungs was told epochs.
            expected: expected.unwrap_or(0),
            found: epochs.unwrap_or(0),
        }),
    }
}

/// Refuses a result that differs from the one that is known.
fn same(id: u64, known: Outcome, told: Outcome) -> Result<(), Error> {
    if known == told {
        return Ok(());
    }
    Err(Error::ToldOtherwise {
        id,
        known: words(known),
        told: words(told),
    })
}

fn check_figures(id: u64, outcome: Outcome, detail: &Detail) -> Result<(), Error> {
    if let Some(found) = outcome.scores().map(|scores| scores.as_slice().len())
        && found != 1
    {
        let expected = 1;
        return Err(nasbot_opt::Error::Objectives {
            id,
            found,
            expected,
        }
        .into());
    }
    if let Some(score) = outcome
        .scores()
        .map(Scores::first)
        .filter(|s| !s.is_finite())
    {
        return Err(nasbot_opt::Error::NotFinite { id, score }.into());
    }
    let metrics = detail
        .metrics
        .iter()
        .map(|(name, &value)| (name.as_str(), value));
    let mut figures = metrics.chain([("seconds", detail.seconds)]);
    match figures.find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => Err(Error::Figure {
            id,
            name: name.to_owned(),
            value,
        }),
        None => Ok(()),
    }
}

/// An outcome for people.
fn words(outcome: Outcome) -> String {
    match outcome {
        // In full: two that differ must look different.
        Outcome::Scored(scores) => scores.first().to_string(),
        Outcome::Failed(failure) => crate::report::failure(failure).to_owned(),
        _ => "withdrawn".to_owned(),
    }
}
