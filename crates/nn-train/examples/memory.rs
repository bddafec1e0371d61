//! How well the memory of a training is predicted: random networks, predicted and as libtorch's allocator counts it on the processor.
//!
//! `memory COUNT [SEED]` trains so many random networks for three steps, one line of JSON each, and tells how the ratios are
//! distributed. `memory COUNT SEED --limit SHARE` gives each setting a limited allocator, of as many bytes as this share of its
//! networks is predicted to need, trains those that are predicted to fit, and tells how many lacked memory. `--only TEXT` takes the settings
//! whose names have the text.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use nn_graph::{Bounds, Kind, Network, morph, pool};
use nn_train::data::{DataSpec, Task};
use nn_train::job::{Device, Job, PROTOCOL};
use nn_train::plan::{Batches, Plan};
use nn_train::torch::{allocator, held::Held, train};
use nn_train::{Error, Optimiser, Precision, TrainingSpec};
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// Writes a line to standard error.
macro_rules! note {
    ($($text:tt)*) => {
        writeln!(std::io::stderr(), $($text)*)?
    };
}

/// Rows of the data and their shapes.
const ROWS: [usize; 2] = [160, 60];
const SIDE: usize = 16;
const FEATURES: usize = 40;

/// A way to train, with the networks that are trained so.
struct Setting {
    name: String,
    data: DataSpec,
    training: TrainingSpec,
    networks: Vec<(Network, Plan, u64)>,
    held: Held,
    /// Bytes of the data on the device.
    placed: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (rest, only) = match arguments.as_slice() {
        [rest @ .., "--only", text] => (rest, *text),
        all => (all, ""),
    };
    let (count, seed, limit) = match rest {
        [count] => (count, "1", None),
        [count, seed] => (count, *seed, None),
        [count, seed, "--limit", share] => (count, *seed, Some(share.parse::<f64>()?)),
        _ => bail!("usage: memory COUNT [SEED [--limit SHARE]] [--only TEXT]"),
    };
    let folder = tempfile::tempdir()?;
    let mut settings = settings(folder.path(), count.parse()?, seed.parse()?)?;
    settings.retain(|setting| setting.name.contains(only));
    allocator::count(None)?;
    match limit {
        None => measure(&mut settings),
        Some(share) => limited(&mut settings, share),
    }
}

/// Settings of each kind, with random networks shared out among them.
fn settings(folder: &Path, count: usize, seed: u64) -> anyhow::Result<Vec<Setting>> {
    let (pictures, table) = (write_pictures(folder)?, write_table(folder)?);
    let mut rng = Pcg64::seed_from_u64(seed);
    let base = TrainingSpec {
        epochs: 10,
        steps: Some(3),
        ..TrainingSpec::default()
    };
    let fitting = |precision, channels_last, optimiser, batch| TrainingSpec {
        precision,
        channels_last,
        optimiser,
        batch,
        ..base.clone()
    };
    let (fp32, bf16) = (Precision::Fp32, Precision::Bf16);
    let (sgd, adamw) = (Optimiser::Sgd, Optimiser::Adamw);
    let listed = [
        (Kind::Cnn, fitting(fp32, true, sgd, 16)),
        (Kind::Cnn, fitting(fp32, true, adamw, 48)),
        (Kind::Cnn, fitting(fp32, false, sgd, 48)),
        (Kind::Cnn, fitting(bf16, true, adamw, 48)),
        (Kind::MlpClass, fitting(fp32, true, sgd, 64)),
        (Kind::MlpClass, fitting(fp32, true, adamw, 16)),
    ];
    let mut settings = Vec::new();
    let share = count.div_ceil(listed.len());
    for (kind, training) in listed {
        let data = match kind {
            Kind::Cnn => pictures.clone(),
            _ => table.clone(),
        };
        let loaded = nn_train::data::load(&data)?;
        let batches = Batches::of(&training, loaded.train.len(), loaded.validation.len());
        let networks = random(kind, share, &mut rng)?;
        let planned = networks.into_iter().map(|network| {
            let plan = Plan::for_data(&network, &loaded)?;
            let bytes = plan.memory(&training, batches);
            Ok((network, plan, bytes))
        });
        settings.push(Setting {
            name: format!(
                "{kind} {:?} {:?} batch {} {}",
                training.precision,
                training.optimiser,
                training.batch,
                if training.channels_last {
                    "channels last"
                } else {
                    "channels first"
                }
            ),
            networks: planned.collect::<Result<_, Error>>()?,
            held: Held::default(),
            placed: match kind {
                Kind::Cnn => 8 * (ROWS[0] + ROWS[1]) as u64,
                _ => ((8 + 4 * FEATURES) * (ROWS[0] + ROWS[1])) as u64,
            },
            data,
            training,
        });
    }
    Ok(settings)
}

/// Networks that one to thirty mutations have made of those that a search begins with.
fn random(kind: Kind, count: usize, rng: &mut Pcg64) -> anyhow::Result<Vec<Network>> {
    let bounds = Bounds {
        max_layers: Some(18),
        min_units: Some(4),
        max_units: Some(if kind == Kind::Cnn { 96 } else { 900 }),
        max_halvings: Some(3),
        ..Bounds::default()
    };
    let bounds = bounds.checked()?;
    let first = pool::initial(kind, &bounds, rng)?;
    let mut found = Vec::new();
    while found.len() < count {
        let mut network = first.choose(rng).context("no network")?.clone();
        for _ in 0..rng.random_range(1..=30) {
            network = morph::mutate(&network, &bounds, rng).unwrap_or(network);
        }
        found.push(network);
    }
    Ok(found)
}

