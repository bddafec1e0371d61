//! Every suggestion of a study, recomputed from the order of its results and compared with what was recorded.
//!
//! What a search answers is a function of its settings and of what it was told before, in that order, and the history holds
//! both, however many workers, rungs and interruptions there were. Here each answer is computed anew where the history has
//! it and compared bit for bit: the network, its seed, why it was suggested with all figures, and the hyper-parameters that
//! were chosen on the way. The recorded answer is then taken over, so that every difference is one of its own and not the
//! consequence of the one before, except for hyper-parameters: these follow from those that were chosen before.

use std::collections::BTreeMap;
use std::path::Path;

use nasbot_opt::{Fit, Next, Origin, Over, Rung, Setup, Suggestion};
use nn_graph::Network;
use nn_train::Keys;
use serde::Serialize;

use crate::error::Error;
use crate::session::asking::storable;
use crate::session::replay::{Replayed, replay as rebuild};
use crate::settings::{Description, Settings, Tuning};
use crate::study::{Event, Inherits, Queued, Stamped};

/// What came out of recomputing a study.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Replay {
    /// Suggestions that were recomputed.
    pub suggestions: u64,
    /// Networks that were given by hand, of which only the seed is recomputed.
    pub given: u64,
    /// Answers that an evaluation goes on to the next rung, which were recomputed.
    pub promotions: u64,
    /// Answers that there is nothing to do before another result, which were recomputed.
    pub waits: u64,
    /// Choices of hyper-parameters that were recomputed.
    pub fits: u64,
    /// Answers that are another one now, in their order.
    pub differences: Vec<Difference>,
    /// Choices of hyper-parameters that are others now, in their order.
    pub differing_fits: Vec<DifferingFit>,
}

impl Replay {
    /// Whether everything is as it was recorded.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.differences.is_empty() && self.differing_fits.is_empty()
    }

    /// How many answers were recomputed.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.suggestions + self.given + self.promotions + self.waits
    }
}

/// An answer that is another one now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The number of the event in the study's history, from 1.
    pub event: usize,
    /// The evaluation that the recorded answer is about; where there was nothing to do, the one that it would be about now.
    pub evaluation: Option<u64>,
    /// As it was recorded.
    pub recorded: Answer,
    /// As it is computed now.
    pub now: Answer,
}

/// An answer of a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// To start an evaluation.
    Start(Box<Start>),
    /// To let an evaluation go on to a rung.
    GoOn {
        /// The evaluation.
        id: u64,
        /// The rung, counted from 0.
        rung: Rung,
    },
    /// Nothing before another result.
    Wait,
    /// To begin an evaluation with the weights of another.
    Inherit {
        /// The evaluation.
        id: u64,
        /// The one whose weights they are; `None` for random ones.
        parent: Option<u64>,
    },
    /// Nothing any more.
    Over {
        /// Whether that is because the space has no further candidate, and not for the budget.
        exhausted: bool,
    },
    /// No answer at all.
    Error {
        /// What went wrong.
        message: String,
    },
}

/// An evaluation to start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Start {
    /// What is suggested.
    #[serde(flatten)]
    pub suggestion: Suggestion<Network>,
    /// The values of the keys that are tuned.
    #[serde(skip_serializing_if = "Keys::is_empty")]
    pub setting: Keys,
}

impl Start {
    fn of(suggestion: Suggestion<Setup<Network>>, tuning: &Tuning) -> Box<Self> {
        Box::new(Self {
            setting: tuning.named(&suggestion.candidate.setting),
            suggestion: Suggestion {
                id: suggestion.id,
                seed: suggestion.seed,
                origin: suggestion.origin,
                candidate: suggestion.candidate.candidate,
            },
        })
    }
}

/// A choice of hyper-parameters that is another one now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DifferingFit {
    /// The number of scores that were known.
    pub scores: usize,
    /// As it was recorded.
    pub recorded: Fit,
    /// As it is computed now; `None` where none is chosen at this number of scores.
    pub now: Option<Fit>,
}

