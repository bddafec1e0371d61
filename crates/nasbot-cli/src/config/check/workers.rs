//! Checks of `[workers]`: devices and how many share one.

use nasbot::settings::{Devices, PerDevice, Workers};
use nn_train::job::Device;

use super::super::diagnostic::Problems;
use super::super::raw::{RawBackend, RawDevices, RawPerDevice, RawWorkers};

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
    let per_device = per_device(raw, problems);
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

fn per_device(raw: &RawWorkers, problems: &mut Problems<'_>) -> PerDevice {
    const KEY: &str = "workers.per-device";
    let number = match &raw.per_device {
        None => 1,
        Some(RawPerDevice::Number(number)) => *number,
        Some(RawPerDevice::Word(word)) if word == "auto" => {
            if raw.synchronous {
                let message = "per-device = \"auto\" lets time decide how many evaluations run, and synchronous = true rules that out";
                problems.add(KEY, message, "a batch has a number: per-device = 2");
            }
            // A queue has an error of its own.
            if !raw.is_queue() && raw.backend != RawBackend::Local {
                let message =
                    "per-device = \"auto\" is for workers of ours, which say what memory they have";
                problems.add(
                    KEY,
                    message,
                    "give the number of evaluations at once: per-device = 2",
                );
            }
            return PerDevice::Auto;
        }
        Some(RawPerDevice::Word(word)) => {
            let message = format!("per-device is \"{word}\", it must be a number or \"auto\"");
            problems.add(KEY, message, "");
            return PerDevice::Auto;
        }
    };
    if !(1..=MOST_PER_DEVICE).contains(&number) {
        let message = format!("per-device is {number}, it must be from 1 to {MOST_PER_DEVICE}");
        problems.add(KEY, message, "");
    }
    PerDevice::Number(number)
}
