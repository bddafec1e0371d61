//! What the evaluation of a network takes, computed before anything is trained.
//!
//! The time of a step of b examples is that of its operations, three times those of a forward pass, at the speed of this processor; of
//! an update of every parameter; and of calls, some for each layer. Scoring is forward passes. How good this is: see
//! docs/measurements/estimates.md.

use std::hint::black_box;
use std::time::{Duration, Instant};

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use crate::Protocol;
use crate::data::Contents;
use crate::plan::{Batches, Plan};

/// Seconds until a worker has loaded libtorch and begins.
const START: f64 = 0.5;
/// Seconds of a step beside its layers, and for each of them.
const STEP: f64 = 2e-5;
const LAYER: f64 = 2e-5;
/// Seconds for each parameter and step: gradient, clipping, the optimiser's vectors.
const PARAMETER: f64 = 9e-9;
/// What convolutions and matrix products of libtorch reach of the speed that is measured here.
const EFFICIENCY: f64 = 1.0;
/// What a further thread adds.
const THREAD: f64 = 0.7;
/// Bytes of a worker that has no data yet.
const WORKER: u64 = 130_000_000;
/// Times that the numbers of a data set are held, of 4 bytes each: as they were read, prepared, and divided into parts.
const COPIES: u64 = 3;

/// Side of the matrices whose product is measured, and for how long.
const SIDE: usize = 192;
const MEASURED: Duration = Duration::from_millis(30);

/// How fast one thread of this processor multiplies matrices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Floating-point operations of 32 bits a second.
    pub operations: f64,
}

impl Speed {
    /// Measures it, which takes some hundredths of a second. The fastest of several products counts: others may be computing.
    #[must_use]
    pub fn measure() -> Self {
        let a = Mat::<f32>::from_fn(SIDE, SIDE, |i, j| ((i * 7 + j * 3) % 11) as f32 / 11.0);
        let mut product = Mat::<f32>::zeros(SIDE, SIDE);
        let since = Instant::now();
        let mut least = f64::INFINITY;
        while since.elapsed() < MEASURED {
            let start = Instant::now();
            let a = black_box(a.as_ref());
            matmul(product.as_mut(), Accum::Replace, a, a, 1.0, Par::Seq);
            black_box(&mut product);
            least = least.min(start.elapsed().as_secs_f64());
        }
        let operations = 2.0 * (SIDE as f64).powi(3);
        Self {
            // A clock may be coarse.
            operations: operations / least.max(1e-6),
        }
    }
}

/// What one evaluation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Trainable parameters.
    pub parameters: u64,
    /// Seconds, where no training stops before its last epoch.
    pub seconds: f64,
    /// Bytes of memory at the most.
    pub bytes: u64,
}

impl Estimate {
    /// That of a network on a processor, of which the worker has so many threads.
    #[must_use]
    pub fn new(
        plan: &Plan,
        protocol: &Protocol,
        contents: &Contents,
        (speed, threads): (Speed, usize),
    ) -> Self {
        let [train, validation, test] = contents.parts;
        let (runs, training, scored) = match protocol.folds {
            None => (protocol.repeats, train, validation),
            Some(folds) => {
                let both = train + validation;
                let held_out = both / (folds as usize).max(1);
                (folds, both - held_out, held_out)
            }
        };
        let per_epoch = (training as u64).div_ceil(u64::from(protocol.batch)).max(1);
        let steps = protocol.total_steps(per_epoch) as f64;
        let scores = f64::from(
            protocol
                .total_epochs(per_epoch)
                .div_ceil(protocol.evaluate_every),
        );
        let batch = training.min(protocol.batch as usize) as f64;
        let threads = 1.0 + THREAD * (threads.max(1) - 1) as f64;
        let operation = 1.0 / (EFFICIENCY * speed.operations * threads);
        let forward = plan.flops() as f64 * operation;
        let calls = STEP + LAYER * plan.layers.len() as f64;
        let parameters = plan.trainable();
        let step = calls + PARAMETER * parameters as f64 + 3.0 * forward * batch;
        let score = calls + forward * scored as f64;
        let numbers = (train + validation + test) as u64 * plan.input.len() as u64;
        Self {
            parameters,
            seconds: START + f64::from(runs) * (steps * step + scores * score),
            bytes: WORKER
                + COPIES * 4 * numbers
                + plan.memory(protocol, Batches::of(protocol, training, scored)),
        }
    }
}
