//! A search with an evaluator of one's own, written in Rust: networks are scored by a function, the study is a file that
//! `nasbot show` reads, and a second run goes on where the first one stopped.
//!
//! `cargo run -p nasbot --example own_evaluator [STUDY]`

use std::error::Error;
use std::path::PathBuf;

use nasbot::Stop;
use nasbot::backend::Function;
use nasbot::report::line;
use nasbot::session::{Observer, run, system_clock};
use nasbot::settings::{Budget, Evaluator, Fidelity, Settings, Tuning, Workers};
use nasbot::study::{Created, Event, Ledger, Stamped, Study};
use nasbot_opt::{Failure, NetworkSpace, Outcome, SearchConfig};
use nn_graph::{Bounds, Kind, Network};

/// Deep networks with few units are best; one without any hidden unit cannot be scored.
fn score(network: &Network, _seed: u64) -> Outcome {
    let units: u32 = network
        .layers()
        .iter()
        .filter_map(|layer| layer.units)
        .sum();
    if units == 0 {
        return Outcome::Failed(Failure::ImpossibleShape);
    }
    Outcome::scored(network.len() as f64 - f64::from(units).log2())
}

/// Prints what happens, as the program does.
struct Lines;

impl Observer for Lines {
    fn event(&mut self, stamped: &Stamped, ledger: &Ledger) {
        if let Some(line) = line(stamped, ledger) {
            self.note(&line);
        }
    }

    #[expect(clippy::print_stdout, reason = "an example shows what it does")]
    fn note(&mut self, text: &str) {
        println!("{text}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let path = path.unwrap_or_else(|| std::env::temp_dir().join("own-evaluator.nasbot.db"));
    let constraints = Bounds {
        max_layers: Some(20),
        ..Bounds::default()
    }
    .checked()?;
    let mut settings = Settings {
        name: "own-evaluator".to_owned(),
        space: NetworkSpace::new(Kind::MlpReg, constraints)?,
        search: SearchConfig::default().validated()?,
        fidelity: Fidelity::full(),
        evaluator: Evaluator::Own,
        workers: Workers::default(),
        budget: Budget {
            evaluations: 30,
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
        Study::create(
            &path,
            Event::Created(Created::new(&settings)),
            system_clock(),
        )?
    };
    let backend = Function::new(score).at_once(2);
    let ledger = run(&settings, study, backend, &mut Lines, &Stop::new())?;
    if let Some((best, score)) = ledger.best().and_then(|best| Some((best, best.score()?))) {
        Lines.note(&format!("best: #{} with {score:.3}", best.suggestion.id));
        Lines.note(&format!("nasbot show {}", path.display()));
    }
    Ok(())
}
