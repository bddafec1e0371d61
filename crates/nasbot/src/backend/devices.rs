//! Which devices there are, and how workers share them and the processor's cores.

use std::path::Path;
use std::{env, fs, thread};

use nn_train::job::Device;

use crate::error::Error;
use crate::settings::{Devices, PerDevice, Workers};

/// More GPUs than a machine has.
const MOST_GPUS: usize = 64;
/// Works on one GPU at the most, where their number is automatic.
const MOST_ON_GPU: usize = 16;

/// One place in which an evaluation can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// What a person calls the device.
    pub(super) name: String,
    /// What the worker is told: it sees one GPU at most, so that it is always the first.
    pub(super) device: Device,
    /// `CUDA_VISIBLE_DEVICES` for the worker.
    pub(super) visible: String,
    /// Processor threads for the worker.
    pub(super) threads: usize,
}

/// The slots that a description asks for, on this machine.
pub(super) fn slots(workers: &Workers) -> Result<Vec<Slot>, Error> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    plan(workers, &visible_gpus(), cores)
}

/// How workers share the processor of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnProcessor {
    /// Evaluations at once.
    pub workers: usize,
    /// Threads of each.
    pub threads: usize,
}

/// How workers share the processor, where all of them compute on it.
#[must_use]
pub fn on_processor(workers: &Workers) -> Option<OnProcessor> {
    let slots = slots(workers).ok()?;
    let is_processor = slots.iter().all(|slot| slot.device == Device::Cpu);
    let first = slots.first().filter(|_| is_processor)?;
    Some(OnProcessor {
        workers: slots.len(),
        threads: first.threads,
    })
}

/// Whether there is a GPU on this machine that may be used.
#[must_use]
pub fn sees_gpu() -> bool {
    !visible_gpus().is_empty()
}

fn plan(workers: &Workers, gpus: &[String], cores: usize) -> Result<Vec<Slot>, Error> {
    let devices = match &workers.devices {
        Devices::Listed(devices) => devices.clone(),
        Devices::Auto if gpus.is_empty() => vec![Device::Cpu],
        Devices::Auto => (0_u32..).map(Device::Cuda).take(gpus.len()).collect(),
    };
    let per_device = match workers.per_device {
        PerDevice::Number(number) => number,
        // A GPU needs a core for each process that it works for.
        PerDevice::Auto => {
            let share = (cores / devices.len().max(1)).max(1);
            let on_gpu = devices.iter().any(|device| *device != Device::Cpu);
            match workers.threads {
                _ if on_gpu => share.min(MOST_ON_GPU),
                threads => (share / threads.unwrap_or(1).max(1)).max(1),
            }
        }
    };
    let count = devices.len() * per_device;
    let threads = workers
        .threads
        .unwrap_or_else(|| (cores / count.max(1)).max(1));
    let mut slots = Vec::with_capacity(count);
    for device in devices {
        let (seen_as, visible) = match device {
            Device::Cpu => (Device::Cpu, String::new()),
            Device::Cuda(n) => (Device::Cuda(0), gpu(n, gpus)?),
        };
        for _ in 0..per_device {
            slots.push(Slot {
                name: device.to_string(),
                device: seen_as,
                visible: visible.clone(),
                threads,
            });
        }
    }
    Ok(slots)
}

fn gpu(n: u32, gpus: &[String]) -> Result<String, Error> {
    gpus.get(n as usize).cloned().ok_or_else(|| {
        Error::Device(match gpus {
            [] => format!("cuda:{n}: no GPU is visible here; use devices = [\"cpu\"] or \"auto\""),
            gpus => format!(
                "cuda:{n}: {} GPUs are visible here ({}), numbered from 0; CUDA_VISIBLE_DEVICES limits them",
                gpus.len(),
                gpus.join(", ")
            ),
        })
    })
}

/// The GPUs that may be used, as `CUDA_VISIBLE_DEVICES` names them: those of the listed ones that are there if it is
/// set, as on shared machines, otherwise all that the driver knows.
fn visible_gpus() -> Vec<String> {
    let there = Present::look();
    match env::var("CUDA_VISIBLE_DEVICES") {
        Ok(listed) => listed_gpus(&listed, &there),
        Err(_) => (0..there.count).map(|n| n.to_string()).collect(),
    }
}

/// The GPUs of this machine.
#[derive(Debug, Default)]
struct Present {
    count: usize,
    /// Their names as `GPU-…`, where the driver says them.
    names: Vec<String>,
}

