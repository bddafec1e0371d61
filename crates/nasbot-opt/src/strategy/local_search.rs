//! Local search: White, Nolen and Savani, *Exploring the Loss Landscape in Neural Architecture
//! Search*, UAI 2021.
//!
//! A climb starts at a random candidate (the first at the initial pool) and evaluates neighbours of
//! the best candidate of the climb until one is better, which then takes its place. When the best
//! has no new neighbours left, a new climb starts.

use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::{Choice, View};
use crate::{Error, Origin, Space};

/// Where neighbours cannot be listed: how many mutations are drawn to find a new one, …
const ATTEMPTS: usize = 50;

/// … and how many of one candidate are evaluated before it counts as the top of its climb.
const CHILDREN: usize = 30;

pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    rng: &mut Pcg64,
) -> Result<Option<Choice<S::Candidate>>, Error> {
    let evaluations = view.history.evaluations();
    let start = evaluations
        .iter()
        .rposition(|e| e.suggestion.origin == Origin::Random)
        .unwrap_or(0);
    let climb = &evaluations[start..];
    let mut best: Option<(usize, f64)> = None;
    for (index, evaluation) in climb.iter().enumerate() {
        if let Some(score) = evaluation.score()
            && best.is_none_or(|(_, top)| score > top)
        {
            best = Some((index, score));
        }
    }
    let Some((index, _)) = best else {
        return Ok(None);
    };
    let parent = &climb[index].suggestion;
    let origin = Origin::Mutation { parent: parent.id };
    match view.space.neighbours(&parent.candidate) {
        Some(mut neighbours) => {
            while !neighbours.is_empty() {
                let candidate = neighbours.swap_remove(rng.random_range(0..neighbours.len()));
                let choice = view.fresh(candidate, origin)?;
                if choice.is_some() {
                    return Ok(choice);
                }
            }
            Ok(None)
        }
        None => {
            let children = climb
                .iter()
                .filter(|e| e.suggestion.origin == origin)
                .count();
            if children >= CHILDREN {
                return Ok(None);
            }
            for _ in 0..ATTEMPTS {
                if let Some(child) = view.space.mutate(&parent.candidate, rng)
                    && let Some(choice) = view.fresh(child, origin)?
                {
                    return Ok(Some(choice));
                }
            }
            Ok(None)
        }
    }
}
