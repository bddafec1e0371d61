//! `nasbot-worker` on this machine: a process that does one evaluation after the other, or one process an evaluation.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nasbot_opt::{Failure, Outcome};
use nn_graph::Network;
use nn_train::job::{Device, Event, FailureKind, Job as Message, PROTOCOL};
use nn_train::plan::{Batches, Plan};
use nn_train::{Facts, TrainingSpec};

use super::crew::Change;
use super::devices::{self, Slot};
use super::gate::{Automatic, Comer, Gate};
use super::log::Log;
use super::mps::Service;
use super::pool::{self, Job, Pool};
use super::process::{Afterwards, Exit, Requests};
use super::program::Program;
use super::room::Told;
use super::shelf::Shelf;
use super::{Backend, End, Report, Reports, Task, Work, answer, locate};
use crate::error::Error;
use crate::report::human;
use crate::settings::{PerDevice, Training, Workers};
use crate::study::{Detail, Progress};

/// A back-end that trains networks in worker processes; `facts` of the data say how much memory a training takes.
pub(super) fn local(
    training: &Training,
    workers: &Workers,
    facts: Option<Facts>,
    reports: Reports,
) -> Result<impl Backend + use<>, Error> {
    let slots = devices::slots(workers)?;
    let on_gpu = slots.iter().any(|slot| slot.device != Device::Cpu);
    let of_first = |slot: &&Slot| slot.visible == slots[0].visible;
    let automatic = (workers.per_device == PerDevice::Auto).then(|| Automatic {
        most: slots.iter().filter(of_first).count(),
        // Cores are shared out already.
        begins_with_most: !on_gpu,
    });
    let job = Trainings {
        shelf: workers.reuse.then(Shelf::default),
        gate: Gate::new(automatic),
        facts,
        ..Trainings::new(training, workers)?
    };
    let may_share = on_gpu && workers.per_device != PerDevice::Number(1);
    if let Some(note) = may_share.then(Service::ask).and_then(Service::note) {
        reports.send(Report::Note(note.to_owned()));
    }
    Ok(Pool::new(job, slots, true, reports))
}

/// Trainings by the worker program.
pub(super) struct Trainings {
    worker: PathBuf,
    training: Training,
    workers: Workers,
    /// Whether some worker has started properly: then a later one that does not is no reason to
    /// give up the search.
    has_greeted: AtomicBool,
    /// Where workers wait for their next evaluation; absent where each evaluation has its own.
    shelf: Option<Shelf>,
    /// Which of them may run at once on a device.
    gate: Gate,
    /// What the memory of a training is predicted from, where it is known.
    facts: Option<Facts>,
}

impl Trainings {
    /// Finds the worker program, of which each training has a process of its own.
    pub(super) fn new(training: &Training, workers: &Workers) -> Result<Self, Error> {
        Ok(Self {
            worker: locate::worker(training.program.as_deref())?,
            training: training.clone(),
            workers: workers.clone(),
            has_greeted: AtomicBool::new(false),
            shelf: None,
            gate: Gate::new(None),
            facts: None,
        })
    }

    /// Bytes that libtorch is predicted to hold in a training.
    fn memory(&self, network: &Network, protocol: &TrainingSpec) -> Option<u64> {
        let facts = self.facts?;
        let ends = facts.ends?;
        // What cannot be applied to the data says so itself.
        let plan = Plan::new(network, ends.input, ends.outputs).ok()?;
        let batches = Batches::of(protocol, facts.examples, facts.examples);
        Some(plan.memory(protocol, batches))
    }

    /// Says how many evaluations a device takes from now on.
    fn say_how_many(&self, visible: &str, device: &str, reports: &Reports) {
        if let Some(change) = self.gate.change(visible) {
            reports.send(Report::Note(in_words(change, device)));
        }
    }
}

/// A new number of evaluations at once, for a person.
fn in_words(change: Change, device: &str) -> String {
    let Change { from, to, gain } = change;
    let plural = if to == 1 { "" } else { "s" };
    let head = format!("{device} takes {to} evaluation{plural} at once from now on");
    let percent = gain.map(|gain| 100.0 * (gain - 1.0));
    match percent {
        None if to < from => format!("{head}: its memory has no room for {from}"),
        None => head,
        Some(percent) if to < from => {
            format!("{head}: {from} do {percent:+.0} % evaluations a minute")
        }
        Some(percent) => {
            format!("{head}: {from} do {percent:+.0} % evaluations a minute, more are tried")
        }
    }
}

