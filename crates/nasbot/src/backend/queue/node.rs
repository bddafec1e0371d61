//! What a job runs on its node: one evaluation, from the files that the search has written to those that it waits for.
//!
//! The job ends without a result when it is told to end (SIGTERM), and when it sees that it is not wanted any more: its work
//! was cancelled, has a result, or was submitted again. SIGUSR2, which engines send before a time limit, asks its program to
//! pause; if the program does, the job notes that it wants to go on in another.
//!
//! A training whose protocol allows it keeps its state in the job's folder, from which the next job of the same work goes on.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use nasbot_opt::Outcome;
use nn_train::job::{Final, Stage};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR2};

use super::folder::{Folder, Home};
use super::records::{JobFile, Listed, Paused, ResultFile, Sign};
use crate::backend::command::{self, Programs};
use crate::backend::devices::{self, Slot};
use crate::backend::local::Trainings;
use crate::backend::pool::{self, Job};
use crate::backend::process::Requests;
use crate::backend::{End, Report, Reports, Task};
use crate::error::Error;
use crate::report::quoted;
use crate::settings::{Devices, Evaluator, Workers};

/// The first argument of a program that is to be a job.
pub(super) const NAME: &str = "__job";
/// How long the list of a batch may take to be seen on a node.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often requests to end are looked at, and whether the work is still wanted.
const TICK: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_secs(1);
/// Exit statuses: arguments that are none, files that are not there, and the request to end as shells report it.
const USAGE: u8 = 64;
const NO_INPUT: u8 = 66;
const ASKED_TO_END: u8 = 143;

/// Becomes a job if the program was started as one; `None` for every other start.
pub(in crate::backend) fn intercept() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != NAME {
        return None;
    }
    let arguments: Vec<OsString> = arguments.collect();
    let number = |text: &OsString| text.to_str()?.parse().ok();
    Some(match arguments.as_slice() {
        [jobs, token, place] => match (token.to_str(), number(place)) {
            (Some(token), Some(place)) => run(&Home(PathBuf::from(jobs)), token, place),
            _ => ExitCode::from(USAGE),
        },
        _ => ExitCode::from(USAGE),
    })
}

fn run(home: &Home, token: &str, place: usize) -> ExitCode {
    let listed = match find(home, token, place) {
        Ok(listed) => listed,
        Err(error) => {
            say(&format!(
                "{error}; is {} the same folder on this node?",
                home.0.display()
            ));
            return ExitCode::from(NO_INPUT);
        }
    };
    let folder = home.folder(&listed.folder);
    if !folder.wants(listed.number) {
        say(&format!("{} is not wanted any more", listed.folder));
        return ExitCode::SUCCESS;
    }
    match work(&folder, listed.number) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("{}: {error}", listed.folder));
            ExitCode::FAILURE
        }
    }
}

/// The work at a place of a batch. The node may see the list late.
fn find(home: &Home, token: &str, place: usize) -> Result<Listed, Error> {
    let since = Instant::now();
    loop {
        match home.read_batch(token) {
            Ok(works) => {
                return works.into_iter().nth(place).ok_or_else(|| {
                    Error::Queue(format!("the batch {token} has no work at place {place}"))
                });
            }
            Err(error) if since.elapsed() > PATIENCE => return Err(error),
            Err(_) => thread::sleep(LOOK),
        }
    }
}

/// Says something in the engine's output.
fn say(text: &str) {
    // Without an output there is no place to say that.
    let _ = writeln!(io::stderr(), "nasbot: {text}");
}

fn work(folder: &Folder, number: u32) -> Result<ExitCode, Error> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        // Without it the signal ends this process, and its guard the program.
        let _ = signal_hook::flag::register(signal, Arc::clone(&asked));
    }
    let Some(job) = folder.job()? else {
        return Ok(ExitCode::SUCCESS);
    };
    let workers = workers(&job);
    let last_minute = Arc::new(AtomicBool::new(false));
    // Without it the signal ends this process, and its guard the program.
    let _ = signal_hook::flag::register(SIGUSR2, Arc::clone(&last_minute));
    let requests = Arc::new(Requests::default());
    watch(folder, number, [&asked, &last_minute], &requests);
    let end = match slot(&workers) {
        Ok(slot) => {
            folder.add_sign(&Sign {
                number,
                node: node(),
                device: slot.name.clone(),
            })?;
            evaluate(folder, &job, &slot, &workers, &requests)
        }
        Err(error) => End::Unusable(format!("on {}: {error}", node())),
    };
    let has_score = matches!(&end, End::Done(outcome, _) if outcome.score().is_some());
    if requests.stop.load(Ordering::Relaxed) && !has_score {
        // What fails while it is being stopped is an effect of that.
        if !asked.load(Ordering::Relaxed) {
            return Ok(ExitCode::SUCCESS);
        }
        folder.write_stopped(number)?;
        return Ok(ExitCode::from(ASKED_TO_END));
    }
    match ResultFile::of(end) {
        Some(result) => folder.write_result(&result)?,
        // It was not stopped, and so paused.
        None => folder.write_paused(&Paused { number })?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Requests a stop once the job is asked to end, or is not wanted any more, and a pause in its last minute.
fn watch(
    folder: &Folder,
    number: u32,
    [asked, last_minute]: [&Arc<AtomicBool>; 2],
    requests: &Arc<Requests>,
) {
    let (asked, last_minute) = (Arc::clone(asked), Arc::clone(last_minute));
    let (folder, requests) = (folder.clone(), Arc::clone(requests));
    thread::spawn(move || {
        let mut looked = Instant::now();
        loop {
            thread::sleep(TICK);
            if last_minute.load(Ordering::Relaxed) {
                requests.pause.store(true, Ordering::Relaxed);
            }
            let mut is_due = asked.load(Ordering::Relaxed);
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                is_due = is_due || !folder.wants(number);
            }
            if is_due {
                requests.stop.store(true, Ordering::Relaxed);
                return;
            }
        }
    });
}

