//! The settings of a search, checked: what is searched, what evaluates a network, where, and how much may be spent.

mod aims;
mod fidelity;
mod proposals;
mod queue;
mod ray;
mod tuning;

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use nasbot_opt::{NetworkSpace, ValidConfig};
use nn_train::data::{DataSpec, Metric};
use nn_train::job::Device;
use nn_train::{Facts, TrainingSpec};
use serde::{Deserialize, Serialize};

pub use self::aims::{Aims, Constraint, Objective, SCORE};
pub use self::fidelity::{Fidelity, Inheritance};
pub use self::proposals::Proposals;
pub use self::queue::{Engine, Gpus, Parameter, Queue, Slurm, Template, Words};
pub(crate) use self::ray::check_address;
pub use self::ray::{Memory, Ray};
pub use self::tuning::{SearchSpace, TunedKey, Tuning};

/// A search that can run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names the study and its outputs.
    pub name: String,
    /// The networks that are searched.
    pub space: NetworkSpace,
    /// Strategy, acquisition, kernel, seed.
    pub search: ValidConfig,
    /// The rungs at which trainings stop.
    pub fidelity: Fidelity,
    /// What evaluates a network.
    pub evaluator: Evaluator,
    /// Where and how evaluations run.
    pub workers: Workers,
    /// How much may be spent.
    pub budget: Budget,
    /// What the protocol and the bounds follow from, where they follow from the data.
    pub facts: Option<Facts>,
    /// Objectives and bounds; the score alone by default.
    pub aims: Aims,
    /// Keys of the protocol that are searched together with the networks; none by default.
    pub tuning: Tuning,
    /// From where networks are proposed while a search runs; from nowhere by default.
    pub proposals: Proposals,
}

impl Settings {
    /// What scores are of; `None` where the evaluator says nothing but a score.
    #[must_use]
    pub fn metric(&self) -> Option<Metric> {
        match &self.evaluator {
            Evaluator::Local(training) => Some(training.data.metric()),
            Evaluator::Command { .. } | Evaluator::Synthetic { .. } | Evaluator::Own => None,
        }
    }
}

/// What turns a network into a score.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Evaluator {
    /// `nasbot-worker` trains it on libtorch.
    Local(Box<Training>),
    /// Any program: network in, score out.
    Command {
        /// The program and its arguments.
        program: Vec<String>,
        /// The folder that it runs in.
        folder: PathBuf,
    },
    /// The paper's test functions, without a process.
    Synthetic {
        /// How long an evaluation takes.
        delay: Duration,
    },
    /// A back-end that the program brings along.
    Own,
}

/// What a worker of ours is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Training {
    /// The worker program, where the description names one.
    pub program: Option<PathBuf>,
    /// The data set, its paths absolute.
    pub data: DataSpec,
    /// The protocol.
    pub protocol: TrainingSpec,
}

/// Where and how evaluations run.
#[derive(Clone, Debug)]
pub struct Workers {
    /// Which devices.
    pub devices: Devices,
    /// Evaluations at once on each.
    pub per_device: PerDevice,
    /// Longest time of one evaluation.
    pub timeout: Option<Duration>,
    /// Processor threads of a worker; the cores shared out evenly if absent.
    pub threads: Option<usize>,
    /// Whether a worker of ours waits for another evaluation after one, with libtorch loaded and the data in place.
    pub reuse: bool,
    /// Whether a batch is waited for before the next is suggested.
    pub synchronous: bool,
    /// Stop after this many failures in a row.
    pub give_up_after: usize,
    /// The queue in which evaluations are jobs; absent where they are processes on this machine.
    pub queue: Option<Queue>,
}

impl Default for Workers {
    /// One evaluation at a time on each device that there is, without a limit of time.
    fn default() -> Self {
        Self {
            devices: Devices::Auto,
            per_device: PerDevice::Number(1),
            timeout: None,
            threads: None,
            reuse: true,
            synchronous: false,
            give_up_after: 20,
            queue: None,
        }
    }
}

/// How many evaluations run at once on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerDevice {
    /// So many.
    Number(usize),
    /// On the processor one for each of its cores; on a GPU as many as have room and as pay, which is found while they run. For the
    /// workers of ours, and not in batches: time decides how many there are.
    Auto,
}

impl PerDevice {
    /// The number, or another one where it is automatic.
    #[must_use]
    pub const fn or(self, automatic: usize) -> usize {
        match self {
            Self::Number(number) => number,
            Self::Auto => automatic,
        }
    }
}

/// On what workers run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Devices {
    /// All visible GPUs, or else the processor.
    Auto,
    /// As listed.
    Listed(Vec<Device>),
}

/// How much may be spent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Evaluations in all, failed ones included.
    pub evaluations: u64,
    /// No evaluation starts once the search has run this long.
    pub wall_time: Option<Duration>,
}

/// A description as it was found: enough to check it again, years later and elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The TOML.
    pub text: String,
    /// Where it stood, for messages.
    pub path: PathBuf,
    /// What its relative paths are relative to; absolute.
    pub folder: PathBuf,
    /// The same folder as seen from the study's, so that both can move together; absent in studies of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_study: Option<PathBuf>,
    /// Values in the text that were given beside the file, each as its key, `=` and the value in TOML.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
}

impl Description {
    /// The file itself.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        match self.path.file_name() {
            Some(name) => self.folder.join(name),
            None => self.path.clone(),
        }
    }

    /// The description with its folder as seen from that of a study, which exists.
    #[must_use]
    pub fn seen_from(mut self, study: &Path) -> Self {
        let home = match study.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        self.from_study = (home.canonicalize().ok()).map(|home| relative(&home, &self.folder));
        self
    }

    /// The description with its folder as it is now, for a study at `study`: where it stands relative to the study if it
    /// is there, else where it stood, else the folder of the study.
    #[must_use]
    pub fn located(mut self, study: &Path) -> Self {
        let home = match study.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let home = home.canonicalize().unwrap_or_else(|_| home.to_owned());
        let has_file = |folder: &Path| {
            let name = self.path.file_name();
            name.is_some_and(|name| folder.join(name).is_file())
        };
        let beside = self.from_study.as_ref().map(|relative| home.join(relative));
        let beside = beside.and_then(|folder| folder.canonicalize().ok());
        let moved = beside.filter(|folder| has_file(folder) || !self.folder.is_dir());
        if let Some(folder) = moved {
            self.folder = folder;
        } else if !self.folder.is_dir() {
            self.folder = home;
        }
        self
    }
}

/// The way from one folder to another, both absolute.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components());
    let common = common.take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_found_again_where_it_moved_together_with_its_study() {
        let top = tempfile::tempdir().unwrap();
        let (before, after) = (top.path().join("before"), top.path().join("after"));
        std::fs::create_dir_all(before.join("runs")).unwrap();
        std::fs::write(before.join("s.toml"), "").unwrap();
        let description = Description {
            text: String::new(),
            path: "before/s.toml".into(),
            folder: before.canonicalize().unwrap(),
            from_study: None,
            set: Vec::new(),
        };
        let description = description.seen_from(&before.join("runs/s.nasbot.db"));
        assert_eq!(description.from_study.as_deref(), Some(Path::new("..")));
        std::fs::rename(&before, &after).unwrap();
        let found = description.located(&after.join("runs/s.nasbot.db"));
        assert_eq!(found.folder, after.canonicalize().unwrap());
        assert!(found.file().exists());
    }
}
