//! What evaluations take, for the smallest and the largest network of a search.

use std::time::Duration;

use nasbot::backend;
use nasbot::report;
use nasbot::settings::{Evaluator, Settings, Training};
use nn_graph::{Network, pool};
use nn_train::data::Contents;
use nn_train::estimate::{Estimate, Speed};
use nn_train::plan::Plan;
use serde::Serialize;

/// What one evaluation takes, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// `smallest`, `largest`, or `slowest initial` where nothing bounds the networks.
    which: &'static str,
    layers: usize,
    parameters: u64,
    /// On this processor; `None` where evaluations run on GPUs.
    seconds: Option<f64>,
    /// In the computer's memory, or the GPU's.
    bytes: u64,
    network: Network,
}

/// What evaluations of a search take.
#[derive(Debug, Serialize)]
pub(super) struct Estimates {
    networks: Vec<Figures>,
    /// Threads of a worker on the processor.
    threads: Option<usize>,
    /// Seconds of all evaluations, if they take what the initial networks take in the mean; `None` where evaluations run on GPUs.
    seconds: Option<f64>,
    /// Evaluations in the budget.
    #[serde(skip)]
    evaluations: u64,
    /// Floating-point operations a second of one thread, measured.
    operations: f64,
    /// Whether trainings may stop before their last epoch.
    #[serde(skip)]
    stops: bool,
}

/// The estimates for a search that trains on data; `None` for any other one, and where a network does not fit the data, of which the
/// search itself will say more.
pub(super) fn estimates(settings: &Settings, contents: &Contents) -> Option<Estimates> {
    let Evaluator::Local(training) = &settings.evaluator else {
        return None;
    };
    let constraints = settings.space.constraints();
    let kind = settings.space.kind();
    let smallest = pool::smallest(kind, constraints).map(|network| ("smallest", network));
    let largest = pool::largest(kind, constraints).map(|network| ("largest", network));
    let processor = backend::on_processor(&settings.workers);
    let threads = processor.map(|processor| processor.threads);
    let speed = Speed::measure();
    let of =
        |network: &Network| estimate(training, contents, network, (speed, threads.unwrap_or(1)));
    let starts = settings.space.starts().iter();
    let starts: Vec<(f64, &Network)> = starts
        .filter_map(|network| Some((of(network)?.seconds, network)))
        .collect();
    // Its mass says little of how long a network takes whose pictures shrink late.
    let longest = starts.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let largest =
        largest.or_else(|| longest.map(|&(_, network)| ("slowest initial", network.clone())));
    let figures = |(which, network): (&'static str, Network)| {
        let found = of(&network)?;
        Some(Figures {
            which,
            layers: network.len(),
            parameters: found.parameters,
            seconds: threads.map(|_| found.seconds),
            bytes: found.bytes,
            network,
        })
    };
    let networks = [smallest, largest].into_iter().flatten();
    let networks: Vec<Figures> = networks.filter_map(figures).collect();
    let evaluations = settings.budget.evaluations;
    let seconds = processor.filter(|_| !starts.is_empty()).map(|processor| {
        let mean = starts.iter().map(|start| start.0).sum::<f64>() / starts.len() as f64;
        mean * evaluations as f64 / processor.workers as f64
    });
    (!networks.is_empty()).then(|| Estimates {
        networks,
        seconds,
        evaluations,
        threads,
        operations: speed.operations,
        stops: training.protocol.patience.is_some() || settings.fidelity.stops(),
    })
}

fn estimate(
    training: &Training,
    contents: &Contents,
    network: &Network,
    machine: (Speed, usize),
) -> Option<Estimate> {
    let outputs = u32::try_from(contents.classes.len()).ok()?.max(1);
    let plan = Plan::new(network, contents.shape, outputs).ok()?;
    let protocol = training.protocol.clone().validated().ok()?;
    Some(Estimate::new(&plan, &protocol, contents, machine))
}

impl Estimates {
    /// For a person, a line for each network.
    pub(super) fn text(&self) -> String {
        let heading = match self.threads {
            Some(threads) => format!(
                "about, for one evaluation on this processor ({}):",
                report::counted(threads, "thread")
            ),
            None => "about, for one evaluation (how long it takes on a GPU is not estimated):"
                .to_owned(),
        };
        let lines = self.networks.iter().map(|of| {
            let time = of
                .seconds
                .map_or_else(String::new, |seconds| self.span(seconds) + ", ");
            format!(
                "    the {} network ({} layers, {}): {time}{:.1} GB",
                of.which,
                of.layers,
                report::counted(of.parameters as usize, "parameter"),
                of.bytes as f64 / 1e9
            )
        });
        let all = self.seconds.map(|seconds| {
            format!(
                "    all {} evaluations, if they are like the initial networks: {}",
                self.evaluations,
                self.span(seconds)
            )
        });
        let lines: Vec<String> = lines.chain(all).collect();
        format!("  {heading}\n{}", lines.join("\n"))
    }

    /// Seconds in words.
    fn span(&self, seconds: f64) -> String {
        // More than a clock counts is for ever.
        let span = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let most = if self.stops { "at most " } else { "" };
        format!("{most}{}", report::human(span))
    }
}
