//! The search on a thread of its own: while a suggestion is computed, which may take seconds, results are still
//! recorded, and requests to stop are still heeded.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use nasbot_opt::{
    Fit, Next, Origin, Outcome, Proposed, Rung, Search, Setup, Space as _, Suggestion,
};
use nn_graph::Network;

use super::Message;
use super::parents::Parents;
use crate::settings::{Fidelity, SearchSpace, Tuning};
use crate::study::{Begins, Event, Promoted, Queued};

/// A question to the search: what it is told first, and how many answers are wanted.
pub(super) struct Question {
    pub(super) told: Vec<(u64, Outcome)>,
    /// Trainings that are over, and their numbers of parameters.
    pub(super) left: Vec<(u64, u64)>,
    pub(super) count: usize,
    /// Networks that are proposed first of all.
    pub(super) proposed: Vec<Network>,
}

/// An answer of the search.
pub(super) struct Answer {
    pub(super) next: Result<Next<Setup<Network>>, nasbot_opt::Error>,
    /// The hash of a suggested network.
    pub(super) hash: Option<u128>,
    /// How a suggested network begins.
    pub(super) begins: Begins,
    /// Weights that are not kept any more: of which evaluation, left at which rung.
    pub(super) dropped: BTreeSet<(u64, Rung)>,
    /// Hyper-parameters that were chosen on the way.
    pub(super) fits: Vec<Fit>,
    /// What the search was told immediately before, in this order.
    pub(super) told: Vec<u64>,
    /// Of the networks that were proposed immediately before, and before anything was told, those that wait now; and what became of all.
    pub(super) proposed: (Vec<Network>, Proposed),
    /// How long it took.
    pub(super) seconds: f64,
}

/// Starts the thread, which answers until the sender that is returned is dropped. Fewer answers than wanted come where one
/// is no work to start.
pub(super) fn start(
    mut search: Search<SearchSpace>,
    mut parents: Option<Parents>,
    answers: Sender<Message>,
) -> (Sender<Question>, JoinHandle<()>) {
    let (ask, questions) = mpsc::channel::<Question>();
    let thread = thread::spawn(move || {
        for question in questions {
            let mut told = question.told;
            let mut proposed = question.proposed;
            for (id, parameters) in question.left {
                if let Some(parents) = &mut parents {
                    parents.leave(id, parameters);
                }
            }
            for _ in 0..question.count {
                let (told, proposed) = (std::mem::take(&mut told), std::mem::take(&mut proposed));
                let answer = answer(&mut search, parents.as_mut(), proposed, told);
                let goes_on = matches!(answer.next, Ok(Next::Start(_) | Next::GoOn { .. }));
                if answers.send(Message::Answer(Box::new(answer))).is_err() || !goes_on {
                    break;
                }
            }
        }
    });
    (ask, thread)
}

fn answer(
    search: &mut Search<SearchSpace>,
    mut parents: Option<&mut Parents>,
    proposed: Vec<Network>,
    told: Vec<(u64, Outcome)>,
) -> Answer {
    let since = Instant::now();
    let proposed = propose(search, proposed);
    let ids = told.iter().map(|(id, _)| *id).collect();
    let mut begins = Begins::default();
    let tell = || {
        for (id, outcome) in told {
            search.tell(id, outcome)?;
            if let Some(parents) = &mut parents {
                parents.told(search, id)?;
            }
        }
        let next = search.ask()?;
        if let (Next::Start(suggestion), Some(parents)) = (&next, &parents) {
            begins = parents.begin(search, suggestion)?;
        }
        Ok(next)
    };
    let next = tell();
    let fits = search.take_fits();
    let mut hash = None;
    let next = next.map(|next| match next {
        Next::Start(suggestion) => {
            hash = Some(search.space().hash(&suggestion.candidate));
            Next::Start(storable(suggestion))
        }
        next => next,
    });
    Answer {
        next,
        hash,
        begins,
        dropped: parents.map_or_else(BTreeSet::new, Parents::take_dropped),
        fits,
        told: ids,
        proposed,
        seconds: since.elapsed().as_secs_f64(),
    }
}

/// Proposes networks: those of them that wait now, and what became of all.
pub(crate) fn propose(
    search: &mut Search<SearchSpace>,
    networks: Vec<Network>,
) -> (Vec<Network>, Proposed) {
    let space = search.space();
    let setups: Vec<_> = (networks.iter().cloned())
        .map(|network| space.with_usual(network))
        .collect();
    let proposed = search.propose(setups);
    let waiting = proposed
        .waiting
        .iter()
        .filter_map(|&place| networks.get(place).cloned());
    (waiting.collect(), proposed)
}

/// Networks that wait, as they are recorded.
pub(crate) fn proposed(networks: Vec<Network>) -> Event {
    Event::Proposed(crate::study::Proposed {
        networks: networks.into_iter().map(Into::into).collect(),
    })
}

/// JSON knows no infinities: figures that only serve reports are cut to what it can hold.
pub(crate) fn storable<C>(mut suggestion: Suggestion<C>) -> Suggestion<C> {
    let figures: Vec<&mut f64> = match &mut suggestion.origin {
        Origin::Acquisition { value, mean, std } => vec![value, mean, std],
        Origin::Proposed { value, mean, std } => [value, mean, std].into_iter().flatten().collect(),
        _ => Vec::new(),
    };
    for figure in figures {
        *figure = if figure.is_nan() {
            0.0
        } else {
            figure.clamp(f64::MIN, f64::MAX)
        };
    }
    suggestion
}

/// A suggestion as it is recorded, with what the search was told before it.
pub(crate) fn queued(
    suggestion: Suggestion<Setup<Network>>,
    tuning: &Tuning,
    hash: Option<u128>,
    begins: Begins,
    seconds: f64,
    told: Vec<u64>,
) -> Event {
    let setting = tuning.named(&suggestion.candidate.setting);
    let suggestion = Suggestion {
        id: suggestion.id,
        seed: suggestion.seed,
        origin: suggestion.origin,
        candidate: suggestion.candidate.candidate.into(),
    };
    Event::Queued(Queued {
        suggestion: Box::new(suggestion),
        hash: hash.map(|hash| format!("{hash:032x}")),
        seconds,
        told: Some(told),
        first: begins.first,
        inherits: begins.inherits,
        setting,
    })
}

/// An answer that an evaluation goes on to `rung`, as it is recorded.
pub(crate) fn promoted(fidelity: &Fidelity, id: u64, rung: Rung, told: Vec<u64>) -> Event {
    // By the rungs and not by the record: the score of the rung before may be part of the same batch, and not folded in yet.
    let from = fidelity.before(rung);
    Event::Promoted(Promoted {
        id,
        from,
        until: fidelity.epochs(rung).unwrap_or(from),
        told: Some(told),
    })
}
