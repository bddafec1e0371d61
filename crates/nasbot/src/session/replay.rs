//! A search rebuilt from its history: answered and told in the recorded order, without computing anything anew.

use std::path::Path;

use nasbot_opt::{Next, Outcome, Rung, Search, Setup, Space as _, Suggestion};
use nn_graph::Network;
use rayon::prelude::*;

use super::asking;
use super::parents::Parents;
use crate::error::Error;
use crate::settings::{SearchSpace, Settings, Tuning};
use crate::study::{Detail, Event, Promoted, Queued, Stamped};

/// A search as its history leaves it.
pub(crate) struct Replayed {
    pub(crate) search: Search<SearchSpace>,
    /// Results that are recorded and of which the search has not been told yet, in the order of their recording.
    pub(crate) untold: Vec<(u64, Outcome)>,
    /// The weights that may be inherited, where trainings inherit.
    pub(crate) parents: Option<Parents>,
    /// Answers since the search was last told something: those of the present batch.
    pub(crate) batch: usize,
    /// The keys that are tuned.
    tuning: Tuning,
}

pub(crate) fn replay(
    settings: &Settings,
    events: &[Stamped],
    path: &Path,
) -> Result<Replayed, Error> {
    read_networks(events)?;
    let (space, config) = (settings.search_space()?, settings.search.clone());
    let mut search = match settings.aims.is_score_alone() {
        true => Search::with_halving(space, config, settings.fidelity.halving())?,
        false => Search::with_aims(space, config, settings.aims.checked(&settings.evaluator)?)?,
    };
    if let Some(Event::Created(created)) = events.first().map(|stamped| &stamped.event)
        && !created.priors.is_empty()
    {
        let usual = search.space().usual().clone();
        let studies = created.priors.iter();
        let studies: Vec<_> = studies
            .map(|prior| prior.study(&settings.tuning, &usual))
            .collect();
        search = search.with_earlier(&studies)?;
    }
    search.set_budget(Some(settings.budget.evaluations));
    let mut replayed = Replayed {
        search,
        untold: Vec::new(),
        parents: Parents::of(&settings.fidelity),
        batch: 0,
        tuning: settings.tuning.clone(),
    };
    for stamped in events {
        let step = replayed.step(&stamped.event);
        step.map_err(|message| Error::NotAStudy {
            path: path.to_owned(),
            message: format!("its history cannot be replayed: {message}"),
        })?;
    }
    Ok(replayed)
}

/// Parses the networks of a history on all cores.
fn read_networks(events: &[Stamped]) -> Result<(), Error> {
    events
        .par_iter()
        .with_min_len(100)
        .try_for_each(|stamped| match &stamped.event {
            Event::Queued(queued) => network(queued).map(drop),
            _ => Ok(()),
        })
}

/// The hash of a suggested network, where it is recorded.
fn hash(queued: &Queued) -> Result<Option<u128>, String> {
    let hash = queued.hash.as_ref();
    hash.map(|hash| u128::from_str_radix(hash, 16).map_err(|error| error.to_string()))
        .transpose()
}

pub(crate) fn network(queued: &Queued) -> Result<&Network, Error> {
    let id = queued.suggestion.id;
    let network = queued.suggestion.candidate.network();
    network.map_err(|source| Error::StoredNetwork { id, source })
}