/// Recomputes the study at `path` from its `events`. `settings` are those that follow from a description: the study's first
/// one, and each that it went on with after that was mended.
///
/// ```
/// # use std::sync::Arc;
/// # use nasbot::backend::Function;
/// # use nasbot::session::{Silent, run};
/// # use nasbot::settings::{Budget, Evaluator, Fidelity, Settings, Workers};
/// # use nasbot::study::{Created, Event, Study, read};
/// # use nasbot::{Stop, SystemClock};
/// # use nasbot_opt::{NetworkSpace, Outcome, SearchConfig, Strategy};
/// # use nn_graph::{Bounds, Kind, Network};
/// # let folder = tempfile::tempdir()?;
/// # let constraints = Bounds { max_layers: Some(12), ..Bounds::default() }.checked()?;
/// # let settings = Settings {
/// #     name: "small".to_owned(),
/// #     space: NetworkSpace::new(Kind::MlpReg, constraints)?,
/// #     search: SearchConfig { strategy: Strategy::Evolution, ..SearchConfig::default() }.validated()?,
/// #     fidelity: Fidelity::full(),
/// #     evaluator: Evaluator::Own,
/// #     workers: Workers::default(),
/// #     budget: Budget { evaluations: 12, wall_time: None },
/// #     facts: None,
/// #     tuning: Default::default(),
/// #     aims: Default::default(),
/// #     proposals: Default::default(),
/// # };
/// # let score = |network: &Network, _seed: u64| Outcome::scored(network.len() as f64);
/// # let path = folder.path().join("small.nasbot.db");
/// # let study = Study::create(&path, Event::Created(Created::new(&settings)), Arc::new(SystemClock::new()))?;
/// # run(&settings, study, Function::new(score), &mut Silent, &Stop::new())?;
/// // `settings` are those with which the study at `path` was searched.
/// let replay = nasbot::replay::replay(&read(&path)?, &path, |_| Ok::<_, nasbot::Error>(settings.clone()))?;
/// assert!(replay.is_identical());
/// assert_eq!(replay.suggestions, 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of `settings`; and [`Error::NotAStudy`] for a history that no search can have left.
pub fn replay<E: From<Error>>(
    events: &[Stamped],
    path: &Path,
    mut settings: impl FnMut(&Description) -> Result<Settings, E>,
) -> Result<Replay, E> {
    let damaged = |message: &str| Error::NotAStudy {
        path: path.to_owned(),
        message: format!("its history cannot be replayed: {message}"),
    };
    let mut run: Option<Run> = None;
    for (place, stamped) in events.iter().enumerate() {
        let (description, budget) = match &stamped.event {
            Event::Created(created) => (&created.description, created.evaluations),
            // A description that was mended may have another space; what was there before is taken over as it is.
            Event::Described(described) => {
                let budget = run.as_ref().map_or(0, |run| run.budget);
                (&described.description, budget)
            }
            event => {
                let run = run.as_mut();
                let run = run.ok_or_else(|| damaged("it does not say what is searched"))?;
                run.step(place + 1, event).map_err(|e| damaged(&e))?;
                continue;
            }
        };
        let settings = settings(description)?;
        let mut replayed = rebuild(&settings, events.get(..=place).unwrap_or(&[]), path)?;
        replayed.search.set_budget(Some(budget));
        let before = run.take();
        run = Some(Run {
            replayed,
            budget,
            tuning: settings.tuning.clone(),
            recorded: before
                .as_ref()
                .map_or_else(BTreeMap::new, |r| r.recorded.clone()),
            now: before
                .as_ref()
                .map_or_else(BTreeMap::new, |r| r.now.clone()),
            result: before.map_or_else(Replay::default, |run| run.result),
        });
    }
    let run = run.ok_or_else(|| damaged("it is empty"))?;
    Ok(run.finish().map_err(Error::from)?)
}

/// A study while it is recomputed.
struct Run {
    replayed: Replayed,
    budget: u64,
    tuning: Tuning,
    /// Hyper-parameters by the number of scores that were known.
    recorded: BTreeMap<usize, Fit>,
    now: BTreeMap<usize, Fit>,
    result: Replay,
}

impl Run {
    fn step(&mut self, place: usize, event: &Event) -> Result<(), String> {
        match event {
            Event::Opened(opened) => {
                self.budget = opened.evaluations;
                self.replayed.search.set_budget(Some(self.budget));
            }
            // Not taken over: they are chosen anew.
            Event::Fitted(fit) => drop(self.recorded.insert(fit.scores, fit.clone())),
            Event::Told(told) => {
                self.replayed.tell(Some(&told.ids))?;
                self.result.waits += 1;
                let now = self.peek();
                if !matches!(now, Answer::Wait | Answer::Over { .. }) {
                    self.differs(place, now.about(), Answer::Wait, now);
                }
            }
            Event::Queued(queued) => {
                self.replayed.tell(queued.told.as_deref())?;
                let recorded = self.replayed.suggestion(queued)?;
                if recorded.origin == Origin::Given {
                    return self.give(place, recorded, event);
                }
                self.result.suggestions += 1;
                self.compare(
                    place,
                    Answer::Start(Start::of(recorded.clone(), &self.tuning)),
                );
                self.compare_parents(place, &recorded, queued)?;
                self.replayed.take(event)?;
            }
            Event::Promoted(promoted) => {
                self.replayed.tell(promoted.told.as_deref())?;
                self.result.promotions += 1;
                let id = promoted.id;
                let reached = (self.replayed.search.evaluation(id)).and_then(|e| e.reached());
                let rung = reached.map_or(Rung::default(), Rung::next);
                self.compare(place, Answer::GoOn { id, rung });
                self.replayed.take(event)?;
            }
            other => self.replayed.take(other)?,
        }
        Ok(())
    }

