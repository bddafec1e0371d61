//! A folder of its own for each test, and the back-ends under test in it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use nasbot::backend::{
    self, Backend, Connect as _, End, Function, Handle, Key, Report, Reports, Task, Work,
};
use nasbot::settings::{
    Budget, Devices, Evaluator, Fidelity, PerDevice, Settings, Training, Tuning, Workers,
};
use nasbot_opt::{NetworkSpace, Outcome, SearchConfig};
use nn_graph::{Bounds, Kind, Network};
use nn_train::job::Device;
use tempfile::TempDir;

use crate::detached::Detached;

/// Anything that takes longer hangs. Only ever waited for when a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How many works each back-end under test takes at once.
pub(crate) const CAPACITY: usize = 2;

/// What makes a back-end in a folder.
pub(crate) type Make = fn(&Path, Reports) -> Box<dyn Backend>;

/// The back-ends under test. Each scores a network with its number of layers divided by 100, and takes as long as the
/// seed says in milliseconds.
const BACKENDS: [(&str, Make); 7] = [
    ("function", function),
    ("command", command),
    ("local", local),
    ("warm", crate::warm::warm),
    ("detached", |folder, reports| {
        Box::new(Detached::new(folder, reports))
    }),
    ("template", crate::fake_queue::template),
    ("recipe", |_, reports| {
        Box::new(crate::recipe::Later::new(CAPACITY, reports))
    }),
];

/// Those of them whose work outlives its search.
pub(crate) fn outliving() -> Vec<(&'static str, Make)> {
    let names = ["detached", "template", "slurm", "ray"];
    let outlives = |(name, _): &(&str, Make)| names.contains(name);
    backends().into_iter().filter(outlives).collect()
}

/// The back-ends under test.
pub(crate) fn backends() -> Vec<(&'static str, Make)> {
    let mut backends = BACKENDS.to_vec();
    if crate::slurm::is_there() {
        backends.push(("slurm", crate::slurm::slurm));
    }
    if crate::ray::is_there() {
        backends.push(("ray", crate::ray::ray));
    }
    backends
}

fn score(network: &Network, seed: u64) -> Outcome {
    std::thread::sleep(Duration::from_millis(seed));
    Outcome::scored(network.len() as f64 / 100.0)
}

fn function(_: &Path, reports: Reports) -> Box<dyn Backend> {
    Function::new(score)
        .at_once(CAPACITY)
        .connect(reports)
        .unwrap()
}

/// A program that notes that it began and takes its time. The seeds of tests are short times; those of searches are any
/// numbers.
pub(crate) fn score_program(folder: &Path) -> PathBuf {
    let began = folder.join("began");
    let began = began.display();
    script(
        folder,
        "score.sh",
        &format!(
            "read -r network; echo began >> {began}; [ ${{#NASBOT_SEED}} -gt 5 ] && NASBOT_SEED=150\n\
             sleep $(printf '%d.%03d' $((NASBOT_SEED / 1000)) $((NASBOT_SEED % 1000)))\n\
             layers=$(printf '%s' \"$network\" | grep -o '\"op\":' | wc -l)\n\
             printf '{{\"score\":0.%02d}}\\n' \"$layers\"\n"
        ),
    )
}

fn command(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    let program = score_program(folder);
    let evaluator = Evaluator::Command {
        program: vec![program.display().to_string()],
        folder: folder.to_owned(),
    };
    backend::backend(&settings(evaluator), reports).unwrap()
}

fn local(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    let program = script(
        folder,
        "worker",
        r#"read -r job
seed=$(printf '%s' "$job" | sed 's/.*"seed":\([0-9]*\).*/\1/')
echo '{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}'
sleep $(printf '%d.%03d' $((seed / 1000)) $((seed % 1000)))
layers=$(printf '%s' "$job" | grep -o '"op":' | wc -l)
printf '{"event":"done","score":0.%02d,"metrics":{},"seconds":0.1,"parameters":7}\n' "$layers"
"#,
    );
    let mut settings = training(folder, program);
    settings.workers.reuse = false;
    backend::backend(&settings, reports).unwrap()
}

/// Settings of a search whose networks a worker program trains.
pub(crate) fn training(folder: &Path, program: PathBuf) -> Settings {
    fs::write(folder.join("data.csv"), "0.5,1\n").unwrap();
    let data = serde_json::json!({"path": folder.join("data.csv"), "task": "class"});
    let training = Training {
        program: Some(program),
        data: serde_json::from_value(data).unwrap(),
        protocol: nn_train::TrainingSpec::default(),
    };
    settings(Evaluator::Local(Box::new(training)))
}

