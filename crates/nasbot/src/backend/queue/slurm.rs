//! Slurm, by its commands.

mod output;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use self::output::{cause_of, is_for_now, listed, number_of};
use super::call::{Called, call, said};
use super::engine::{Batch, Cause, Engine, JobId, Seen, TIME_LIMITS, Trouble, job_name};
use super::folder::Home;
use crate::backend::locate::{self, Found};
use crate::error::Error;
use crate::settings::{self, Gpus, Parameter};

/// How long a submission may take, and any other command. While the controller is down they wait for it for a while.
const SUBMISSION: Duration = Duration::from_secs(120);
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest array: Slurm's own default of `MaxArraySize` is 1001.
const LARGEST: usize = 1000;
/// How long a submission waits for another work, unless told otherwise.
const GATHER: f64 = 1.0;
/// How many seconds before its time limit a job is told of it, as submitit has it.
const LAST_MINUTE: u64 = 90;
/// Variables of a job that this program itself may run in, which commands must not see; these say where Slurm is.
const KEPT: [&str; 4] = [
    "SLURM_CONF",
    "SLURM_CLUSTERS",
    "SLURM_JWT",
    "SLURM_CONF_SERVER",
];

/// Slurm.
pub(super) struct Slurm {
    options: settings::Slurm,
    /// Whether evaluations can be paused before their time limit.
    pauses: bool,
    programs: Programs,
}

/// Where its commands are.
struct Programs {
    sbatch: PathBuf,
    squeue: PathBuf,
    scontrol: PathBuf,
    scancel: PathBuf,
    /// Accounting: many have none.
    sacct: Option<PathBuf>,
}

impl Slurm {
    pub(super) fn new(options: &settings::Slurm, pauses: bool) -> Result<Self, Error> {
        let find = |name: &str| match locate::program(Path::new(name)) {
            Found::Program(path) => Ok(path),
            _ => Err(Error::Queue(format!(
                "there is no {name} on the PATH: backend = \"slurm\" needs a machine from which jobs can be submitted"
            ))),
        };
        Ok(Self {
            options: options.clone(),
            pauses,
            programs: Programs {
                sbatch: find("sbatch")?,
                squeue: find("squeue")?,
                scontrol: find("scontrol")?,
                scancel: find("scancel")?,
                sacct: find("sacct").ok(),
            },
        })
    }

    /// How many seconds before the time limit a job is told of it.
    fn last_minute(&self) -> Option<u64> {
        let seconds = match self.options.signal_delay_s {
            Some(seconds) => seconds,
            // A program that does not know the signal would be ended by it.
            None if !self.pauses => return None,
            None => LAST_MINUTE,
        };
        let half = self.options.timeout_min.map(|minutes| minutes * 30);
        let seconds = half.map_or(seconds, |half| seconds.min(half));
        (seconds > 0).then_some(seconds)
    }

    /// The options of `sbatch` that follow from the settings.
    fn options(&self) -> Vec<String> {
        let own = &self.options;
        let gpus = own.gpus_per_node.as_ref().map(|gpus| match gpus {
            Gpus::Number(number) => number.to_string(),
            Gpus::Typed(text) => text.clone(),
        });
        let named = [
            ("partition", own.partition.clone()),
            ("time", own.timeout_min.map(|minutes| minutes.to_string())),
            ("gres", own.gres.clone()),
            ("gpus-per-node", gpus),
            ("cpus-per-task", own.cpus_per_task.map(|n| n.to_string())),
            ("mem", own.mem.clone()),
            ("account", own.account.clone()),
            ("qos", own.qos.clone()),
            ("constraint", own.constraint.clone()),
        ];
        let named = named.into_iter();
        let named = named.filter_map(|(key, value)| Some(format!("--{key}={}", value?)));
        let further = own.additional_parameters.iter();
        let further = further.filter_map(|(key, value)| {
            let key = key.replace('_', "-");
            match value {
                Parameter::Flag(is_given) => is_given.then(|| format!("--{key}")),
                Parameter::Number(number) => Some(format!("--{key}={number}")),
                Parameter::Text(text) => Some(format!("--{key}={text}")),
            }
        });
        named.chain(further).collect()
    }
}

/// A command of Slurm's, and what it printed.
fn run(program: &Path, arguments: &[String], patience: Duration) -> Result<String, Failed> {
    let mut command = Command::new(program);
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("SLURM_") && !KEPT.contains(&text.as_ref()) {
            command.env_remove(&name);
        }
    }
    let name = program
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match call(&mut command, patience) {
        Err(error) => Err(Failed(format!("{name}: {error}"))),
        Ok(Called::TooLong) => Err(Failed(format!(
            "{name} does not answer within {} s: timed out",
            patience.as_secs()
        ))),
        Ok(Called::Ended {
            status,
            output,
            errors,
        }) => match status.success() {
            true => Ok(output),
            false => Err(Failed(said(&output, &errors))),
        },
    }
}

