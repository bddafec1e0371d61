//! The lines between a search and its workers: what is accepted can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_train::job::{Event, Job};

fuzz_target!(|line: &str| {
    if let Ok(job) = Job::from_line(line) {
        let line = job.to_line().expect("a job that was read can be written");
        assert!(Job::from_line(&line).expect("what was written can be read") == job);
    }
    if let Ok(event) = Event::from_line(line) {
        let line = event.to_line().expect("an event that was read can be written");
        assert!(Event::from_line(&line).expect("what was written can be read") == event);
    }
});
