//! What the display draws of a fixed state, on terminals of 80 and of 200 columns.

use indicatif::InMemoryTerm;
use nasbot::study::Stamped;
use serde_json::{Value, json};

use super::*;

/// A search of twelve networks: one has a score, two failed, one trains, one has just begun.
fn events() -> Vec<Stamped> {
    let network = |units: u32| {
        json!({"kind": "cnn", "layers": [{"op": "ip"}, {"op": "conv3", "units": units, "stride": 1}, {"op": "max-pool"},
            {"op": "conv3", "units": 2 * units, "stride": 1}, {"op": "max-pool"}, {"op": "conv5", "units": 9, "stride": 1},
            {"op": "fc", "units": 32}, {"op": "softmax"}, {"op": "op"}],
            "edges": [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 7], [7, 8]]})
    };
    let queued = |id: u32| json!({"event": "queued", "suggestion": {"id": id, "candidate": network(8 + id), "seed": id, "origin": {"kind": "initial"}}, "seconds": 0.0});
    let started = |id: u32, slot: u32, device: &str| json!({"event": "started", "id": id, "slot": slot, "device": device});
    let progress = |id: u32, epoch: u32, score: f64| json!({"event": "progress", "id": id, "epoch": epoch, "epochs": 12, "loss": 1.0 / f64::from(epoch), "score": score});
    let failed = |id: u32, message: &str| json!({"event": "finished", "id": id, "outcome": {"failed": "out-of-memory"}, "detail": {"metrics": {}, "seconds": 2.0, "message": message}});
    let mut events = vec![
        (
            0.0,
            json!({"event": "created", "description": {"text": "", "path": "s.toml", "folder": "/"}, "seed": 1, "evaluations": 12,
            "version": "0.1.0", "metric": "accuracy"}),
        ),
        (
            0.0,
            json!({"event": "opened", "pid": 1, "workers": 2, "evaluations": 12, "wall_time": 3600.0}),
        ),
    ];
    let mut add = |at: f64, event: Value| events.push((at, event));
    for id in 0..5 {
        add(0.0, queued(id));
    }
    add(0.0, started(0, 0, "cuda:0"));
    add(0.0, started(1, 1, "cuda:1"));
    add(8.0, progress(0, 12, 0.9875));
    add(
        10.0,
        json!({"event": "finished", "id": 0, "outcome": {"score": 0.9875}, "detail": {"metrics": {"accuracy": 0.9875}, "seconds": 10.0}}),
    );
    add(12.0, failed(1, "it needs 812 MB"));
    add(12.0, started(2, 0, "cuda:0"));
    add(15.0, failed(2, "it needs 9 MB"));
    add(15.0, started(3, 0, "cuda:0"));
    add(16.0, started(4, 1, "cuda:1\u{202e}\u{1b}[31m"));
    for epoch in 1..8 {
        add(
            16.0 + f64::from(epoch),
            progress(3, epoch, 1.0 - 1.0 / f64::from(1 + epoch)),
        );
    }
    let stamped = |(at, event): (f64, Value)| {
        let event = Event::from_json(&event.to_string()).unwrap();
        Stamped {
            at: 1.8e9 + at,
            elapsed: Some(at),
            event,
        }
    };
    events.into_iter().map(stamped).collect()
}

/// What is on a screen of so many columns after the events, times that a clock counts as `#`.
fn drawn(columns: u16) -> String {
    let screen = InMemoryTerm::new(20, columns);
    let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
    let mut live = Live::on(target, columns.into());
    let mut ledger = Ledger::default();
    for stamped in events() {
        ledger.apply(&stamped);
        live.update(&stamped.event, &ledger);
    }
    // What comes quickly is not drawn at once: a pause lets the last drawing have everything.
    std::thread::sleep(2 * REFRESH);
    live.bar.tick();
    live.workers.iter().for_each(|worker| worker.line.tick());
    let lines = screen.contents();
    lines.lines().map(masked).collect::<Vec<_>>().join("\n")
}

/// A line without the clocks that count while it is drawn.
fn masked(line: &str) -> String {
    let is_clock =
        |word: &str| word.starts_with('[') || word.trim_end_matches('s').parse::<u32>().is_ok();
    let rest = line.trim_start();
    match rest.split_once(' ') {
        Some((word, text)) if is_clock(word) && !text.starts_with("failed") => {
            let indent = &line[..line.len() - rest.len()];
            let digits = word.replace(|c: char| c.is_ascii_digit(), "#");
            format!("{indent}{digits} {text}")
        }
        _ => line.to_owned(),
    }
}

#[test]
fn a_display_of_80_columns() {
    let screen = drawn(80);
    assert!(screen.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!("display_80", screen);
}

#[test]
fn a_display_of_200_columns() {
    insta::assert_snapshot!("display_200", drawn(200));
}