impl Replayed {
    fn step(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Queued(queued) => self.tell(queued.told.as_deref())?,
            Event::Promoted(promoted) => self.tell(promoted.told.as_deref())?,
            _ => {}
        }
        self.take(event)
    }

    /// Takes an event in, what was told before an answer left out.
    pub(crate) fn take(&mut self, event: &Event) -> Result<(), String> {
        let said = |error: nasbot_opt::Error| error.to_string();
        match event {
            Event::Queued(queued) => {
                self.batch += 1;
                let suggestion = self.suggestion(queued)?;
                let hash = match hash(queued)? {
                    Some(hash) => hash,
                    None => self.search.space().hash(&suggestion.candidate),
                };
                self.search.restore_hashed(suggestion, hash).map_err(said)?;
                self.begin(queued)
            }
            Event::Promoted(Promoted { id, .. }) => {
                self.batch += 1;
                let reached = (self.search.evaluation(*id)).and_then(|e| e.reached());
                let rung = reached.map_or(Rung::default(), Rung::next);
                self.search
                    .restore(Next::GoOn { id: *id, rung })
                    .map_err(said)
            }
            Event::Told(told) => self.tell(Some(&told.ids)),
            Event::Proposed(proposed) => {
                let networks = (proposed.networks.iter()).map(|stored| stored.network().cloned());
                let networks: Vec<Network> = networks
                    .collect::<Result<_, _>>()
                    .map_err(|e| e.to_string())?;
                drop(asking::propose(&mut self.search, networks));
                Ok(())
            }
            Event::Started(started) if started.by_hand => {
                // A batch is made of what the search runs itself.
                self.batch = self.batch.saturating_sub(1);
                Ok(())
            }
            Event::Retried(about) => {
                // Its failure may not have been told yet.
                if self.untold.iter().any(|(id, _)| *id == about.id) {
                    self.tell(Some(&[about.id]))?;
                }
                self.search.retry(about.id).map(drop).map_err(said)
            }
            Event::Reached(reached) => {
                self.leave(reached.id, &reached.detail);
                self.untold
                    .push((reached.id, Outcome::scored(reached.score)));
                Ok(())
            }
            Event::Finished(finished) => {
                self.leave(finished.id, &finished.detail);
                self.untold.push((finished.id, finished.outcome));
                Ok(())
            }
            Event::Lost(lost) => {
                if let Some(parents) = &mut self.parents {
                    parents.forget(&lost.weights);
                }
                Ok(())
            }
            Event::Fitted(fit) => {
                self.search.restore_fits([fit.clone()]);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A suggestion as the search made it.
    pub(crate) fn suggestion(&self, queued: &Queued) -> Result<Suggestion<Setup<Network>>, String> {
        let network = network(queued).map_err(|error| error.to_string())?;
        let usual = self.search.space().usual();
        Ok(Suggestion {
            id: queued.suggestion.id,
            seed: queued.suggestion.seed,
            origin: queued.suggestion.origin,
            candidate: Setup {
                candidate: network.clone(),
                setting: self.tuning.setting(&queued.setting, usual)?,
            },
        })
    }

    /// Lets a suggestion that was taken over begin as it did.
    pub(crate) fn begin(&mut self, queued: &Queued) -> Result<(), String> {
        if queued.first == Rung::default() {
            return Ok(());
        }
        let begun = self.search.begin_at(queued.suggestion.id, queued.first);
        begun.map_err(|error| error.to_string())
    }

    /// Takes in that a training is over, which may have left weights.
    fn leave(&mut self, id: u64, detail: &Detail) {
        if let (Some(parents), Some(parameters)) = (&mut self.parents, detail.parameters) {
            parents.leave(id, parameters);
        }
    }

    /// Tells the search the results of these evaluations; in format 1 all that are known, by number.
    pub(crate) fn tell(&mut self, told: Option<&[u64]>) -> Result<(), String> {
        let results: Vec<(u64, Outcome)> = match told {
            None => {
                self.untold.sort_by_key(|(id, _)| *id);
                self.untold.drain(..).collect()
            }
            Some(ids) => {
                let mut take = |id: &u64| {
                    let place = self.untold.iter().position(|(known, _)| known == id);
                    let place = place.ok_or_else(|| format!("evaluation {id} has no result"))?;
                    Ok(self.untold.remove(place))
                };
                ids.iter().map(&mut take).collect::<Result<_, String>>()?
            }
        };
        if !results.is_empty() {
            self.batch = 0;
        }
        for (id, outcome) in results {
            (self.search.tell(id, outcome)).map_err(|error| error.to_string())?;
            if let Some(parents) = &mut self.parents {
                (parents.told(&self.search, id)).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}
