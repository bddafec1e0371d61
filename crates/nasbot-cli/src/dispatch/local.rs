//! `nasbot-worker` on this machine: one process an evaluation.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use nasbot_opt::{Failure, Outcome};
use nn_train::job::{Event, FailureKind, Job, PROTOCOL};

use super::devices::{self, Slot};
use super::process::{self, Exit, Program};
use super::{Backend, End, Report, Reports, Task, answer, locate, send};
use crate::config::{Training, Workers};
use crate::error::Error;
use crate::study::Detail;

/// Trains networks in worker processes.
#[derive(Debug)]
pub(super) struct Local {
    worker: PathBuf,
    training: Training,
    workers: Workers,
    slots: Vec<Slot>,
    reports: Reports,
    stop: Arc<AtomicBool>,
    /// Whether some worker has started properly: then a later one that does not is no reason to
    /// give up the search.
    greeted: Arc<AtomicBool>,
}

impl Local {
    pub(super) fn new(
        training: &Training,
        workers: &Workers,
        reports: Reports,
    ) -> Result<Self, Error> {
        Ok(Self {
            worker: locate::worker(training.program.as_deref())?,
            training: training.clone(),
            workers: workers.clone(),
            slots: devices::slots(workers)?,
            reports,
            stop: Arc::default(),
            greeted: Arc::default(),
        })
    }

    fn job(&self, slot: &Slot, task: &Task) -> Job {
        Job {
            protocol: PROTOCOL,
            evaluation: task.id,
            network: task.network.clone(),
            task: self.training.data.clone(),
            training: self.training.protocol.clone(),
            seed: task.seed,
            device: slot.device,
            save: task.weights.clone(),
            is_final: task.weights.is_some(),
            stage: task.stage.clone(),
        }
    }

    fn environment(&self, slot: &Slot) -> Vec<(&'static str, String)> {
        let precision = self.training.protocol.precision.environment();
        let precision = precision.iter().map(|&(name, value)| (name, value.into()));
        environment(slot).into_iter().chain(precision).collect()
    }

    fn program(&self, slot: &Slot, task: &Task) -> Result<Program, nn_train::Error> {
        Ok(Program {
            command: vec![self.worker.clone().into()],
            environment: self.environment(slot),
            folder: None,
            input: self.job(slot, task).to_line()?,
            keep_input_open: true,
            log: task.log.clone(),
            timeout: self.workers.timeout,
        })
    }
}

/// What a worker must know before it starts: threads that wait instead of spinning, and its GPU.
pub(super) fn environment(slot: &Slot) -> Vec<(&'static str, String)> {
    vec![
        ("OMP_NUM_THREADS", slot.threads.to_string()),
        ("OMP_WAIT_POLICY", "passive".to_owned()),
        ("CUDA_VISIBLE_DEVICES", slot.visible.clone()),
    ]
}

impl Backend for Local {
    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn start(&mut self, slot: usize, task: Task) -> Result<(), Error> {
        let reports = self.reports.clone();
        let id = task.id;
        let device = self.slots[slot].name.clone();
        let program = match self.program(&self.slots[slot], &task) {
            Ok(program) => program,
            Err(error) => {
                let end = End::Hopeless(error.to_string());
                send(&reports, Report::Ended { id, slot, end });
                return Ok(());
            }
        };
        let (stop, greeted) = (Arc::clone(&self.stop), Arc::clone(&self.greeted));
        send(&reports, Report::Started { id, slot, device });
        thread::spawn(move || {
            let end = Conversation::new(id, &program, &reports, &greeted).hold(&stop);
            send(&reports, Report::Ended { id, slot, end });
        });
        Ok(())
    }

    fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn retrains(&self) -> bool {
        true
    }
}

/// One worker, from its start to its end.
struct Conversation<'a> {
    id: u64,
    program: &'a Program,
    reports: &'a Reports,
    greeted: &'a AtomicBool,
    /// The worker and its libtorch, once it has said hello.
    hello: Option<String>,
    answer: Option<End>,
    since: Instant,
}

