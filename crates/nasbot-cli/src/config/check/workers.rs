//! Checks of `[workers]`: devices and how many share one.

use nasbot::settings::{Devices, Workers};
use nn_train::job::Device;

use super::super::diagnostic::Problems;
use super::super::raw::{RawDevices, RawWorkers};

/// More workers a device than make sense.
const MOST_PER_DEVICE: usize = 256;
/// Failures in a row after which a search gives up, unless told otherwise.
const GIVE_UP_AFTER: usize = 20;

pub(super) fn workers(raw: &RawWorkers, problems: &mut Problems<'_>) -> Workers {
    let listed = match &raw.devices {
        None => None,
        Some(RawDevices::One(name)) if name == "auto" => None,
        Some(RawDevices::One(name)) => Some(vec![name.clone()]),
        Some(RawDevices::Many(names)) => Some(names.clone()),
    };
    if listed.as_ref().is_some_and(Vec::is_empty) {
        problems.add(
            "workers.devices",
            "no device is listed",
            "\"auto\" takes what is there",
        );
    }
    let devices = listed.map_or(Devices::Auto, |names| {
        let mut devices: Vec<Device> = Vec::new();
        for name in names {
            match name.parse() {
                Ok(device) if devices.contains(&device) => problems.add(
                    "workers.devices",
                    format!("{name} is listed twice"),
                    "several workers on one device: per-device = 2",
                ),
                Ok(device) => devices.push(device),
                Err(error) => {
                    let error: nn_train::Error = error;
                    problems.add("workers.devices", error.to_string(), "");
                }
            }
        }
        Devices::Listed(devices)
    });
    let per_device = raw.per_device.unwrap_or(1);
    if !(1..=MOST_PER_DEVICE).contains(&per_device) {
        let message = format!("per-device is {per_device}, it must be from 1 to {MOST_PER_DEVICE}");
        problems.add("workers.per-device", message, "");
    }
    for (key, value) in [
        ("threads", raw.threads),
        ("give-up-after", raw.give_up_after),
    ] {
        if value == Some(0) {
            let path = format!("workers.{key}");
            problems.add(&path, format!("{key} is 0, it must be at least 1"), "");
        }
    }
    Workers {
        devices,
        per_device,
        timeout: raw.timeout.map(|span| span.0),
        threads: raw.threads,
        reuse: raw.reuse.unwrap_or(true),
        synchronous: raw.synchronous,
        give_up_after: raw.give_up_after.unwrap_or(GIVE_UP_AFTER),
        queue: None,
    }
}
