//! A study that is asked and told: the program that owns the evaluations asks for networks when it has room for them, and
//! tells their scores whenever they come, in any order. The study is a file that `nasbot show` reads, that the commands `nasbot
//! ask` and `nasbot tell` go on with, and that a second run of this example goes on with too.
//!
//! `cargo run -p nasbot --example hand_out [STUDY]`

use std::collections::VecDeque;
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;

use nasbot::ask_tell::{AskTell, Assignment};
use nasbot::session::system_clock;
use nasbot::settings::{Budget, Evaluator, Fidelity, Settings, Tuning, Workers};
use nasbot::study::{Created, Event, Ledger, Study};
use nasbot_opt::{Failure, NetworkSpace, SearchConfig};
use nn_graph::{Bounds, Kind};

/// Evaluations that are under way at once.
const AT_ONCE: usize = 3;

/// Deep networks with few units are best; one without any hidden unit cannot be scored.
fn score(assignment: &Assignment) -> Result<f64, Failure> {
    let layers = assignment.network.layers();
    let units: u32 = layers.iter().filter_map(|layer| layer.units).sum();
    match units {
        0 => Err(Failure::ImpossibleShape),
        _ => Ok(layers.len() as f64 - f64::from(units).log2()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let path = path.unwrap_or_else(|| std::env::temp_dir().join("ask-tell.nasbot.db"));
    let constraints = Bounds {
        max_layers: Some(20),
        ..Bounds::default()
    }
    .checked()?;
    let mut settings = Settings {
        name: "ask-tell".to_owned(),
        space: NetworkSpace::new(Kind::MlpReg, constraints)?,
        search: SearchConfig::default().validated()?,
        fidelity: Fidelity::full(),
        evaluator: Evaluator::Own,
        workers: Workers::default(),
        budget: Budget {
            evaluations: 20,
            wall_time: None,
        },
        facts: None,
        tuning: Tuning::default(),
        aims: nasbot::settings::Aims::default(),
        proposals: nasbot::settings::Proposals::default(),
    };
    let study = if path.exists() {
        settings.budget.evaluations += Ledger::read(&path)?.begun();
        Study::open(&path, system_clock())?
    } else {
        let first = Event::Created(Created::new(&settings));
        Study::create(&path, first, system_clock())?
    };
    let mut study = AskTell::new(settings, study);
    let mut out = std::io::stdout();
    let mut under_way: VecDeque<Assignment> = VecDeque::new();
    loop {
        // What is asked for is recorded: a program that is killed here finds it with `nasbot show`.
        let asked = study.ask(AT_ONCE - under_way.len())?;
        under_way.extend(asked.assignments);
        // The first to come back is as likely the last one as the first one.
        let Some(done) = under_way.pop_back() else {
            break;
        };
        match score(&done) {
            Ok(score) => study.tell(done.id, score)?,
            Err(failure) => study.fail(done.id, failure, None)?,
        };
        writeln!(out, "#{} {}", done.id, done.network.len())?;
    }
    if let Some(best) = study.ledger().best() {
        let (id, score) = (best.suggestion.id, best.score());
        writeln!(out, "best: #{id} with {score:?}")?;
    }
    writeln!(out, "nasbot show {}", path.display())?;
    Ok(())
}