impl Job for Trainings {
    fn program(&self, slot: &Slot, work: &Work) -> Result<Program, nn_train::Error> {
        let (save, finally, stage) = match &work.task {
            Task::Evaluate | Task::Inherit { .. } => (None, None, None),
            Task::GoOn(stage) => (None, None, Some(stage.clone())),
            Task::TrainFinally { weights, how } => (Some(weights.clone()), Some(how.clone()), None),
        };
        let protocol = &self.training.protocol.with_keys(&work.keys)?;
        let (training, inherit) = match &work.task {
            Task::Inherit { from, epochs } => (protocol.shortened(*epochs), Some((**from).clone())),
            _ => (protocol.clone(), None),
        };
        let may_stay = match (&work.task, &self.shelf) {
            (_, None) => false,
            // The last training gets all the memory that there is.
            (Task::TrainFinally { .. }, Some(shelf)) => {
                shelf.clear();
                self.gate.is_cleared();
                false
            }
            (_, Some(_)) => true,
        };
        let message = Message {
            protocol: PROTOCOL,
            evaluation: work.key.evaluation,
            network: work.network.clone(),
            task: self.training.data.clone(),
            training,
            seed: work.seed,
            device: slot.device,
            finally,
            save,
            stage,
            stay: may_stay,
            inherit,
            leave: work.leave.clone(),
        };
        let memory = self.memory(&work.network, protocol);
        let precision = self.training.protocol.precision.environment();
        let precision = precision.iter().map(|&(name, value)| (name, value.into()));
        // Without it cuBLAS takes whatever memory is free, and adds up in another order.
        let workspace = [("CUBLAS_WORKSPACE_CONFIG", ":4096:8".to_owned())];
        let workspace = (self.training.protocol.deterministic).then_some(workspace);
        Ok(Program {
            command: vec![self.worker.clone().into()],
            environment: pool::environment(slot)
                .into_iter()
                .chain(precision)
                .chain(workspace.into_iter().flatten())
                .collect(),
            folder: None,
            input: message.to_line()?,
            keep_input_open: true,
            header: pool::header(slot, work),
            log: work.log.clone(),
            study: work.study.clone(),
            timeout: self.workers.timeout,
            may_stay,
            device: slot.name.clone(),
            memory,
        })
    }

    fn at_once(&self, slot: &Slot) -> Option<usize> {
        self.gate.at_once(&slot.visible)
    }

    fn run(&self, id: u64, program: &Program, requests: &Requests, reports: &Reports) -> End {
        let is_unwanted = || requests.stop.load(Ordering::Relaxed);
        let device = program.visible();
        let comer = Comer {
            device,
            id,
            bytes: program.memory,
        };
        let end = self.gate.enter(comer, is_unwanted).map(|mut turn| {
            let end = self.converse(id, program, requests, reports);
            turn.leaves_a_process = end.as_ref().is_ok_and(|(_, stays)| *stays);
            end
        });
        self.say_how_many(device, &program.device, reports);
        let mut lack = match end {
            None => return End::Stopped,
            Some(Ok((end, _))) => return end,
            Some(Err(lack)) => lack,
        };
        for wait in WAITS {
            reports.send(Report::Note(format!(
                "evaluation {id} is tried again alone on its device in {}: {lack}",
                human(wait)
            )));
            let since = Instant::now();
            while since.elapsed() < wait && !is_unwanted() {
                thread::sleep(LOOK);
            }
            let Some(mut turn) = self.gate.enter_alone(comer, is_unwanted) else {
                return End::Stopped;
            };
            if let Some(shelf) = &self.shelf {
                // Workers that wait have their data there.
                shelf.clear();
                self.gate.is_cleared();
            }
            match self.converse(id, program, requests, reports) {
                Ok((end, stays)) => {
                    turn.leaves_a_process = stays;
                    return end;
                }
                Err(next) => lack = next,
            }
        }
        End::Unusable(format!(
            "{lack}; tried {} times: other programs must leave the device, or it must be left out of workers.devices",
            WAITS.len() + 1
        ))
    }
}

/// Until a training is tried again that lacked memory which others have: they may be about to end.
const WAITS: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(300),
];
/// How often a training that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);

impl Trainings {
    /// One try, and whether its process stays; the error says what others have of the memory that it lacked.
    fn converse(
        &self,
        id: u64,
        program: &Program,
        requests: &Requests,
        reports: &Reports,
    ) -> Result<(End, bool), String> {
        let conversation = Conversation {
            id,
            program,
            reports,
            trainings: self,
            hello: None,
            answer: None,
            stays: false,
            since: Instant::now(),
        };
        conversation.hold(&self.workers, self.shelf.as_ref(), requests)
    }
}

/// One worker, from its start to its end.
struct Conversation<'a> {
    id: u64,
    program: &'a Program,
    reports: &'a Reports,
    trainings: &'a Trainings,
    /// The worker and its libtorch, once it has said hello.
    hello: Option<String>,
    /// Its answer, or what others have of the memory that it lacked.
    answer: Option<Result<End, String>>,
    /// Whether its process waits for more after that.
    stays: bool,
    since: Instant,
}

