//! Checks of queues: their sections, and the keys of `[workers]` that only they have.

use std::time::Duration;

use nasbot::settings::{Description, Engine, Queue};

use super::super::diagnostic::Problems;
use super::super::raw::{Raw, RawBackend};

/// Jobs at once, unless told otherwise; and more than make sense.
const JOBS: usize = 4;
const MOST_JOBS: usize = 10_000;
/// How long files may take to be seen, unless told otherwise: as long as network disks keep what they know of a folder.
const GRACE: Duration = Duration::from_secs(60);
/// How often a queue is asked, unless told otherwise; never more often.
const INTERVAL: Duration = Duration::from_secs(1);

pub(super) fn queue(raw: &Raw, source: &Description, problems: &mut Problems<'_>) -> Option<Queue> {
    let workers = &raw.workers;
    for (given, section, backend) in [
        (raw.slurm.is_some(), "slurm", RawBackend::Slurm),
        (raw.ray.is_some(), "ray", RawBackend::Ray),
        (raw.template.is_some(), "template", RawBackend::Template),
    ] {
        if given && workers.backend != backend {
            let message = format!("[{section}] is for backend = \"{section}\" only");
            problems.add(
                section,
                message,
                "remove the section, or change workers.backend",
            );
        }
    }
    let keys = [
        (workers.jobs.is_some(), "jobs"),
        (workers.grace.is_some(), "grace"),
        (workers.interval.is_some(), "interval"),
    ];
    if !workers.is_queue() {
        for (_, key) in keys.iter().filter(|(given, _)| *given) {
            let message =
                format!("the key `{key}` is for queues only: \"slurm\", \"ray\" and \"template\"");
            let path = format!("workers.{key}");
            problems.add(&path, message, "remove it, or change the backend");
        }
        return None;
    }
    if workers.per_device.is_some() {
        let help = "jobs = 8 has 8 jobs in the queue at once";
        let message = "the key `per-device` is for workers on this machine";
        problems.add("workers.per-device", message, help);
    }
    let jobs = workers.jobs.unwrap_or(JOBS);
    if !(1..=MOST_JOBS).contains(&jobs) {
        let message = format!("jobs is {jobs}, it must be from 1 to {MOST_JOBS}");
        problems.add("workers.jobs", message, "");
    }
    let interval = workers.interval.map_or(INTERVAL, |span| span.0);
    if interval < INTERVAL {
        let message = "a queue is asked once a second at most";
        problems.add("workers.interval", message, "it serves others too");
    }
    let engine = match workers.backend {
        RawBackend::Slurm => {
            // A cluster has its own defaults for all of it.
            let options = raw.slurm.clone().unwrap_or_default();
            let gather = options.gather_s.unwrap_or(0.0);
            if !(0.0..=3600.0).contains(&gather) {
                let message = format!("gather-s is {gather}, it must be from 0 to 3600 seconds");
                problems.add("slurm.gather-s", message, "");
            }
            for (key, value) in [
                ("timeout-min", options.timeout_min),
                ("cpus-per-task", options.cpus_per_task.map(u64::from)),
                (
                    "array-parallelism",
                    options.array_parallelism.map(|n| n as u64),
                ),
            ] {
                if value == Some(0) {
                    let message = format!("{key} is 0, it must be at least 1");
                    problems.add(&format!("slurm.{key}"), message, "");
                }
            }
            Engine::Slurm(Box::new(options))
        }
        RawBackend::Ray => {
            // A Ray on this machine is found without.
            let options = raw.ray.clone().unwrap_or_default();
            for (key, message) in options.problems() {
                problems.add(&format!("ray.{key}"), message, "");
            }
            Engine::Ray(Box::new(options))
        }
        _ => {
            let Some(mut options) = raw.template.clone() else {
                let message = "backend = \"template\" needs a section [template] with its commands";
                problems.add("workers.backend", message, "docs/queues.md has examples");
                return None;
            };
            options.folder.clone_from(&source.folder);
            Engine::Template(Box::new(options))
        }
    };
    Some(Queue {
        jobs,
        grace: workers.grace.map_or(GRACE, |span| span.0),
        interval,
        engine,
    })
}
