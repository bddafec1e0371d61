//! What libtorch's allocator holds at the most in a training, found by going through a step without computing it.
//!
//! Every tensor of a step has its time: outputs live until the backward pass has used them, gradients until they are handed on, the
//! moments of the optimiser always. [`peak`] makes and drops them in the order in which the modules of `torch` and autograd do, as
//! nothing but numbers of bytes, and keeps the largest sum. Three moments compete: the backward pass of a step, the optimiser's own
//! vectors, and the scoring, whose batches may be larger. Data sets and what libraries keep for themselves are not counted. How good
//! this is: see docs/measurements/training-hours.md.

mod heap;
mod pass;
mod tape;

use self::heap::Heap;
use self::pass::{FLOAT, HALF, Pass};
use super::Plan;
use crate::{Optimiser, Precision, TrainingSpec};

/// How many examples are in memory at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// In a step of the training.
    pub trained: usize,
    /// While scoring.
    pub scored: usize,
}

impl Batches {
    /// Those of a protocol's training on so many examples, scored on so many.
    #[must_use]
    pub fn of(protocol: &TrainingSpec, train: usize, held_out: usize) -> Self {
        Self {
            trained: train.min(protocol.batch as usize),
            scored: held_out.min(SCORED),
        }
    }
}

/// Examples scored at a time.
pub(crate) const SCORED: usize = 512;

/// Entries to which a parameter's place in the vector of all is rounded up.
const LINE: u64 = 16;

/// Bytes that a training of this plan holds at the most.
pub(super) fn peak(plan: &Plan, protocol: &TrainingSpec, batches: Batches) -> u64 {
    let mut heap = Heap::default();
    let trained: u64 = (plan.parameters.iter().filter(|p| p.trainable))
        .map(|p| FLOAT * p.len().next_multiple_of(LINE))
        .sum();
    let buffers: u64 = (plan.parameters.iter().filter(|p| !p.trainable))
        .map(|p| FLOAT * p.len())
        .sum();
    let vectors = match protocol.optimiser {
        Optimiser::Sgd => 3,
        Optimiser::Adamw => 4,
    };
    heap.make(vectors * trained + buffers);
    // The parameters in 16 bits, and their gradients from the end of the first pass on.
    let half = match protocol.precision {
        Precision::Bf16 => trained / FLOAT * HALF,
        Precision::Fp32 | Precision::Tf32 => 0,
    };
    heap.make(half);
    let pass = Pass {
        plan,
        protocol,
        examples: batches.trained as u64,
    };
    let step = match (
        protocol.optimiser,
        protocol.nesterov && protocol.momentum > 0.0,
    ) {
        (Optimiser::Sgd, false) => trained,
        _ => 2 * trained,
    };
    // Gradients of a first step are tensors of their own until they are moved into the vector of all.
    for is_first in [true, false] {
        pass.step(&mut heap, is_first);
        if is_first {
            heap.make(half);
        }
        // What the optimiser computes on the way.
        heap.pass_by(step);
    }
    if protocol.patience.is_some() {
        heap.make(trained + buffers);
    }
    let pass = Pass {
        examples: batches.scored as u64,
        ..pass
    };
    pass.scoring(&mut heap);
    heap.peak
}
