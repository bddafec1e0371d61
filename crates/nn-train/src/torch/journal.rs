//! What a worker writes to standard error, which becomes the log of an evaluation: the job, the versions, the device, every
//! epoch's figures, the memory, and the end. A log is never empty, so that a training that was killed says how far it came.

use std::fs;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::allocator;
use crate::Protocol;
use crate::data::Metric;
use crate::job::{Device, Event, Job};
use crate::numbers::number;

/// Whether the job's first step is still to come.
static IS_NEW: AtomicBool = AtomicBool::new(false);

/// Writes how long the first step of a job has taken to come, once.
pub(super) fn first_step(start: Instant) {
    if IS_NEW.swap(false, Ordering::Relaxed) {
        let seconds = start.elapsed().as_secs_f64();
        say(&format!("first step after {seconds:.3} s"));
    }
}

/// Writes lines. A standard error that is closed changes nothing.
fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "[worker] {text}");
}

/// The journal of one job.
#[derive(Debug)]
pub(super) struct Journal {
    metric: Option<Metric>,
    since: Instant,
    device: Device,
    /// Bytes of the device's memory that this process had in use at the most, as far as it was looked at.
    most: u64,
}

impl Journal {
    /// Begins with the versions; `torch` is that of libtorch.
    pub(super) fn begin(torch: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        IS_NEW.store(true, Ordering::Relaxed);
        forget_the_most();
        let journal = Self {
            metric: None,
            since: Instant::now(),
            device: Device::Cpu,
            most: 0,
        };
        say(&format!(
            "nasbot-worker {version}, libtorch {torch}, process {}",
            std::process::id()
        ));
        journal
    }

    /// Writes what is to be done.
    pub(super) fn job(&mut self, job: &Job) {
        self.metric = Some(job.task.metric());
        self.device = job.device;
        // The most of an earlier job is forgotten.
        self.on_device();
        self.most = 0;
        let what = match (&job.finally, &job.stage) {
            (Some(_), _) => "last training of evaluation".to_owned(),
            (None, Some(stage)) => format!("training up to epoch {} of evaluation", stage.until),
            (None, None) => "training of evaluation".to_owned(),
        };
        let (device, threads) = (job.device, tch::get_num_threads());
        let plural = if threads == 1 { "" } else { "s" };
        say(&format!(
            "{what} {} on {device} with {threads} thread{plural}, seed {}",
            job.evaluation, job.seed
        ));
        let network = &job.network;
        say(&format!(
            "network: {} of {} layers, mass {}",
            network.kind(),
            network.len(),
            number(network.total_mass())
        ));
    }

    /// Writes how it is trained.
    pub(super) fn protocol(&self, protocol: &Protocol) {
        let length = match protocol.steps {
            Some(steps) => format!("{steps} steps"),
            None => format!("{} epochs", protocol.epochs),
        };
        say(&format!(
            "protocol: {length}, batches of {}, {}, learning rate {}",
            protocol.batch,
            format!("{:?}", protocol.optimiser).to_lowercase(),
            number(protocol.learning_rate)
        ));
    }

    /// Writes what has happened.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Hello { .. } | Event::Memory { .. } => {}
            Event::Progress {
                epoch,
                epochs,
                loss,
                score,
            } => {
                let score =
                    score.map_or_else(String::new, |score| format!(", {}", self.score(score)));
                let host = memory("VmRSS").map_or_else(String::new, |m| format!(", memory {m}"));
                let device = self.on_device();
                let device =
                    device.map_or_else(String::new, |held| format!(", on the device {held}"));
                say(&format!(
                    "epoch {epoch}/{epochs}: loss {}{score}, after {} s{host}{device}",
                    number(*loss),
                    number(round(self.since.elapsed().as_secs_f64())),
                ));
            }
            Event::Done {
                score,
                seconds,
                parameters,
                ..
            } => self.end(&format!(
                "done: {} after {} s, {parameters} parameters",
                self.score(*score),
                number(round(*seconds))
            )),
            Event::Paused { epoch } => self.end(&format!("paused after epoch {epoch}")),
            Event::Failed { kind, message } => self.end(&format!("failed, {kind}: {message}")),
        }
    }

    fn end(&mut self, text: &str) {
        let most =
            memory("VmHWM").map_or_else(String::new, |most| format!("; {most} of memory at most"));
        let device = self.on_device().map_or_else(String::new, |_| {
            format!(", {} on the device", megabytes(self.most as f64))
        });
        say(&format!("{text}{most}{device}"));
    }

    /// What this process has in use of the memory of a device that has its own, and keeps the most.
    fn on_device(&mut self) -> Option<String> {
        let Device::Cuda(index) = self.device else {
            return None;
        };
        let (held, _) = allocator::cuda_held(index as usize)?;
        self.most = self.most.max(held.most);
        Some(megabytes(held.now as f64))
    }

    /// A score under the name of its metric.
    fn score(&self, score: f64) -> String {
        match self.metric {
            Some(metric) => format!("{metric} {}", number(metric.figure(score))),
            None => format!("score {}", number(score)),
        }
    }
}

/// Seconds without digits that no clock has.
fn round(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}

/// Lets Linux count anew what memory this process had at the most: of an earlier job's peak a log says nothing.
fn forget_the_most() {
    // Elsewhere, or where it is not allowed, a log says what the process had at the most.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// A figure of this process's memory on the host, as Linux keeps it; `None` elsewhere.
fn memory(name: &str) -> Option<String> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: f64 = line
        .trim_start_matches(':')
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()?;
    Some(megabytes(1024.0 * kilobytes))
}

/// Bytes in words.
fn megabytes(bytes: f64) -> String {
    format!("{} MB", number((bytes / 1024.0 / 1024.0).round()))
}
