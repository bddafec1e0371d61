//! What a back-end is told of an evaluation.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use nasbot_opt::{Outcome, Rung, State};
use nn_graph::Network;
use nn_train::ensemble::MOST_CANDIDATES;
use nn_train::job::{Candidate, Final, Inherit, Stage};
use nn_train::{Last, TrainingSpec};

use super::replay::Replayed;
use super::{Session, parents};
use crate::backend::{End, Key, Task, Work};
use crate::error::Error;
use crate::settings::{Evaluator, Fidelity};
use crate::study::{Detail, Event, Finished, Ledger, Lost, Reached, Record};

impl Session<'_> {
    /// An end with all figures that are asked for; one that lacks some is an answer that is none.
    pub(super) fn with_figures(&self, id: u64, end: End) -> End {
        let network = self
            .ledger
            .record(id)
            .map(|r| r.suggestion.candidate.network());
        match (end, network) {
            (End::Done(outcome, mut detail), Some(Ok(network))) => {
                match self
                    .settings
                    .complete(network, outcome, &mut detail.metrics)
                {
                    Ok(outcome) => End::Done(outcome, detail),
                    Err(error) => End::Broken {
                        message: error.to_string(),
                        seconds: detail.seconds,
                    },
                }
            }
            (end, _) => end,
        }
    }

    /// The part of its training that an evaluation is to do next.
    pub(super) fn work(&self, id: u64) -> Result<Work, Error> {
        let record = self.ledger.evaluation(&self.place.study, id)?;
        let fidelity = &self.settings.fidelity;
        let rung = rung_of(record);
        let task = match (fidelity.epochs(rung), record.state) {
            (Some(epochs), State::Running(_)) if fidelity.inherits(rung) => Task::Inherit {
                from: Box::new(self.inherited(record)?),
                epochs,
            },
            (Some(until), State::Running(_)) if fidelity.stops() => Task::GoOn(Stage {
                until,
                checkpoint: self.checkpoint(id)?,
                keep: false,
            }),
            _ => Task::Evaluate,
        };
        let mut work = self.work_of(record, task, self.place.log(id))?;
        if fidelity.inheritance().is_some() && !fidelity.inherits(rung) {
            let weights = self.place.weights(id, rung);
            let absolute = std::path::absolute(&weights).map_err(Error::write(&weights))?;
            work.leave = Some(absolute);
        }
        Ok(work)
    }

    /// The weights that an evaluation begins with, and what of them goes where.
    fn inherited(&self, record: &Record) -> Result<Inherit, Error> {
        let id = record.suggestion.id;
        let inherits = record.begins.inherits.ok_or_else(|| Error::NotAStudy {
            path: self.place.study.clone(),
            message: format!("evaluation {id} is to inherit, and it does not say from which one"),
        })?;
        let parent = (self.ledger).evaluation(&self.place.study, inherits.parent)?;
        let [network, child] = [parent, record].map(|record| {
            let id = record.suggestion.id;
            let network = record.suggestion.candidate.network();
            network.map_err(|source| Error::StoredNetwork { id, source })
        });
        let (network, child) = (network?, child?);
        let weights = self.place.weights(inherits.parent, inherits.rung);
        let weights = std::path::absolute(&weights).map_err(Error::read(&weights))?;
        if !weights.exists() {
            return Err(Error::WeightsGone {
                id,
                parent: inherits.parent,
                path: weights,
            });
        }
        let matches = parents::matches(self.settings.space.metric(), network, child);
        Ok(Inherit {
            network: network.clone(),
            weights,
            matches: matches.map_err(nasbot_opt::Error::from)?,
        })
    }

    /// Looks for weights that were kept and are not there any more, as where a person made room. What was to begin with them is
    /// withdrawn, and others do not inherit them.
    pub(super) fn miss_weights(&mut self, replayed: &mut Replayed) -> Result<(), Error> {
        let Some(parents) = &mut replayed.parents else {
            return Ok(());
        };
        let wanted = (self.ledger.records.iter())
            .filter(|record| self.is_to_inherit(record))
            .filter_map(|record| record.begins.inherits)
            .map(|inherits| (inherits.parent, inherits.rung));
        let wanted: BTreeSet<(u64, Rung)> = wanted.chain(parents.kept()).collect();
        let is_lost = |&(id, rung): &(u64, Rung)| !self.place.weights(id, rung).exists();
        let weights: Vec<(u64, Rung)> = wanted.into_iter().filter(is_lost).collect();
        if weights.is_empty() {
            return Ok(());
        }
        parents.forget(&weights);
        let mut events = vec![Event::Lost(Lost {
            weights: weights.clone(),
        })];
        for record in (self.ledger.records.iter()).filter(|record| self.is_to_inherit(record)) {
            let of = record.begins.inherits.map(|i| (i.parent, i.rung));
            if of.is_some_and(|of| weights.contains(&of)) {
                let id = record.suggestion.id;
                replayed.untold.push((id, Outcome::Withdrawn));
                events.push(Event::Finished(Finished {
                    id,
                    outcome: Outcome::Withdrawn,
                    detail: Detail::default(),
                }));
            }
        }
        let ids: Vec<String> = weights.iter().map(|(id, _)| format!("#{id}")).collect();
        self.observer.note(&format!(
            "weights that were kept for other networks are gone, those of {}: the search goes on without them",
            ids.join(", ")
        ));
        self.record_all(events)
    }

    /// Whether an evaluation is on its way to the rung of those that inherit.
    fn is_to_inherit(&self, record: &Record) -> bool {
        matches!(record.state, State::Running(rung) if self.settings.fidelity.inherits(rung))
    }

    /// Removes weights that are not kept any more, but for those that an evaluation under way begins with.
    pub(super) fn remove_weights(&self, dropped: &mut BTreeSet<(u64, Rung)>) {
        if dropped.is_empty() {
            return;
        }
        let records = self.ledger.records.iter();
        let wanted: BTreeSet<(u64, Rung)> = records
            .filter(|record| self.is_to_inherit(record))
            .filter_map(|record| record.begins.inherits)
            .map(|inherits| (inherits.parent, inherits.rung))
            .collect();
        for &(id, rung) in dropped.difference(&wanted) {
            // A file that stays costs space and nothing else.
            let _ = fs::remove_file(self.place.weights(id, rung));
        }
        *dropped = &*dropped & &wanted;
    }

    /// The last training of an evaluation's network.
    pub(super) fn last_work(&self, record: &Record, weights: PathBuf) -> Result<Work, Error> {
        let log = self.place.out.join("logs").join("final.log");
        let how = match &self.settings.evaluator {
            Evaluator::Local(training) => last_training(&self.ledger, record, &training.protocol)?,
            _ => Final::default(),
        };
        let is_ensemble = !how.candidates.is_empty();
        let mut work = self.work_of(record, Task::TrainFinally { weights, how }, log)?;
        if is_ensemble {
            // Each candidate has its own, over the protocol of all.
            work.keys.clear();
        }
        Ok(work)
    }

    fn work_of(&self, record: &Record, task: Task, log: PathBuf) -> Result<Work, Error> {
        let id = record.suggestion.id;
        let network = record.suggestion.candidate.network();
        let network = network.map_err(|source| Error::StoredNetwork { id, source })?;
        let created = self.ledger.created.as_ref();
        let study = created.map_or_else(String::new, |created| created.identity.clone());
        Ok(Work {
            key: Key {
                study,
                evaluation: id,
                attempt: record.attempt,
            },
            network: network.clone(),
            seed: record.suggestion.seed,
            log,
            study: fs::canonicalize(&self.place.study).ok(),
            task,
            leave: None,
            keys: record.setting.clone(),
        })
    }

    /// Where the state of a training is kept; absolute, since workers may run elsewhere.
    fn checkpoint(&self, id: u64) -> Result<PathBuf, Error> {
        let checkpoint = self.place.checkpoint(id);
        let Some(folder) = checkpoint.parent() else {
            return Ok(checkpoint);
        };
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
        std::path::absolute(&checkpoint).map_err(Error::write(&checkpoint))
    }

    /// Removes the state of a training that is over.
    pub(super) fn forget(&self, id: u64) {
        if self.settings.fidelity.stops() {
            // A file that stays costs space and nothing else.
            let _ = fs::remove_file(self.place.checkpoint(id));
        }
    }
}

