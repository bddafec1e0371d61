//! The loop with several workers: three threads evaluate side by side, one kind of candidate fails, every answer and every result is
//! recorded as it comes, and a search that is rebuilt from the record goes on as the first one would.
//!
//! `cargo run -p nasbot-opt --example ask_tell`; the chapter docs/own-space.md goes through it. The space is one with a distance of its own:
//! codes of five digits, compared by how many of these differ.

use std::io::Write as _;
use std::sync::mpsc;
use std::thread;

use nasbot_opt::rand::{Rng, RngExt as _};
use nasbot_opt::{Counts, Distance, Error, Failure, Fit, Next, Outcome, Search, SearchConfig};
use nasbot_opt::{Space, Suggestion, ValidConfig, stable_hash};
use serde::{Deserialize, Serialize};

type Code = [u8; 5];

struct Codes;

impl Space for Codes {
    type Candidate = Code;
    type Point = Code;

    fn initial<R: Rng + ?Sized>(&self, _: &mut R) -> Vec<Code> {
        vec![[0; 5], [1; 5], [2; 5]]
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Code, rng: &mut R) -> Option<Code> {
        let mut child = *parent;
        child[rng.random_range(0..5)] = rng.random_range(0..4);
        (child != *parent).then_some(child)
    }

    fn hash(&self, code: &Code) -> u128 {
        stable_hash(code.map(u64::from))
    }

    fn point(&self, code: &Code) -> Result<Code, Error> {
        Ok(*code)
    }

    fn num_distances(&self) -> usize {
        1
    }

    fn distances(&self, from: &Code, to: &[&Code], out: &mut [Distance]) -> Result<(), Error> {
        for (to, out) in to.iter().zip(out) {
            let differ = from.iter().zip(*to).filter(|(a, b)| a != b).count() as f64;
            *out = Distance {
                raw: differ,
                normalised: differ / 5.0,
            };
        }
        Ok(())
    }

    fn counts(&self, code: &Code) -> Vec<Counts> {
        // Which digit stands where.
        let placed = code
            .iter()
            .zip(0..)
            .map(|(&digit, place)| 4 * place + u64::from(digit));
        vec![Counts::new(placed)]
    }
}

/// What you evaluate: here a code is the better, the more of its digits are these, and one that begins with two zeros cannot be run.
fn evaluate(code: &Code) -> Outcome {
    if code.starts_with(&[0, 0]) {
        return Outcome::Failed(Failure::Crashed);
    }
    let hits = code.iter().zip([3, 1, 0, 2, 3]).filter(|(a, b)| **a == *b);
    Outcome::scored(hits.count() as f64)
}

/// A line of the record.
#[derive(Serialize, Deserialize)]
enum Line {
    Suggested(Suggestion<Code>),
    Told(u64, Outcome),
    Fitted(Vec<Fit>),
}

fn config() -> Result<ValidConfig, Error> {
    SearchConfig::default().validated()
}

/// A search as its record leaves it: suggestions and results are taken over in their order, and nothing is computed anew.
fn restored(record: &str) -> Result<Search<Codes>, Box<dyn std::error::Error>> {
    let mut search = Search::new(Codes, config()?)?;
    for line in record.lines() {
        match serde_json::from_str(line)? {
            Line::Suggested(suggestion) => search.restore(Next::Start(suggestion))?,
            Line::Told(id, outcome) => search.tell(id, outcome)?,
            Line::Fitted(fits) => search.restore_fits(fits),
        }
    }
    Ok(search)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut search = Search::new(Codes, config()?)?;
    search.set_budget(Some(60));
    // Here a text; elsewhere a file that is written before the answer is used.
    let mut record = String::new();
    let mut write = |line: &Line| -> serde_json::Result<()> {
        record.push_str(&serde_json::to_string(line)?);
        record.push('\n');
        Ok(())
    };
    let (done, results) = mpsc::channel();
    thread::scope(|scope| -> Result<(), Box<dyn std::error::Error>> {
        let mut running = 0;
        loop {
            while running < 3
                && let Next::Start(suggestion) = search.ask()?
            {
                // Hyper-parameters that were chosen on the way: a search that is restored with them need not choose them again.
                write(&Line::Fitted(search.take_fits()))?;
                write(&Line::Suggested(suggestion.clone()))?;
                let done = done.clone();
                scope.spawn(move || done.send((suggestion.id, evaluate(&suggestion.candidate))));
                running += 1;
            }
            if running == 0 {
                break Ok(());
            }
            let (id, outcome) = results.recv()?;
            running -= 1;
            search.tell(id, outcome)?;
            write(&Line::Told(id, outcome))?;
        }
    })?;
    let failed = |outcome: &nasbot_opt::State| {
        matches!(outcome, nasbot_opt::State::Done(Outcome::Failed(_)))
    };
    let failures = search
        .evaluations()
        .iter()
        .filter(|e| failed(&e.state))
        .count();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{} evaluations, {failures} failed",
        search.evaluations().len()
    )?;
    if let Some(best) = search.best() {
        writeln!(
            out,
            "best: {:?} with {:?}",
            best.suggestion.candidate,
            best.score()
        )?;
    }
    let mut second = restored(&record)?;
    let is_same = search.suggest()? == second.suggest()?;
    writeln!(out, "the restored search suggests the same: {is_same}")?;
    Ok(())
}
