//! Writes networks with their weights, inputs, outputs and gradients, for `scripts/check-pytorch.sh` to compare with
//! what the exported programs compute in Python.
//!
//! `parity FOLDER` makes FOLDER/NUMBER/{model.py, model.safetensors, model.onnx, values.safetensors} for the golden networks of
//! every kind that fit the example data.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use flate2::read::GzDecoder;
use nn_graph::{Kind, Network};
use nn_train::data::InputShape;
use nn_train::export;
use nn_train::plan::Plan;
use nn_train::torch::model::Model;
use tch::{Device, Kind as Numbers, Reduction, Tensor};

const CPU: (Numbers, Device) = (Numbers::Float, Device::Cpu);

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("usage: parity FOLDER")?;
    let mut number = 0;
    for network in networks()? {
        let input = match network.kind() {
            Kind::Cnn => InputShape::Image([3, 33, 32].into()),
            Kind::MlpClass | Kind::MlpReg => InputShape::Features(11),
        };
        let outputs = if network.kind() == Kind::MlpReg { 1 } else { 6 };
        let Ok(plan) = Plan::new(&network, input, outputs) else {
            continue;
        };
        if plan.flops() > 4_000_000_000 {
            continue;
        }
        write(plan, &Path::new(&folder).join(number.to_string()), number)?;
        number += 1;
    }
    Ok(())
}

/// The networks of the original NASBOT implementation that nn-graph's tests hold.
fn networks() -> anyhow::Result<Vec<Network>> {
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
    let batch = 3;
    let x = match plan.input {
        InputShape::Image(i) => Tensor::randn(
            [batch, i.channels.into(), i.height.into(), i.width.into()],
            CPU,
        ),
        InputShape::Features(n) => Tensor::randn([batch, n.into()], CPU),
    };
    let program = export::pytorch(&plan, None, "model.safetensors");
    std::fs::write(folder.join("model.py"), program)?;
    let flops = plan.flops();
    let model = Model::new(plan, Device::Cpu)?;
    // Moves the running moments away from their start, so that evaluation says something.
    for _ in 0..3 {
        tch::no_grad(|| model.forward(&x, true).map(drop))?;
    }
    model.save(&folder.join("model.safetensors"))?;
    model.save_onnx(&folder.join("model.onnx"))?;
    let evaluated = tch::no_grad(|| model.forward(&x, false))?;
    let trained = model.forward(&x, true)?;
    // Some loss that every output takes part in.
    let target = Tensor::arange(trained.numel() as i64, CPU)
        .sin()
        .view_as(&trained);
    trained.mse_loss(&target, Reduction::Sum).backward();
    let mut values = vec![
        ("input".to_owned(), x),
        ("evaluated".to_owned(), evaluated),
        ("trained".to_owned(), trained.detach()),
        ("flops".to_owned(), Tensor::from_slice(&[flops as f64])),
    ];
    for (parameter, tensor) in model
        .parameters()
        .filter(|(parameter, _)| parameter.trainable)
    {
        values.push((
            format!("gradient {}", parameter.name),
            tensor.grad().contiguous(),
        ));
    }
    Tensor::write_safetensors(&values, folder.join("values.safetensors"))?;
    Ok(())
}