impl Present {
    fn look() -> Self {
        let mut there = Self::default();
        let Ok(folders) = fs::read_dir("/proc/driver/nvidia/gpus") else {
            // Without the driver's folder, as in some containers, each GPU still has its device file.
            let file = |n: &usize| Path::new(&format!("/dev/nvidia{n}")).exists();
            there.count = (0..MOST_GPUS).take_while(file).count();
            if there.count == 0 && Path::new("/dev/dxg").exists() {
                there.count = 1;
            }
            return there;
        };
        for folder in folders.flatten() {
            there.count += 1;
            let text = fs::read_to_string(folder.path().join("information"));
            let name = text.ok().and_then(|text| {
                let line = text.lines().find_map(|line| line.strip_prefix("GPU UUID:"));
                line.map(|name| name.trim().to_owned())
            });
            there.names.extend(name);
        }
        there
    }

    /// Whether CUDA would find a device by this name: a number, the beginning of a GPU's name, or a part of one.
    fn has(&self, name: &str) -> bool {
        if let Ok(number) = name.parse::<usize>() {
            return number < self.count;
        }
        let is_gpu = name.starts_with("GPU-") && name.len() > 4;
        let is_known = self.names.is_empty() || self.names.iter().any(|n| n.starts_with(name));
        let is_part = name.starts_with("MIG-") && name.len() > 4;
        self.count > 0 && (is_part || (is_gpu && is_known))
    }
}

/// CUDA ignores everything from the first entry on that is no device, or that was listed before.
fn listed_gpus(listed: &str, there: &Present) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for entry in listed.split(',').map(str::trim) {
        if !there.has(entry) || found.iter().any(|known| known == entry) {
            break;
        }
        found.push(entry.to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(devices: Devices, per_device: usize) -> Workers {
        Workers {
            devices,
            per_device: match per_device {
                0 => PerDevice::Auto,
                number => PerDevice::Number(number),
            },
            timeout: None,
            threads: None,
            reuse: true,
            synchronous: false,
            give_up_after: 1,
            queue: None,
        }
    }

    #[test]
    fn workers_share_devices_and_cores() {
        let there = Present {
            count: 4,
            names: vec!["GPU-7c".to_owned()],
        };
        let gpus = listed_gpus("2,GPU-7,-1,3", &there);
        assert_eq!(gpus, ["2", "GPU-7"]);
        for (listed, seen) in [
            ("", 0),
            (" ", 0),
            ("-1", 0),
            ("NoDevFiles", 0),
            ("none", 0),
            ("void", 0),
            ("0", 1),
            ("0,0", 1),
            ("4", 0),
            ("GPU-deadbeef", 0),
            ("MIG-GPU-1/0/0", 1),
        ] {
            assert_eq!(listed_gpus(listed, &there).len(), seen, "{listed}");
            assert!(
                listed_gpus(listed, &Present::default()).is_empty(),
                "{listed}"
            );
        }
        let slots = plan(&workers(Devices::Auto, 2), &gpus, 8).unwrap();
        assert_eq!(slots.len(), 4);
        let last = slots.last().unwrap();
        assert_eq!(
            (last.name.as_str(), last.visible.as_str()),
            ("cuda:1", "GPU-7")
        );
        assert_eq!((last.device, last.threads), (Device::Cuda(0), 2));
    }

    #[test]
    fn the_processor_serves_where_no_gpu_is() {
        let slots = plan(&workers(Devices::Auto, 3), &[], 2).unwrap();
        assert_eq!(slots.len(), 3);
        assert!(
            slots
                .iter()
                .all(|slot| slot.device == Device::Cpu && slot.threads == 1)
        );
        let asked = workers(Devices::Listed(vec![Device::Cuda(1)]), 1);
        assert!(
            plan(&asked, &[], 2)
                .unwrap_err()
                .to_string()
                .contains("no GPU")
        );
        let error = plan(&asked, &["5".into()], 2).unwrap_err();
        assert!(error.to_string().contains("1 GPUs are visible"), "{error}");
    }
    #[test]
    fn an_automatic_number_is_that_of_the_cores_or_has_a_core_for_each() {
        let number = |devices, gpus: &[String], cores, threads| {
            let workers = Workers {
                threads,
                ..workers(devices, 0)
            };
            let slots = plan(&workers, gpus, cores).unwrap();
            (slots.len(), slots[0].threads)
        };
        assert_eq!(number(Devices::Auto, &[], 6, None), (6, 1));
        assert_eq!(number(Devices::Auto, &[], 6, Some(2)), (3, 2));
        assert_eq!(number(Devices::Auto, &[], 1, Some(2)), (1, 2));
        let gpus = ["0".to_owned(), "1".to_owned()];
        assert_eq!(number(Devices::Auto, &gpus, 8, None), (8, 1));
        assert_eq!(number(Devices::Auto, &gpus, 128, None), (32, 4));
    }
}
