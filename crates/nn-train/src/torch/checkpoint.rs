//! A training that stops and goes on later: its state as a safetensors file.
//!
//! The file holds the parameters, the batch norms' running moments, the optimiser's vectors, a few numbers, and the job
//! that it belongs to, so that it is never taken for another's. The orders of the batches and what augmentation draws
//! are functions of the seed and the epoch and need no room.

use std::collections::BTreeMap;
use std::path::Path;

use tch::{Device, Tensor, no_grad};

use super::model::Model;
use super::optimiser::Stepper;
use super::weights::write;
use crate::Error;
use crate::job::{Final, Job};

/// How far a training has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reached {
    /// Epochs done.
    pub(super) epochs: u32,
    /// Mean training loss of the last of them.
    pub(super) loss: f64,
    /// Wall-clock time that they took, seconds.
    pub(super) seconds: f64,
}

/// Version of what a training's bits follow from. It stands in the place of that of the messages, so that states are found again by
/// workers of later versions.
const BITS: u32 = 2;

/// What a training's bits depend on, as text: the job without what differs from part to part.
pub(super) fn owner(job: &Job) -> Result<String, Error> {
    Job {
        protocol: BITS,
        evaluation: 0,
        device: crate::job::Device::Cpu,
        save: None,
        stage: None,
        stay: false,
        leave: None,
        finally: (job.finally.clone()).map(|last| Final { keep: None, ..last }),
        ..job.clone()
    }
    .to_line()
}

/// Writes the state; an interrupted worker leaves the one before.
pub(super) fn save(
    path: &Path,
    owner: &str,
    model: &Model,
    stepper: &Stepper,
    reached: Reached,
) -> Result<(), Error> {
    let (vectors, steps) = stepper.state();
    let numbers = [
        f64::from(reached.epochs),
        reached.loss,
        reached.seconds,
        f64::from(steps),
    ];
    let mut named: Vec<(String, Tensor)> = vec![
        ("owner".into(), Tensor::f_from_slice(owner.as_bytes())?),
        ("numbers".into(), Tensor::f_from_slice(&numbers)?),
    ];
    let host = |tensor: &Tensor| tensor.detach().f_to_device(Device::Cpu);
    for (name, tensor) in vectors {
        named.push((name.into(), host(tensor)?));
    }
    for (name, tensor) in model.state() {
        named.push((name, host(tensor)?));
    }
    write(&named, None, path)
}

/// Takes the state over from a file; `None` if there is none.
pub(super) fn load(
    path: &Path,
    owner: &str,
    model: &mut Model,
    stepper: &mut Stepper,
) -> Result<Option<Reached>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let wrong = |what: &str| Error::Format {
        path: path.into(),
        message: format!("{what}: remove the file, and the training starts anew"),
    };
    let found: BTreeMap<String, Tensor> = Tensor::read_safetensors(path)
        .map_err(|error| wrong(&format!("is no checkpoint ({error})")))?
        .into_iter()
        .collect();
    let get = |name: &str| {
        (found.get(name)).ok_or_else(|| wrong(&format!("is no checkpoint, it has no {name}")))
    };
    if Vec::<u8>::try_from(get("owner")?)? != owner.as_bytes() {
        return Err(wrong("is the checkpoint of another training"));
    }
    let numbers = Vec::<f64>::try_from(get("numbers")?)?;
    let &[epochs, loss, seconds, steps] = numbers.as_slice() else {
        return Err(wrong("is no checkpoint, its numbers are not four"));
    };
    let copy = |name: &str, to: &mut Tensor| -> Result<(), Error> {
        let from = get(name)?;
        if from.size() != to.size() {
            return Err(wrong(&format!("has another shape of {name}")));
        }
        no_grad(|| to.f_copy_(from))?;
        Ok(())
    };
    for (name, tensor) in model.state_mut() {
        copy(&name, tensor)?;
    }
    stepper.restore(steps as i32, copy)?;
    Ok(Some(Reached {
        epochs: epochs as u32,
        loss,
        seconds,
    }))
}