/// What is recorded of an evaluation that has come to an end: a score is that of a rung if the training stops there, else that
/// of the whole training.
pub(crate) fn ended(
    fidelity: &Fidelity,
    record: Option<&Record>,
    id: u64,
    outcome: Outcome,
    detail: Detail,
) -> Event {
    let rung = record.map(rung_of);
    let stopped = rung.filter(|&rung| rung < fidelity.halving().last());
    let epochs = stopped.and_then(|rung| fidelity.epochs(rung));
    match (epochs, outcome.score()) {
        (Some(epochs), Some(score)) => Event::Reached(Reached {
            id,
            epochs,
            score,
            detail,
        }),
        _ => Event::Finished(Finished {
            id,
            outcome,
            detail,
        }),
    }
}

/// How the last training of an evaluation's network is done, or that of the best networks where the protocol makes an
/// ensemble of them.
///
/// # Errors
///
/// A network of the study cannot be read.
pub fn last_training(
    ledger: &Ledger,
    record: &Record,
    protocol: &TrainingSpec,
) -> Result<Final, Error> {
    let metrics = record.detail.as_ref().map(|detail| &detail.metrics);
    let epochs = metrics.and_then(|metrics| metrics.get("epochs"));
    let mut how = Final {
        // With folds it is their mean.
        epochs: epochs.map(|epochs| epochs.round().max(1.0) as u32),
        ..Final::default()
    };
    // An ensemble costs as much as its members together, which objectives and bounds are not about.
    if protocol.last == Last::Ensemble && ledger.aims().is_score_alone() {
        for (record, _) in ledger.ranked().into_iter().take(MOST_CANDIDATES) {
            let suggestion = &record.suggestion;
            let id = suggestion.id;
            let network = suggestion.candidate.network();
            let network = network.map_err(|source| Error::StoredNetwork { id, source })?;
            how.candidates.push(Candidate {
                evaluation: id,
                network: network.clone(),
                seed: suggestion.seed,
                keys: record.setting.clone(),
            });
        }
    }
    Ok(how)
}

/// The network whose output is the mean of an ensemble's members; `None` where a last training made no ensemble.
#[must_use]
pub fn ensemble(how: &Final, members: &[u64]) -> Option<Network> {
    let find = |id: &u64| {
        let mut candidates = how.candidates.iter();
        candidates.find(|candidate| candidate.evaluation == *id)
    };
    let networks: Vec<Network> = (members.iter().filter_map(find))
        .map(|candidate| candidate.network.clone())
        .collect();
    // The worker has made it, so that it can be made.
    Some(Network::union(&networks).ok()?.network)
}

/// The rung that an evaluation is on its way to.
pub(crate) fn rung_of(record: &Record) -> Rung {
    match record.state {
        State::Running(rung) | State::Paused(rung) => rung,
        State::Done(_) => Rung::default(),
    }
}