impl Conversation<'_> {
    fn hold(
        mut self,
        workers: &Workers,
        shelf: Option<&Shelf>,
        requests: &Requests,
    ) -> Result<(End, bool), String> {
        let program = self.program;
        let exit = pool::run(program, shelf, requests, |line, log| self.listen(line, log));
        let stays = matches!(exit, Ok(Exit::Answered)) && self.stays;
        if let Some(answer) = self.answer.take() {
            return answer.map(|end| (end, stays));
        }
        Ok((self.unanswered(workers, exit), false))
    }

    /// The end of a worker that gave no answer.
    fn unanswered(&self, workers: &Workers, exit: Result<Exit, String>) -> End {
        let program = self.program;
        let seconds = self.since.elapsed().as_secs_f64();
        match exit {
            Err(problem) => End::Unusable(problem),
            // An answer breaks the conversation, and it was returned above.
            Ok(Exit::Stopped | Exit::Answered) => End::Stopped,
            Ok(Exit::TimedOut) => pool::timed_out(workers, seconds),
            Ok(Exit::Itself(status)) => {
                let end = answer::no_answer(status, &program.log, seconds);
                let is_memory = matches!(end, End::Done(Outcome::Failed(Failure::OutOfMemory), _));
                let is_stop = answer::was_asked_to_end(status);
                if self.hello.is_some()
                    || self.trainings.has_greeted.load(Ordering::Relaxed)
                    || is_memory
                    || is_stop
                {
                    return end;
                }
                End::Unusable(format!(
                    "the worker {} does not start: {}",
                    program.command[0].display(),
                    answer::describe(status, &program.log)
                ))
            }
        }
    }

    fn listen(&mut self, line: &str, log: &mut Log) -> ControlFlow<Afterwards> {
        let event = Event::from_line(line);
        let stays = self.program.may_stay && event.as_ref().is_ok_and(Event::keeps_worker);
        match event {
            Ok(Event::Hello { protocol, .. }) if protocol != PROTOCOL => {
                self.answer = Some(Ok(End::Unusable(format!(
                    "the worker {} speaks version {protocol} of the messages, this nasbot {PROTOCOL}: \
                     build both from the same sources",
                    self.program.command[0].display()
                ))));
            }
            Ok(Event::Hello { worker, torch, .. }) => {
                self.hello = Some(format!("nasbot-worker {worker}, libtorch {torch}"));
                self.trainings.has_greeted.store(true, Ordering::Relaxed);
            }
            Ok(Event::Memory { free, all, own }) => {
                let told = Told { free, all, own };
                self.trainings
                    .gate
                    .told(self.program.visible(), self.id, told);
            }
            Ok(Event::Progress {
                epoch,
                epochs,
                loss,
                score,
            }) => {
                let share = f64::from(epoch) / f64::from(epochs.max(1));
                let (trainings, device) = (self.trainings, self.program.visible());
                trainings.gate.proceeds(device, self.id, share);
                trainings.say_how_many(device, &self.program.device, self.reports);
                let progress = Progress {
                    id: self.id,
                    epoch,
                    epochs,
                    loss,
                    score,
                };
                self.reports.send(Report::Progress(progress));
            }
            Ok(Event::Done {
                score,
                metrics,
                seconds,
                parameters,
                members,
                breakdown,
            }) => {
                let detail = Detail {
                    metrics,
                    seconds,
                    parameters: Some(parameters),
                    worker: self.hello.take(),
                    members,
                    breakdown: breakdown.map(Box::new),
                    message: None,
                };
                self.answer = Some(Ok(answer::scored(score, detail)));
            }
            // It says nothing about its network yet.
            Ok(Event::Paused { .. }) => self.answer = Some(Ok(End::Stopped)),
            Ok(Event::Failed {
                kind: FailureKind::NoRoom,
                message,
            }) => self.answer = Some(Err(message)),
            Ok(Event::Failed { kind, message }) => {
                self.answer = Some(Ok(self.failure(kind, message)));
            }
            // No message of the protocol; the log keeps it.
            Err(_) => log.write(format!("{line}\n").as_bytes()),
        }
        self.stays = self.answer.is_some() && stays;
        match self.answer {
            Some(_) if stays => ControlFlow::Break(Afterwards::Stays),
            Some(_) => ControlFlow::Break(Afterwards::Ends),
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
            FailureKind::BadData | FailureKind::BadJob | FailureKind::CannotWrite => {
                return End::Unusable(message);
            }
            _ => Failure::Other,
        };
        answer::failed(failure, message, self.since.elapsed().as_secs_f64())
    }
}
