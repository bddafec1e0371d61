//! Writes networks with their weights, inputs, outputs and gradients, for `scripts/check-pytorch.sh` to compare with
//! what the exported programs compute in Python.
//!
//! `parity FOLDER` makes FOLDER/NUMBER/{network.json, model.py, model.safetensors, model.onnx, values.safetensors} for the golden
//! networks that fit the example data and for random ones, evolved by morphs from the initial pools. Together they hold
//! every operation of every kind, convolutions with both strides; else it fails.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;
use nn_graph::{Bounds, Kind, Network, Op, mutate, pool};
use nn_train::data::InputShape;
use nn_train::plan::Plan;
use nn_train::torch::model::{Model, Numerics};
use nn_train::{Precision, export};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use tch::{Device, Kind as Numbers, Reduction, Tensor};

const CPU: (Numbers, Device) = (Numbers::Float, Device::Cpu);
/// Random networks of each kind.
const RANDOM: usize = 80;
/// Floating-point operations and parameters of the largest network.
const LARGEST: (u64, u64) = (300_000_000, 1_500_000);
/// Few enough that an image's moments are those of some hundred pixels, down to three.
const BATCH: i64 = 3;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("usage: parity FOLDER")?;
    let plans: Vec<Plan> = (golden()?.iter())
        .filter_map(plan)
        .chain(random()?)
        .collect();
    for kind in Kind::ALL {
        let layers = (plans.iter().map(|plan| &plan.network))
            .filter(|network| network.kind() == kind)
            .flat_map(Network::layers);
        let found: BTreeSet<_> = layers.map(|layer| (layer.op, layer.stride)).collect();
        for op in kind.ops() {
            let strides: &[Option<u8>] = if op.is_conv() {
                &[Some(1), Some(2)]
            } else {
                &[None]
            };
            for &stride in strides {
                ensure!(
                    found.contains(&(op, stride)),
                    "no {kind} has {op} with stride {stride:?}"
                );
            }
        }
    }
    for (number, plan) in plans.into_iter().enumerate() {
        write(
            plan,
            &Path::new(&folder).join(number.to_string()),
            number as i64,
        )?;
    }
    Ok(())
}

/// The plan on the example data, unless they are too small for the network or the network too large.
fn plan(network: &Network) -> Option<Plan> {
    let input = match network.kind() {
        Kind::Cnn => InputShape::Image([3, 19, 16].into()),
        Kind::MlpClass | Kind::MlpReg => InputShape::Features(11),
    };
    let outputs = if network.kind() == Kind::MlpReg { 1 } else { 6 };
    let plan = Plan::new(network, input, outputs).ok()?;
    (plan.flops() <= LARGEST.0 && plan.trainable() <= LARGEST.1).then_some(plan)
}

/// Networks of at most 24 units a layer, each a mutant of one from the initial pool or of another mutant.
fn random() -> anyhow::Result<Vec<Plan>> {
    let mut rng = Pcg64::seed_from_u64(5);
    let constraints = Bounds {
        max_units: Some(24),
        max_layers: Some(24),
        ..Bounds::default()
    }
    .checked()?;
    let mut plans = Vec::new();
    for kind in Kind::ALL {
        let mut population = pool::initial(kind, &constraints, &mut rng)?;
        let mut found = 0;
        while found < RANDOM {
            let parent = population.choose(&mut rng).context("an empty pool")?;
            let Ok(child) = mutate(parent, &constraints, &mut rng) else {
                continue;
            };
            if let Some(plan) = plan(&widen(&child, &mut rng)?) {
                plans.push(plan);
                population.push(child);
                found += 1;
            }
        }
    }
    Ok(plans)
}

/// One in five convolutions with 9×9 filters, which no morph puts in.
fn widen(network: &Network, rng: &mut Pcg64) -> anyhow::Result<Network> {
    let mut layers = network.layers().to_vec();
    for layer in layers.iter_mut().filter(|layer| layer.op.is_conv()) {
        if rng.random_bool(0.2) {
            layer.op = if layer.op.is_res() {
                Op::Res9
            } else {
                Op::Conv9
            };
        }
    }
    Ok(Network::new(
        network.kind(),
        layers,
        network.edges().iter().copied(),
    )?)
}

/// The networks of the original NASBOT implementation that nn-graph's tests hold.
fn golden() -> anyhow::Result<Vec<Network>> {
    #[derive(serde::Deserialize)]
    struct Entry {
        network: Network,
    }
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../nn-graph/tests/golden/networks.json.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    let entries: Vec<Entry> = serde_json::from_str(&text)?;
    Ok(entries.into_iter().map(|entry| entry.network).collect())
}

fn write(plan: Plan, folder: &Path, number: i64) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    tch::manual_seed(number);
    let x = match plan.input {
        InputShape::Image(i) => Tensor::randn(
            [BATCH, i.channels.into(), i.height.into(), i.width.into()],
            CPU,
        ),
        InputShape::Features(n) => Tensor::randn([BATCH, n.into()], CPU),
    };
    let program = export::pytorch(&plan, None, "model.safetensors");
    std::fs::write(folder.join("model.py"), program)?;
    // For programs that build the module from the network themselves.
    std::fs::write(folder.join("network.json"), plan.network.to_json())?;
    let flops = plan.flops();
    let numerics = |channels_last| Numerics {
        precision: Precision::Fp32,
        channels_last,
    };
    let model = Model::with(plan.clone(), Device::Cpu, numerics(true))?;
    // Moves the running moments away from their start, so that evaluation says something.
    for _ in 0..3 {
        tch::no_grad(|| model.forward(&x, true).map(drop))?;
    }
    let weights = folder.join("model.safetensors");
    model.save(&weights, None)?;
    model.save_onnx(None, &folder.join("model.onnx"))?;
    let mut planar = Model::with(plan, Device::Cpu, numerics(false))?;
    planar.load(&weights)?;
    let wide = planar.widened()?;
    let mut values = vec![("flops".to_owned(), Tensor::from_slice(&[flops as f64]))];
    let wide_x = x.to_kind(Numbers::Double);
    for (name, model, x) in [
        ("channels-last", &model, &x),
        ("contiguous", &planar, &x),
        ("64-bit", &wide, &wide_x),
    ] {
        let evaluated = tch::no_grad(|| model.forward(x, false))?;
        let trained = model.forward(x, true)?;
        // Some loss that every output takes part in.
        let target = Tensor::arange(trained.numel() as i64, CPU)
            .sin()
            .view_as(&trained)
            .to_kind(x.kind());
        trained.mse_loss(&target, Reduction::Sum).backward();
        values.push((format!("{name} evaluated"), evaluated));
        values.push((format!("{name} trained"), trained.detach()));
        for (parameter, tensor) in model
            .parameters()
            .filter(|(parameter, _)| parameter.trainable)
        {
            values.push((
                format!("{name} gradient {}", parameter.name),
                tensor.grad().contiguous(),
            ));
        }
    }
    values.push(("input".to_owned(), x));
    Tensor::write_safetensors(&values, folder.join("values.safetensors"))?;
    Ok(())
}
