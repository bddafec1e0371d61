//! How long a network takes to be applied to one example, and to a batch.

use std::time::{Duration, Instant};

use tch::{Cuda, Device, Kind, Tensor, no_grad};

use super::model::{Model, Numerics};
use crate::data::InputShape;
use crate::latency::{BATCH_LATENCY, LATENCY, Latency, Place};
use crate::plan::Plan;
use crate::{Error, Precision, Protocol};

/// Passes before time is taken: libraries choose their ways, and caches fill.
const WARM: usize = 5;
/// Passes of which the median is taken, at the most and at the least.
const PASSES: [usize; 2] = [200, 9];
/// No further pass begins after so long.
const LONG: Duration = Duration::from_millis(500);

/// Measures both figures: medians of many passes, warm, in milliseconds. The time does not depend on the weights, which are random
/// here. Draws from libtorch's generator.
///
/// # Errors
/// [`Error::OutOfMemory`], or whatever else libtorch reports.
pub(super) fn measure(
    plan: &Plan,
    how: Latency,
    protocol: &Protocol,
    device: Device,
) -> Result<[(&'static str, f64); 2], Error> {
    let mut numerics = Numerics::of(protocol);
    let device = match how.on {
        Place::Device => device,
        Place::Processor => {
            numerics.precision = Precision::Fp32;
            Device::Cpu
        }
    };
    let model = Model::with(plan.clone(), device, numerics)?;
    no_grad(|| {
        Ok([
            (LATENCY, milliseconds(&model, 1, device)?),
            (BATCH_LATENCY, milliseconds(&model, how.batch, device)?),
        ])
    })
}

/// The median time of a pass with so many examples.
fn milliseconds(model: &Model, examples: u32, device: Device) -> Result<f64, Error> {
    let mut sides = vec![i64::from(examples)];
    match model.plan().input {
        InputShape::Image(image) => sides.extend(<[u32; 3]>::from(image).map(i64::from)),
        InputShape::Features(count) => sides.push(count.into()),
    }
    let batch = Tensor::f_zeros(sides, (Kind::Float, device))?;
    let pass = || -> Result<Duration, Error> {
        let since = Instant::now();
        drop(model.forward(&batch, false)?);
        if let Device::Cuda(index) = device {
            // Its work is only queued until then.
            Cuda::synchronize(i64::try_from(index).unwrap_or(0));
        }
        Ok(since.elapsed())
    };
    for _ in 0..WARM {
        pass()?;
    }
    let [most, least] = PASSES;
    let since = Instant::now();
    let mut times = Vec::with_capacity(most);
    while times.len() < most && (times.len() < least || since.elapsed() < LONG) {
        times.push(pass()?);
    }
    times.sort_unstable();
    Ok(1e3 * times[times.len() / 2].as_secs_f64())
}