/// What a command said that failed.
struct Failed(String);

impl Engine for Slurm {
    fn name(&self) -> &'static str {
        "slurm"
    }

    fn largest(&self) -> usize {
        LARGEST
    }

    fn gather(&self) -> Duration {
        let seconds = self.options.gather_s.unwrap_or(GATHER);
        // A wait that is no length of time is none.
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)
    }

    fn place(&self) -> &'static str {
        "$SLURM_ARRAY_TASK_ID"
    }

    fn setup(&self) -> &[String] {
        &self.options.setup
    }

    fn time_limits(&self) -> u32 {
        self.options.max_num_timeout.unwrap_or(TIME_LIMITS)
    }

    fn submit(&mut self, batch: &Batch<'_>) -> Result<Vec<JobId>, Trouble> {
        let last = batch.slots.len().saturating_sub(1);
        let at_once = self.options.array_parallelism;
        let at_once = at_once.map_or_else(String::new, |at_once| format!("%{at_once}"));
        let folder = batch.folder.display().to_string();
        // A percent sign in the folder's name is no pattern.
        let output = Home(folder.replace('%', "%%").into()).output(batch.token, "%a");
        let mut arguments = vec![
            "--parsable".to_owned(),
            format!("--job-name={}", job_name(batch.study)),
            format!("--comment={}", output::comment(batch.token)),
            format!("--array=0-{last}{at_once}"),
            format!("--output={}", output.display()),
            "--open-mode=append".to_owned(),
            format!("--chdir={folder}"),
            "--requeue".to_owned(),
        ];
        if let Some(seconds) = self.last_minute() {
            arguments.push(format!("--signal=B:USR2@{seconds}"));
        }
        arguments.extend(self.options());
        arguments.push(batch.script.display().to_string());
        let printed = match run(&self.programs.sbatch, &arguments, SUBMISSION) {
            Ok(printed) => printed,
            Err(Failed(message)) if is_for_now(&message) => return Err(Trouble::Later(message)),
            Err(Failed(message)) => return Err(Trouble::Never(message)),
        };
        let number = number_of(&printed).ok_or_else(|| {
            Trouble::Never(format!("sbatch printed no number of a job: {printed}"))
        })?;
        Ok((0..=last)
            .map(|place| format!("{number}_{place}"))
            .collect())
    }

    fn states(&mut self, study: &str, _: &[JobId]) -> Result<Vec<Seen>, Trouble> {
        let arguments = [
            "--noheader".to_owned(),
            "--array".to_owned(),
            "--states=all".to_owned(),
            format!("--name={}", job_name(study)),
            format!("--format={}", output::FORMAT),
        ];
        match run(&self.programs.squeue, &arguments, PATIENCE) {
            Ok(printed) => Ok(listed(&printed)),
            Err(Failed(message)) => Err(Trouble::Later(message)),
        }
    }

    fn examine(&mut self, job: &JobId, cause: Cause, _: &Path) -> Cause {
        let is_open = matches!(cause, Cause::Failed { .. } | Cause::Lost);
        if !is_open {
            return cause;
        }
        let show = ["show", "job", "--oneliner", job].map(str::to_owned);
        if let Ok(printed) = run(&self.programs.scontrol, &show, PATIENCE)
            && let Some(found) = output::shown(&printed)
        {
            return found;
        }
        let account = [
            "--noheader",
            "--parsable2",
            "--allocations",
            "--format=State,ExitCode",
            "--jobs",
            job,
        ];
        let account = account.map(str::to_owned);
        let printed =
            (self.programs.sacct.as_ref()).and_then(|sacct| run(sacct, &account, PATIENCE).ok());
        let line = printed.as_deref().and_then(|text| text.lines().last());
        let found = line.and_then(|line| line.split_once('|'));
        let found = found.and_then(|(state, exit)| cause_of(state, Some(exit)));
        found.unwrap_or(cause)
    }

    fn cancel(&mut self, study: &str, jobs: &[JobId]) -> Result<(), Trouble> {
        // One that is named twice would be an error the second time.
        let jobs: BTreeSet<&JobId> = jobs.iter().collect();
        // A controller that lost its memory gives numbers out again, to jobs that are none of ours.
        let own = format!("--name={}", job_name(study));
        let arguments: Vec<String> = [own].into_iter().chain(jobs.into_iter().cloned()).collect();
        match run(&self.programs.scancel, &arguments, PATIENCE) {
            Err(Failed(message)) if is_for_now(&message) => Err(Trouble::Later(message)),
            // Those that have ended.
            Err(_) | Ok(_) => Ok(()),
        }
    }
}
