//! Where evaluations run: back-ends behind one trait.
//!
//! A back-end is handed tasks, at most [`Backend::slots`] at once, and reports over a channel what
//! becomes of them. It knows neither the study nor the search. What goes wrong with one network is
//! an outcome like any other ([`End::Done`]); only what would go wrong with every network is not
//! ([`End::Hopeless`]).

mod answer;
mod command;
mod devices;
pub(crate) mod guard;
mod local;
mod locate;
mod process;
mod synthetic;

use std::path::PathBuf;
use std::sync::mpsc::Sender;

use nasbot_opt::Outcome;
use nn_graph::Network;
use nn_train::job::Stage;

use crate::config::{Config, Evaluator};
use crate::error::Error;
use crate::study::Detail;

/// Runs evaluations.
pub(crate) trait Backend {
    /// How many evaluations it runs at once.
    fn slots(&self) -> usize;

    /// Begins an evaluation in a free slot and returns; [`Report`]s say what becomes of it.
    fn start(&mut self, slot: usize, task: Task) -> Result<(), Error>;

    /// Stops whatever runs. Each running evaluation reports that it [`End::Stopped`], unless it
    /// ended by itself in the meantime.
    fn stop(&mut self);

    /// Whether it can train the best network once more and keep its weights.
    fn retrains(&self) -> bool {
        false
    }
}

/// One evaluation, as a back-end is told.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// Its number in the study.
    pub(crate) id: u64,
    /// What to evaluate.
    pub(crate) network: Network,
    /// Everything random in it follows from this.
    pub(crate) seed: u64,
    /// Where to log.
    pub(crate) log: PathBuf,
    /// If this is the last training of the best network: where its weights go.
    pub(crate) weights: Option<PathBuf>,
    /// If it is only a part of a training: which.
    pub(crate) stage: Option<Stage>,
}

/// What a back-end has to say about an evaluation.
#[derive(Clone, Debug)]
pub(crate) enum Report {
    /// It began.
    Started {
        id: u64,
        slot: usize,
        device: String,
    },
    /// An epoch is over.
    Progress {
        id: u64,
        epoch: u32,
        epochs: u32,
        loss: f64,
        score: Option<f64>,
    },
    /// It is over, and its slot is free.
    Ended { id: u64, slot: usize, end: End },
}

/// How an evaluation ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// With a score or a typed failure.
    Done(Outcome, Detail),
    /// It was stopped and says nothing about the network.
    Stopped,
    /// In a way in which every other would end too: a worker that can't start, data that can't be read.
    Hopeless(String),
}

/// Where reports go.
pub(crate) type Reports = Sender<Report>;

/// The back-end that a description asks for, checked as far as it can be before anything runs.
pub(crate) fn backend(config: &Config, reports: Reports) -> Result<Box<dyn Backend>, Error> {
    Ok(match &config.evaluator {
        Evaluator::Local(training) => {
            Box::new(local::Local::new(training, &config.workers, reports)?)
        }
        Evaluator::Command { program, folder } => Box::new(command::Command::new(
            program,
            folder,
            &config.workers,
            reports,
        )?),
        Evaluator::Synthetic => Box::new(synthetic::Synthetic::new(&config.workers, reports)),
    })
}

/// Sends a report. A receiver that is gone means that the search is over: nobody wants it.
fn send(reports: &Reports, report: Report) {
    let _ = reports.send(report);
}