/// Settings with an evaluator.
pub(crate) fn settings(evaluator: Evaluator) -> Settings {
    let constraints = Bounds {
        max_layers: Some(8),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    let search = SearchConfig {
        strategy: nasbot_opt::Strategy::Random,
        initial: Some(2),
        ..SearchConfig::default()
    };
    Settings {
        name: "test".to_owned(),
        space: NetworkSpace::new(Kind::MlpClass, constraints).unwrap(),
        search: search.validated().unwrap(),
        fidelity: Fidelity::full(),
        evaluator,
        workers: Workers {
            devices: Devices::Listed(vec![Device::Cpu]),
            per_device: PerDevice::Number(CAPACITY),
            ..Workers::default()
        },
        budget: Budget {
            evaluations: 6,
            wall_time: None,
        },
        facts: None,
        tuning: Tuning::default(),
        aims: Default::default(),
        proposals: Default::default(),
    }
}

/// Writes an executable script. Another process writes it: a program that this one forks meanwhile would inherit the file
/// open for writing, and a file that is being written cannot be executed. It takes the place of an earlier one as a whole, which
/// a job that has just been started may still have to read.
pub(crate) fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    let mut writer = Command::new("sh")
        .args([
            "-c",
            r#"cat > "$0.new" && chmod +x "$0.new" && mv "$0.new" "$0""#,
        ])
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = writer.stdin.take().unwrap();
    write!(input, "#!/bin/sh\n{text}").unwrap();
    drop(input);
    assert!(writer.wait().unwrap().success());
    path
}

/// A back-end in a folder of its own, and what it reports.
pub(crate) struct Stand {
    pub(crate) folder: TempDir,
    pub(crate) backend: Box<dyn Backend>,
    reports: Receiver<Report>,
}

impl Stand {
    pub(crate) fn new(make: &Make) -> Self {
        Self::at(tempfile::tempdir().unwrap(), make)
    }

    pub(crate) fn at(folder: TempDir, make: &Make) -> Self {
        let (send, reports) = mpsc::channel();
        let reports_to = Reports::new(move |report| {
            let _ = send.send(report);
        });
        let backend = make(folder.path(), reports_to);
        Self {
            folder,
            backend,
            reports,
        }
    }

    /// Lets the back-end go, as if the search had died, and keeps the folder.
    pub(crate) fn die(self) -> TempDir {
        self.folder
    }

    /// A work that takes so many milliseconds.
    pub(crate) fn work(&self, id: u64, milliseconds: u64) -> Work {
        Work {
            key: Key {
                study: "study".to_owned(),
                evaluation: id,
                attempt: 0,
            },
            network: network(),
            seed: milliseconds,
            log: self.folder.path().join("logs").join(format!("{id}.log")),
            study: None,
            leave: None,
            keys: nn_train::Keys::new(),
            task: Task::Evaluate,
        }
    }

    pub(crate) fn submit(&mut self, id: u64, milliseconds: u64) -> Handle {
        let work = self.work(id, milliseconds);
        self.backend.submit(work).unwrap()
    }

    /// Waits for the next report.
    pub(crate) fn report(&self) -> Report {
        self.report_within(PATIENCE)
    }

    /// Waits for the next report of something that takes its time.
    pub(crate) fn report_within(&self, patience: Duration) -> Report {
        self.reports.recv_timeout(patience).unwrap()
    }

    /// Waits for the next end.
    pub(crate) fn end(&self) -> (u64, End) {
        let since = Instant::now();
        loop {
            if let Report::Ended { id, end } = self.report() {
                return (id, end);
            }
            assert!(since.elapsed() < PATIENCE, "no end came");
        }
    }

    /// Waits for the next end; with it, what was said on the way.
    pub(crate) fn end_with_notes(&self) -> (End, Vec<String>) {
        let mut notes = Vec::new();
        loop {
            match self.report() {
                Report::Note(text) => notes.push(text),
                Report::Ended { end, .. } => return (end, notes),
                _ => {}
            }
        }
    }

    /// What was reported in the meantime.
    pub(crate) fn reported(&self) -> Vec<Report> {
        self.reports.try_iter().collect()
    }
}

/// A network of five layers.
pub(crate) fn network() -> Network {
    r#"{"kind":"mlp-class","layers":[{"op":"ip"},{"op":"relu","units":8},{"op":"relu","units":8},{"op":"softmax"},{"op":"op"}],
        "edges":[[0,1],[1,2],[2,3],[3,4]]}"#
        .parse()
        .unwrap()
}
