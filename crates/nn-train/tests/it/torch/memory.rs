//! What a training holds, predicted and counted.

use nn_graph::{Kind, Network};
use nn_train::job::Job;
use nn_train::plan::{Batches, Plan};
use nn_train::torch::allocator;
use nn_train::torch::held::Held;
use nn_train::torch::train;
use nn_train::{Error, Optimiser, Precision, TrainingSpec, data};

use super::alone;
use super::training::{for_digits, job, short};
use crate::support::{digits, golden_networks};

/// Convolutional networks that fit the digits, the smaller ones of those that the original has.
fn networks() -> Vec<Network> {
    let set = data::load(&digits()).unwrap();
    let mut found: Vec<(u64, Network)> = golden_networks()
        .into_iter()
        .filter_map(|(_, network)| {
            let plan = Plan::for_data(&network, &set).ok()?;
            (network.kind() == Kind::Cnn).then_some(())?;
            Some((plan.flops(), network))
        })
        .collect();
    found.sort_by_key(|(flops, _)| *flops);
    let small = found.into_iter().map(|(_, network)| network);
    small.take(30).step_by(4).collect()
}

/// Three steps.
fn briefly(training: TrainingSpec) -> TrainingSpec {
    TrainingSpec {
        steps: Some(3),
        ..training
    }
}

fn predicted(job: &Job) -> u64 {
    let set = data::load(&job.task).unwrap();
    let batches = Batches::of(&job.training, set.train.len(), set.validation.len());
    let plan = Plan::for_data(&job.network, &set).unwrap();
    plan.memory(&job.training, batches)
}

/// Bytes that a training holds at the most besides its data, by libtorch's own accounts.
fn taken(held: &mut Held, job: &Job) -> Result<u64, Error> {
    allocator::forget_most().unwrap();
    let before = allocator::held().unwrap().now;
    train::run_with(held, job, &mut |_| ())?;
    Ok(allocator::held().unwrap().most - before)
}

#[test]
fn the_memory_of_a_training_is_predicted() {
    let _alone = alone(1);
    allocator::count(None).unwrap();
    let mut held = Held::default();
    let last = short();
    // With how much of what is taken may be missing or too much. With 16-bit floats oneDNN keeps tensors of its own, of which nothing
    // is known; the margin by which such trainings are refused is as large.
    let settings = [
        (0.1, last.clone()),
        (
            0.1,
            TrainingSpec {
                optimiser: Optimiser::Adamw,
                batch: 100,
                ..last.clone()
            },
        ),
        (
            0.1,
            TrainingSpec {
                channels_last: false,
                ..last.clone()
            },
        ),
        (
            0.35,
            TrainingSpec {
                precision: Precision::Bf16,
                ..last
            },
        ),
    ];
    // The data are put in place.
    taken(&mut held, &job(for_digits(), digits(), briefly(short()))).unwrap();
    let networks = networks();
    assert!(networks.len() >= 6);
    for (tolerance, training) in settings {
        for network in &networks {
            let job = job(network.clone(), digits(), briefly(training.clone()));
            let (predicted, taken) = (
                predicted(&job) as f64,
                taken(&mut held, &job).unwrap() as f64,
            );
            // Libraries keep some small things, which the smallest networks do not outweigh.
            assert!(
                (predicted - taken).abs() < tolerance * taken + 65_536.0,
                "{predicted} for {taken}: {training:?}, {}",
                network.to_json()
            );
        }
    }
}

#[test]
fn what_is_predicted_not_to_fit_is_never_begun() {
    let _alone = alone(1);
    allocator::count(None).unwrap();
    let mut held = Held::default();
    let mut tight = job(for_digits(), digits(), briefly(short()));
    taken(&mut held, &tight).unwrap();
    let needed = predicted(&tight);
    // The allocator itself refuses what is far beyond a limit …
    let before = allocator::held().unwrap().now;
    allocator::count(Some(before + needed / 2)).unwrap();
    let lacking = taken(&mut held, &tight).unwrap_err();
    assert!(
        matches!(&lacking, Error::OutOfMemory { message } if message.contains("not enough memory")),
        "{lacking:?}"
    );
    // … which does not come about where the training says what it may take.
    tight.training.memory = Some((needed >> 21) as u32);
    let refused = taken(&mut held, &tight).unwrap_err();
    assert!(
        matches!(&refused, Error::OutOfMemory { message } if message.contains("training would take")),
        "{refused:?}"
    );
    allocator::count(None).unwrap();
    tight.training.memory = Some((needed >> 20) as u32 + 2);
    taken(&mut held, &tight).unwrap();
}
