//! What memory there is where a training runs, and whose fault a lack of it is: the network's, or that of others on the same card.

use std::fs;

use super::allocator::{self, DeviceMemory};
use crate::Error;
use crate::job::{Device, Event};

/// The share of a card's memory that a training can have if it is alone: drivers and libraries have the rest.
const MOST: f64 = 0.9;

/// What CUDA and its libraries take on a card for a process beside libtorch's own memory: contexts, kernels, handles.
const CONTEXT: u64 = 800 << 20;

/// What memory there is; `None` where the system does not say.
pub(super) fn memory(device: Device) -> Option<Event> {
    let (DeviceMemory { free, all }, own) = match device {
        Device::Cpu => host()?,
        Device::Cuda(index) => {
            let card = allocator::cuda(index as usize)?;
            let (_, reserved) = allocator::cuda_held(index as usize)?;
            (card, reserved.saturating_add(CONTEXT))
        }
    };
    Some(Event::Memory { free, all, own })
}

/// The memory of this machine, or of the group of processes that it is limited for, and this process's share.
fn host() -> Option<(DeviceMemory, u64)> {
    let own = figure("/proc/self/status", "VmRSS:")?;
    let all = figure("/proc/meminfo", "MemTotal:")?;
    let free = figure("/proc/meminfo", "MemAvailable:")?;
    let group = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok();
    let number = |text: Option<String>| -> Option<u64> { text?.trim().parse().ok() };
    let memory = match (number(group("memory.max")), number(group("memory.current"))) {
        (Some(limit), Some(used)) if limit < all => {
            // Files that were read are kept as long as nothing needs their room.
            let stat = group("memory.stat");
            let kept = stat.as_deref().and_then(kept_files);
            let used = used.saturating_sub(kept.unwrap_or(0));
            DeviceMemory {
                free: free.min(limit.saturating_sub(used)),
                all: limit,
            }
        }
        _ => DeviceMemory { free, all },
    };
    Some((memory, own))
}

/// Bytes of files that a group of processes has read and does not use, by its statistics.
fn kept_files(stat: &str) -> Option<u64> {
    let mut lines = stat.lines();
    lines
        .find_map(|line| line.strip_prefix("inactive_file "))?
        .trim()
        .parse()
        .ok()
}

/// Bytes that a file of the system has under a name, in kilobytes.
fn figure(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// A lack of memory as what it is, for a training that needs so many bytes: [`Error::NoRoom`] where others have what it lacked.
pub(super) fn explained(error: Error, needed: Option<u64>, device: Device) -> Error {
    let (Error::OutOfMemory { message }, Some(needed), Device::Cuda(index)) =
        (&error, needed, device)
    else {
        return error;
    };
    let Some(memory) = allocator::cuda(index as usize) else {
        return error;
    };
    // Without its own share, all that is not free is others'.
    let own = allocator::cuda_held(index as usize).map_or(0, |(_, reserved)| reserved);
    match others(needed, memory, own) {
        Some(others) => Error::NoRoom {
            message: format!(
                "the training needs {} MB of the {} MB of {device}, of which others have {} MB: {message}",
                needed >> 20,
                memory.all >> 20,
                others >> 20
            ),
        },
        None => error,
    }
}

/// What others have of a card, if the training would fit without them and does not with them; `own` is what this process has of it.
fn others(needed: u64, memory: DeviceMemory, own: u64) -> Option<u64> {
    let room = memory.free.saturating_add(own).min(memory.all);
    let fits_alone = needed as f64 <= MOST * memory.all as f64;
    (fits_alone && needed > room).then(|| memory.all - room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_kept_are_found_in_a_group_s_statistics() {
        let stat =
            "anon 4096\nfile 20480\ninactive_anon 1\nactive_file 8192\ninactive_file 12288\n";
        assert_eq!(kept_files(stat), Some(12_288));
        assert_eq!(kept_files("anon 1\n"), None);
    }

    #[test]
    fn the_processors_memory_is_told() {
        let Some(Event::Memory { free, all, own }) = memory(Device::Cpu) else {
            panic!("Linux says what there is");
        };
        assert!(
            own > 1 << 20 && own < all && free <= all,
            "{free} {all} {own}"
        );
        let more = vec![1_u8; 256 << 20];
        let Some(Event::Memory { own: now, .. }) = memory(Device::Cpu) else {
            panic!("Linux says what there is");
        };
        let grown = now.saturating_sub(own) >> 20;
        assert!(
            more[17] == 1 && (200..400).contains(&grown),
            "{grown} MB more"
        );
    }

    #[test]
    fn a_neighbour_is_to_blame_where_a_training_would_fit_without_it() {
        let memory = |free| DeviceMemory { free, all: 1000 };
        // A neighbour has 700 of 1000.
        assert_eq!(others(500, memory(100), 200), Some(700));
        // It fits beside the neighbour: something else went wrong.
        assert_eq!(others(250, memory(100), 200), None);
        // It would not fit alone either.
        assert_eq!(others(950, memory(100), 200), None);
        // No neighbour.
        assert_eq!(others(850, memory(0), 1000), None);
        let error = || Error::OutOfMemory {
            message: "no".into(),
        };
        let same = explained(error(), Some(1), Device::Cpu);
        assert!(matches!(same, Error::OutOfMemory { .. }));
        // A worker without a card says what it said.
        let same = explained(error(), Some(1), Device::Cuda(0));
        assert!(matches!(same, Error::OutOfMemory { .. }) || tch::Cuda::is_available());
    }
}