fn trained(setting: &mut Setting, network: &Network, seed: u64) -> Result<(), Error> {
    let job = Job {
        protocol: PROTOCOL,
        evaluation: 0,
        network: network.clone(),
        task: setting.data.clone(),
        training: setting.training.clone(),
        seed,
        device: Device::Cpu,
        save: None,
        finally: None,
        stage: None,
        stay: false,
        inherit: None,
        leave: None,
    };
    train::run_with(&mut setting.held, &job, &mut |_| ()).map(drop)
}

fn measure(settings: &mut [Setting]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut all = Vec::new();
    for setting in settings {
        let mut ratios = Vec::new();
        for (network, _, predicted) in setting.networks.clone() {
            allocator::forget_most()?;
            let before = allocator::held()?.now;
            // The data stay from the second one on.
            let placed = if before == 0 { setting.placed } else { 0 };
            trained(setting, &network, 1)?;
            let taken = allocator::held()?.most - before - placed;
            let ratio = predicted as f64 / taken as f64;
            ratios.push(ratio);
            let line = serde_json::json!({
                "setting": setting.name, "predicted": predicted, "taken": taken, "ratio": ratio, "network": network,
            });
            writeln!(out, "{line}")?;
        }
        note!("{}: {}", setting.name, distribution(&mut ratios));
        all.append(&mut ratios);
    }
    note!("all: {}", distribution(&mut all));
    Ok(())
}

/// How predicted over taken is distributed.
fn distribution(ratios: &mut [f64]) -> String {
    ratios.sort_by(f64::total_cmp);
    let within = |share: f64| {
        let near = ratios.iter().filter(|ratio| (*ratio - 1.0).abs() <= share);
        100.0 * near.count() as f64 / ratios.len().max(1) as f64
    };
    let at = |share: f64| {
        ratios
            .get((share * (ratios.len().max(1) - 1) as f64) as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    format!(
        "{} networks, predicted over taken: least {:.3}, 2.5 % {:.3}, median {:.3}, 97.5 % {:.3}, most {:.3}; within 5 %: {:.1} %, within 10 %: {:.1} %",
        ratios.len(),
        at(0.0),
        at(0.025),
        at(0.5),
        at(0.975),
        at(1.0),
        within(0.05),
        within(0.1),
    )
}

fn limited(settings: &mut [Setting], share: f64) -> anyhow::Result<()> {
    let (mut refused, mut fine, mut lacked) = (0, 0, 0);
    for setting in settings {
        let mut needed: Vec<u64> = setting.networks.iter().map(|(.., bytes)| *bytes).collect();
        needed.sort_unstable();
        let limit = needed[((needed.len() - 1) as f64 * share) as usize];
        let held = allocator::held()?.now;
        let before = (refused, fine, lacked);
        // What the search is told is in whole megabytes.
        let memory = u32::try_from(limit >> 20)?;
        setting.training.memory = Some(memory);
        allocator::count(Some(held + setting.placed + (u64::from(memory) << 20)))?;
        for (network, ..) in setting.networks.clone() {
            match trained(setting, &network, 1) {
                Ok(()) => fine += 1,
                Err(Error::OutOfMemory { message }) if message.contains("training would take") => {
                    refused += 1
                }
                Err(Error::OutOfMemory { message }) => {
                    note!("lacked: {message} {}", network.to_json());
                    lacked += 1;
                }
                Err(Error::Diverged { .. }) => fine += 1,
                Err(error) => return Err(error.into()),
            }
        }
        allocator::count(None)?;
        note!(
            "{}: limit {memory} MB, {} refused, {} trained, {} lacked memory",
            setting.name,
            refused - before.0,
            fine - before.1,
            lacked - before.2
        );
    }
    note!("all: {refused} refused, {fine} trained, {lacked} lacked memory");
    Ok(())
}

/// Pictures of bytes, as an IDX file.
fn write_pictures(folder: &Path) -> anyhow::Result<DataSpec> {
    let rows = ROWS[0] + ROWS[1];
    let header = |kind: &[u32]| {
        let sides = kind.iter().flat_map(|side| side.to_be_bytes());
        [0, 0, 8, kind.len() as u8]
            .into_iter()
            .chain(sides)
            .collect::<Vec<u8>>()
    };
    let mut inputs = header(&[rows as u32, 3, SIDE as u32, SIDE as u32]);
    inputs.extend((0..rows * 3 * SIDE * SIDE).map(|i| (i * 7919 % 251) as u8));
    let mut labels = header(&[rows as u32]);
    labels.extend((0..rows).map(|i| (i % 10) as u8));
    std::fs::write(folder.join("x.idx"), inputs)?;
    std::fs::write(folder.join("y.idx"), labels)?;
    let mut data = DataSpec::new(folder.join("x.idx"), Task::Class);
    data.labels = Some(folder.join("y.idx"));
    data.format = Some(nn_train::data::Format::Idx);
    Ok(divided(data))
}

fn write_table(folder: &Path) -> anyhow::Result<DataSpec> {
    let row = |i: usize| {
        let cells: Vec<String> = (0..FEATURES)
            .map(|j| format!("{}", (i * 31 + j * 17) % 97))
            .collect();
        format!("{},{}\n", cells.join(","), i % 10)
    };
    let path = folder.join("table.csv");
    std::fs::write(&path, (0..ROWS[0] + ROWS[1]).map(row).collect::<String>())?;
    Ok(divided(DataSpec::new(path, Task::Class)))
}

fn divided(mut data: DataSpec) -> DataSpec {
    data.split.train = Some(ROWS[0] as f64 / (ROWS[0] + ROWS[1]) as f64);
    data.split.validation = Some(ROWS[1] as f64 / (ROWS[0] + ROWS[1]) as f64);
    data.split.test = Some(0.0);
    data
}