/// The workers of a machine that has one place: this job's.
fn workers(job: &JobFile) -> Workers {
    let cores = || env::var("SLURM_CPUS_PER_TASK").ok()?.parse().ok();
    Workers {
        devices: job.devices.clone(),
        timeout: job.timeout,
        threads: job.threads.or_else(cores),
        ..Workers::default()
    }
}

/// The place of this job. What the engine says of GPUs is passed on as it is.
fn slot(workers: &Workers) -> Result<Slot, Error> {
    let mut slots = devices::slots(workers)?;
    let mut slot = slots.swap_remove(0);
    if workers.devices == Devices::Auto
        && let Ok(visible) = env::var("CUDA_VISIBLE_DEVICES")
    {
        slot.visible = visible;
    }
    Ok(slot)
}

fn node() -> String {
    let name = nix::unistd::gethostname().ok();
    let name = name.and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| "a node without a name".to_owned())
}

fn evaluate(
    folder: &Folder,
    job: &JobFile,
    slot: &Slot,
    workers: &Workers,
    requests: &Requests,
) -> End {
    if !job.is_known() {
        return End::Unusable(format!(
            "nasbot on {} is of another version than the one that searches",
            node()
        ));
    }
    let run = |what: Result<Box<dyn Job>, Error>| match what {
        Ok(what) => go(folder, job, slot, requests, what.as_ref()),
        Err(error) => End::Unusable(format!("on {}: {error}", node())),
    };
    match &job.evaluator {
        Evaluator::Local(training) => {
            run(Trainings::new(training, workers)
                .map(|trainings| Box::new(trainings) as Box<dyn Job>))
        }
        Evaluator::Command {
            program,
            folder: at,
        } => run(command::located(program, at).map(|command| {
            Box::new(Programs {
                command,
                folder: at.clone(),
                workers: workers.clone(),
            }) as Box<dyn Job>
        })),
        Evaluator::Synthetic { .. } | Evaluator::Own => {
            End::Unusable("this evaluator has no program that a job could run".to_owned())
        }
    }
}

fn go(folder: &Folder, job: &JobFile, slot: &Slot, requests: &Requests, what: &dyn Job) -> End {
    let mut work = job.work();
    work.task = kept(folder, job, work.task);
    let program = match what.program(slot, &work) {
        Ok(program) => program,
        Err(error) => return End::Unusable(error.to_string()),
    };
    let to = folder.clone();
    let reports = Reports::new(move |report| {
        if let Report::Progress(progress) = report {
            // An epoch that cannot be told of costs the display only.
            let _ = serde_json::to_string(&progress).map(|line| to.add_progress(&line));
        }
    });
    let end = what.run(work.key.evaluation, &program, requests, &reports);
    let end = pool::believed(end, requests);
    pool::note_end(&program.log, &end);
    match end {
        End::Done(outcome @ Outcome::Failed(_), detail) => {
            let message = detail.message.map(|text| format!("on {}: {text}", node()));
            End::Done(outcome, crate::study::Detail { message, ..detail })
        }
        End::Broken { message, seconds } => End::Broken {
            message: format!("on {}: {message}", node()),
            seconds,
        },
        end => end,
    }
}

/// A task whose state is kept, if the evaluator can do that.
fn kept(folder: &Folder, job: &JobFile, task: Task) -> Task {
    match task {
        Task::Evaluate => match whole(&job.evaluator) {
            Some(until) => Task::GoOn(Stage {
                until,
                checkpoint: folder.state(),
                keep: true,
            }),
            None => Task::Evaluate,
        },
        Task::GoOn(stage) => Task::GoOn(Stage {
            keep: true,
            ..stage
        }),
        // Short enough to begin again.
        Task::Inherit { .. } => task,
        Task::TrainFinally { weights, how } => Task::TrainFinally {
            weights,
            how: Final {
                keep: Some(folder.state()),
                ..how
            },
        },
    }
}

/// The epochs of a training whose state can be kept: as for rungs, one training that runs to its end.
pub(super) fn whole(evaluator: &Evaluator) -> Option<u32> {
    let Evaluator::Local(training) = evaluator else {
        return None;
    };
    let protocol = &training.protocol;
    let is_one = protocol.repeats == 1 && protocol.folds.is_none();
    let is_whole = protocol.patience.is_none() && protocol.steps.is_none();
    (is_one && is_whole).then_some(protocol.epochs)
}

/// The script of a batch: the lines that prepare a node, then the job's program.
pub(super) fn script(
    setup: &[String],
    program: &Path,
    home: &Home,
    token: &str,
    place: &str,
) -> String {
    // Where there are environment modules, `module` is a function of bash.
    let shell = if setup.is_empty() { "sh" } else { "bash" };
    let mut out = format!("#!/bin/{shell}\n");
    for line in setup {
        out += line;
        out += "\n";
    }
    let (program, jobs) = (quoted(program), quoted(&home.0));
    out + &format!("exec {program} {NAME} {jobs} {token} \"{place}\"\n")
}
