//! Training steps a second, for `scripts/bench-train.sh` to compare with PyTorch in Python.
//!
//! `throughput prepare FOLDER` makes FOLDER/NAME/{network.json, model.py, shape.json} for networks of every kind;
//! `throughput run FOLDER/NAME SECONDS` trains one on random data and prints a line of JSON when its first step is
//! done and another with its figures.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use flate2::read::GzDecoder;
use nn_graph::{Kind, Network};
use nn_train::data::InputShape;
use nn_train::plan::Plan;
use nn_train::torch::loss::{Wanted, loss};
use nn_train::torch::model::Model;
use nn_train::torch::optimiser::Stepper;
use nn_train::{TrainingSpec, export};
use tch::{Device, Kind as Numbers, Tensor};

/// The setting, the same in `scripts/bench-train.py`.
const EXAMPLES: i64 = 2048;
const BATCH: i64 = 64;
const CLASSES: u32 = 10;
const FEATURES: u32 = 32;
const SIDE: u32 = 16;
/// Networks of each kind, and the largest cost of one (floating-point operations an example).
const PICKED: [(Kind, usize, u64); 3] = [
    (Kind::Cnn, 4, 120_000_000),
    (Kind::MlpClass, 3, 4_000_000),
    (Kind::MlpReg, 3, 4_000_000),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["prepare", folder] => prepare(Path::new(folder)),
        ["run", folder, seconds] => run(Path::new(folder), seconds.parse()?),
        _ => bail!("usage: throughput prepare FOLDER | throughput run FOLDER SECONDS"),
    }
}

/// Evenly spaced picks from the networks of the original NASBOT implementation that are not too large.
fn prepare(folder: &Path) -> anyhow::Result<()> {
    #[derive(serde::Deserialize)]
    struct Entry {
        id: String,
        network: Network,
    }
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../nn-graph/tests/golden/networks.json.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    let entries: Vec<Entry> = serde_json::from_str(&text)?;
    for (kind, count, limit) in PICKED {
        let fitting: Vec<(&str, Plan)> = (entries.iter())
            .filter(|entry| entry.network.kind() == kind)
            .filter_map(|entry| Some((entry.id.as_str(), plan(&entry.network).ok()?)))
            .filter(|(_, plan)| plan.flops() <= limit)
            .collect();
        for i in 0..count {
            let (id, plan) = &fitting[i * fitting.len() / count];
            let place: PathBuf = folder.join(id);
            std::fs::create_dir_all(&place)?;
            std::fs::write(
                place.join("network.json"),
                serde_json::to_string(&plan.network)?,
            )?;
            std::fs::write(
                place.join("model.py"),
                export::pytorch(plan, None, "model.safetensors"),
            )?;
            let shape = match plan.input {
                InputShape::Image(_) => vec![3, SIDE, SIDE],
                InputShape::Features(n) => vec![n],
            };
            let shape = serde_json::json!({ "shape": shape, "classes": if kind == Kind::MlpReg { 0 } else { CLASSES }, "parameters": plan.trainable(), "flops": plan.flops() });
            std::fs::write(place.join("shape.json"), shape.to_string())?;
        }
    }
    Ok(())
}

fn plan(network: &Network) -> Result<Plan, nn_train::Error> {
    let input = match network.kind() {
        Kind::Cnn => InputShape::Image([3, SIDE, SIDE].into()),
        Kind::MlpClass | Kind::MlpReg => InputShape::Features(FEATURES),
    };
    Plan::new(
        network,
        input,
        if network.kind() == Kind::MlpReg {
            1
        } else {
            CLASSES
        },
    )
}

fn run(folder: &Path, seconds: f64) -> anyhow::Result<()> {
    let network: Network =
        serde_json::from_str(&std::fs::read_to_string(folder.join("network.json"))?)?;
    let kind = network.kind();
    let plan = plan(&network)?;
    tch::manual_seed(1);
    let floats = (Numbers::Float, Device::Cpu);
    let inputs = match plan.input {
        InputShape::Image(i) => Tensor::randn(
            [EXAMPLES, i.channels.into(), i.height.into(), i.width.into()],
            floats,
        ),
        InputShape::Features(n) => Tensor::randn([EXAMPLES, n.into()], floats),
    };
    let targets = match kind {
        Kind::MlpReg => Tensor::randn([EXAMPLES, 1], floats),
        Kind::Cnn | Kind::MlpClass => {
            Tensor::randint(CLASSES.into(), [EXAMPLES], (Numbers::Int64, Device::Cpu))
        }
    };
    let model = Model::new(plan, Device::Cpu)?;
    let spec = TrainingSpec {
        learning_rate: 1e-4,
        ..TrainingSpec::default()
    };
    let mut stepper = Stepper::new(&model, &spec.validated()?)?;
    let mut order = Tensor::randperm(EXAMPLES, (Numbers::Int64, Device::Cpu));
    let mut start = 0;
    let mut step = || -> anyhow::Result<()> {
        if start + BATCH > EXAMPLES {
            start = 0;
            order = Tensor::randperm(EXAMPLES, (Numbers::Int64, Device::Cpu));
        }
        let rows = order.narrow(0, start, BATCH);
        start += BATCH;
        let outputs = model.forward(&inputs.index_select(0, &rows), true)?;
        let wanted = Wanted {
            targets: targets.index_select(0, &rows),
            weights: None,
        };
        let loss = loss(&outputs, &wanted, 0.0)?;
        Ok(stepper.step(&model, &loss, 1e-4)?)
    };
    let mut out = std::io::stdout();
    step()?;
    writeln!(out, "{{\"first\":true}}")?;
    out.flush()?;
    for _ in 0..4 {
        step()?;
    }
    // Steps a second of processor time, the best of many short stretches: other programs' work comes and goes.
    let begin = Instant::now();
    let mut best = 0.0_f64;
    while begin.elapsed().as_secs_f64() < seconds {
        let (stretch, before) = (Instant::now(), processor_seconds()?);
        let mut steps = 0.0;
        while stretch.elapsed().as_secs_f64() < seconds / 10.0 {
            step()?;
            steps += 1.0;
        }
        best = best.max(steps / (processor_seconds()? - before));
    }
    let status =
        std::fs::read_to_string("/proc/self/status").context("this needs Linux's /proc")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak: f64 = peak.context("/proc/self/status has no VmHWM")?.parse()?;
    writeln!(
        out,
        "{}",
        serde_json::json!({ "steps_per_second": best, "peak_mb": peak / 1024.0 })
    )?;
    Ok(())
}

/// Processor time of all threads of this process so far, seconds.
fn processor_seconds() -> anyhow::Result<f64> {
    let mut total = 0.0;
    for thread in std::fs::read_dir("/proc/self/task").context("this needs Linux's /proc")? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanoseconds = text.split(' ').next().context("schedstat is empty")?;
        total += 1e-9 * nanoseconds.parse::<f64>()?;
    }
    Ok(total)
}