impl<'a> Conversation<'a> {
    fn new(id: u64, program: &'a Program, reports: &'a Reports, greeted: &'a AtomicBool) -> Self {
        Self {
            id,
            program,
            reports,
            greeted,
            hello: None,
            answer: None,
            since: Instant::now(),
        }
    }

    fn hold(mut self, stop: &AtomicBool) -> End {
        let program = self.program;
        let exit = process::run(program, stop, |line| self.listen(line));
        if let Some(answer) = self.answer {
            return answer;
        }
        let seconds = self.since.elapsed().as_secs_f64();
        match exit {
            Err(error) => End::Hopeless(format!("the worker can't be run: {error}")),
            Ok(Exit::Stopped) => End::Stopped,
            Ok(Exit::TimedOut) => answer::timed_out(program.timeout, seconds),
            Ok(Exit::Itself(status)) => {
                let end = answer::no_answer(status, &program.log, seconds);
                let memory = matches!(end, End::Done(Outcome::Failed(Failure::OutOfMemory), _));
                if self.hello.is_some() || self.greeted.load(Ordering::Relaxed) || memory {
                    return end;
                }
                End::Hopeless(format!(
                    "the worker {} does not start: {}",
                    program.command[0].display(),
                    answer::describe(status, &program.log)
                ))
            }
            // An answer breaks the conversation, and it was returned above.
            Ok(Exit::Answered) => End::Stopped,
        }
    }

    fn listen(&mut self, line: &str) -> ControlFlow<()> {
        match Event::from_line(line) {
            Ok(Event::Hello { protocol, .. }) if protocol != PROTOCOL => {
                self.answer = Some(End::Hopeless(format!(
                    "the worker {} speaks version {protocol} of the messages, this nasbot {PROTOCOL}: \
                     build both from the same sources",
                    self.program.command[0].display()
                )));
            }
            Ok(Event::Hello { worker, torch, .. }) => {
                self.hello = Some(format!("nasbot-worker {worker}, libtorch {torch}"));
                self.greeted.store(true, Ordering::Relaxed);
            }
            Ok(Event::Progress {
                epoch,
                epochs,
                loss,
                score,
            }) => {
                let id = self.id;
                send(
                    self.reports,
                    Report::Progress {
                        id,
                        epoch,
                        epochs,
                        loss,
                        score,
                    },
                );
            }
            Ok(Event::Done {
                score,
                metrics,
                seconds,
                parameters,
            }) => {
                let detail = Detail {
                    metrics,
                    seconds,
                    parameters: Some(parameters),
                    worker: self.hello.take(),
                    message: None,
                };
                self.answer = Some(End::Done(Outcome::Score(score), detail));
            }
            Ok(Event::Failed { kind, message }) => {
                self.answer = Some(self.failure(kind, message));
            }
            // Not for us; the log keeps it for whoever wonders.
            Err(_) => log(self.program, line),
        }
        match self.answer {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    fn failure(&self, kind: FailureKind, message: String) -> End {
        let failure = match kind {
            FailureKind::Diverged => Failure::Diverged,
            FailureKind::OutOfMemory => Failure::OutOfMemory,
            FailureKind::ImpossibleShape => Failure::ImpossibleShape,
            FailureKind::TimedOut => Failure::TimedOut,
            // The same for every network.
            FailureKind::BadData | FailureKind::BadJob => return End::Hopeless(message),
            _ => Failure::Other,
        };
        answer::failed(failure, message, self.since.elapsed().as_secs_f64())
    }
}

/// Adds a line of standard output to the log.
pub(super) fn log(program: &Program, line: &str) {
    use std::io::Write as _;
    let log = std::fs::OpenOptions::new().append(true).open(&program.log);
    // A log that can't be written to costs nothing but the log.
    let _ = log.and_then(|mut log| writeln!(log, "{line}"));
}
