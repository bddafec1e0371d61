//! Initial candidates within the bounds on what is known of a candidate.

use rand_pcg::Pcg64;

use crate::{Aims, Error, Space};

/// Candidates from which the way into the bounds is looked for: those that break them least.
const STARTS: usize = 8;

/// Mutations that are tried from each of these.
const ATTEMPTS: usize = 3_000;

/// How far a candidate breaks the bounds on what is known of it; 0 where there is none, or it keeps to all.
pub(crate) fn excess<S: Space>(space: &S, aims: &Aims, candidate: &S::Candidate) -> f64 {
    match aims.has_limits() {
        true => aims.excess(&space.known(candidate)),
        false => 0.0,
    }
}

/// Those of the pool that keep to the bounds. Where none does, candidates that are found from it: each is mutated again and again, and
/// a mutation that breaks the bounds no more than its parent takes its place.
///
/// # Errors
///
/// [`Error::Aims`] where none is found.
pub(crate) fn within<S: Space>(
    space: &S,
    aims: &Aims,
    pool: Vec<S::Candidate>,
    rng: &mut Pcg64,
) -> Result<Vec<S::Candidate>, Error> {
    let excess = |candidate: &S::Candidate| excess(space, aims, candidate);
    let mut starts: Vec<(f64, S::Candidate)> = Vec::new();
    let mut found = Vec::new();
    for candidate in pool {
        match excess(&candidate) {
            broken if broken > 0.0 => starts.push((broken, candidate)),
            _ => found.push(candidate),
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    starts.truncate(STARTS);
    let mut least = f64::INFINITY;
    for (mut broken, mut candidate) in starts {
        for _ in 0..ATTEMPTS {
            if broken <= 0.0 {
                break;
            }
            let Some(child) = space.mutate(&candidate, rng) else {
                continue;
            };
            let of_child = excess(&child);
            if of_child <= broken {
                (broken, candidate) = (of_child, child);
            }
        }
        least = least.min(broken);
        if broken <= 0.0 {
            found.push(candidate);
        }
    }
    match found.is_empty() {
        false => Ok(found),
        true => Err(Error::Aims {
            problem: format!(
                "no candidate was found that keeps to the bounds on what is known of it; the closest one breaks them by {:.0} %: \
                 loosen them",
                100.0 * least
            ),
        }),
    }
}