    /// A network that was given: there is nothing to choose, but its number and its seed are the search's.
    fn give(
        &mut self,
        place: usize,
        recorded: Suggestion<Setup<Network>>,
        event: &Event,
    ) -> Result<(), String> {
        self.result.given += 1;
        match self.replayed.search.give(recorded.candidate.clone()) {
            Ok(now) if now == recorded => {
                if let Event::Queued(queued) = event {
                    self.replayed.begin(queued)?;
                }
            }
            Ok(now) => {
                let id = Some(recorded.id);
                let [recorded, now] =
                    [recorded, now].map(|s| Answer::Start(Start::of(s, &self.tuning)));
                self.differs(place, id, recorded, now);
            }
            Err(error) => {
                let message = error.to_string();
                let id = Some(recorded.id);
                let recorded = Answer::Start(Start::of(recorded, &self.tuning));
                self.differs(place, id, recorded, Answer::Error { message });
                self.replayed.take(event)?;
            }
        }
        Ok(())
    }

    /// Whose weights an evaluation begins with; what is run by hand has none.
    fn compare_parents(
        &mut self,
        place: usize,
        suggestion: &Suggestion<Setup<Network>>,
        queued: &Queued,
    ) -> Result<(), String> {
        let Some(parents) = &self.replayed.parents else {
            return Ok(());
        };
        let now = parents.choose(self.replayed.search.space(), suggestion);
        let now = now.map_err(|error| error.to_string())?;
        if queued.inherits.is_some() && now != queued.inherits {
            let id = suggestion.id;
            let answer = |inherits: Option<Inherits>| Answer::Inherit {
                id,
                parent: inherits.map(|inherits| inherits.parent),
            };
            let (recorded, now) = (answer(queued.inherits), answer(now));
            self.differs(place, Some(id), recorded, now);
        }
        Ok(())
    }

    fn compare(&mut self, place: usize, recorded: Answer) {
        let now = self.peek();
        if now != recorded {
            self.differs(place, recorded.about(), recorded, now);
        }
    }

    fn differs(&mut self, event: usize, evaluation: Option<u64>, recorded: Answer, now: Answer) {
        self.result.differences.push(Difference {
            event,
            evaluation,
            recorded,
            now,
        });
    }

    /// What the search answers now.
    fn peek(&mut self) -> Answer {
        let next = self.replayed.search.peek();
        self.keep_fits();
        match next {
            Ok(Next::Start(suggestion)) => {
                Answer::Start(Start::of(storable(suggestion), &self.tuning))
            }
            Ok(Next::GoOn { id, rung }) => Answer::GoOn { id, rung },
            Ok(Next::Wait) => Answer::Wait,
            Ok(Next::Over(over)) => Answer::Over {
                exhausted: over == Over::Exhausted,
            },
            Err(error) => Answer::Error {
                message: error.to_string(),
            },
        }
    }

    fn keep_fits(&mut self) {
        let fits = self.replayed.search.take_fits();
        self.now
            .extend(fits.into_iter().map(|fit| (fit.scores, fit)));
    }

    /// Compares hyper-parameters: those that were chosen and not recorded, as before a kill, are no difference.
    fn finish(mut self) -> Result<Replay, nasbot_opt::Error> {
        // Brings the model up to what was told last.
        self.replayed.search.incumbent()?;
        self.keep_fits();
        let mut result = self.result;
        result.fits = self.recorded.len() as u64;
        for (scores, recorded) in self.recorded {
            let now = self.now.remove(&scores);
            if !(now.as_ref()).is_some_and(|now| now.is_same_choice(&recorded)) {
                result.differing_fits.push(DifferingFit {
                    scores,
                    recorded,
                    now,
                });
            }
        }
        Ok(result)
    }
}

impl Answer {
    /// The evaluation that it is about.
    #[must_use]
    pub fn about(&self) -> Option<u64> {
        match self {
            Self::Start(start) => Some(start.suggestion.id),
            Self::GoOn { id, .. } | Self::Inherit { id, .. } => Some(*id),
            Self::Wait | Self::Over { .. } | Self::Error { .. } => None,
        }
    }
}
