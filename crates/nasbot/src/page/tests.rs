//! Histories as studies record them, and what the page makes of them.

use std::path::Path;

use serde_json::{Value, json};

use super::chosen::chosen;
use super::fold::{Folded, Span, SpanEnd};
use super::{Map, Page, StudyData, html};
use crate::study::{Event, Place, Stamped};

/// A study whose events come one a second.
fn folded(events: &[Value]) -> Folded {
    let mut folded = Folded::new(Place::of(Path::new("a.nasbot.db")));
    let stamped: Vec<Stamped> = (events.iter().enumerate())
        .map(|(second, event)| Stamped {
            at: 1e9 + second as f64,
            elapsed: Some(second as f64),
            event: Event::from_json(&event.to_string()).unwrap(),
        })
        .collect();
    folded.extend(&stamped);
    folded
}

fn opened() -> Value {
    json!({"event": "opened", "pid": 1, "workers": 2, "evaluations": 9})
}

fn queued(id: u64) -> Value {
    let network = json!({
        "kind": "mlp-reg",
        "layers": [{"op": "ip"}, {"op": "relu", "units": 8 + id}, {"op": "linear"}, {"op": "op"}],
        "edges": [[0, 1], [1, 2], [2, 3]],
    });
    json!({"event": "queued", "seconds": 0.1, "suggestion": {
        "id": id, "candidate": network, "seed": id, "origin": {"kind": "initial"},
    }})
}

fn started(id: u64, slot: usize) -> Value {
    json!({"event": "started", "id": id, "slot": slot, "device": "cpu"})
}

fn epoch(id: u64, epoch: u32) -> Value {
    json!({"event": "progress", "id": id, "epoch": epoch, "epochs": 9, "loss": 0.5, "score": 0.1 * f64::from(epoch)})
}

fn finished(id: u64, score: f64) -> Value {
    json!({"event": "finished", "id": id, "outcome": {"score": score}})
}

#[test]
fn stretches_of_time_end_with_their_evaluation_or_their_session() {
    let folded = folded(&[
        opened(),
        queued(0),
        started(0, 0),
        queued(1),
        started(1, 1),
        epoch(0, 1),
        finished(0, 0.5),
        // The search was killed, and goes on from the epoch that was kept.
        opened(),
        started(1, 0),
        epoch(1, 1),
        epoch(1, 2),
        epoch(1, 3),
        epoch(1, 2),
    ]);
    let span = |lane, id, from, until, end| Span {
        lane,
        id,
        from,
        until,
        end,
    };
    assert_eq!(folded.lanes, ["cpu · 0", "cpu · 1"]);
    let first = span(0, 0, 2.0, 6.0, SpanEnd::Scored);
    assert_eq!(
        folded.spans,
        [first, span(1, 1, 4.0, 6.0, SpanEnd::Stopped)]
    );
    assert_eq!(folded.open.get(&1).map(|open| open.0), Some(0));
    let epochs: Vec<u32> = folded.curves[1]
        .points()
        .iter()
        .map(|epoch| epoch.epoch)
        .collect();
    assert_eq!(epochs, [1, 2]);
    assert_eq!(folded.ends[0], Some(6.0));
}

#[test]
fn of_a_large_study_the_best_the_leaders_and_the_last_are_chosen() {
    let mut events = vec![opened()];
    // Scores in a mixed order; 500 is the best.
    let score = |id: u64| {
        f64::from(u32::try_from(id * 7919 % 1009).unwrap()) + if id == 500 { 5000.0 } else { 0.0 }
    };
    for id in 0..2000 {
        events.extend([queued(id), finished(id, score(id))]);
    }
    let folded = folded(&events);
    let ids = chosen(&folded.ledger, 100);
    assert!(ids.len() <= 100 && ids.len() > 90, "{}", ids.len());
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(ids.contains(&500) && ids.contains(&1999) && ids.contains(&0));
    assert_eq!(chosen(&folded.ledger, 2000).len(), 2000);

    let mapped = chosen(&folded.ledger, 50).len();
    assert!(mapped > 40);
    let data = StudyData::new(&folded, None, Map::new(&folded, 50), Some(100));
    let page = html(&Page::new(&[data], 0.0, None)).unwrap();
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let data: Value = serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
    let study = &data["studies"][0];
    let count = |of: &Value| of.as_array().map_or(0, Vec::len);
    assert_eq!(study["details"].as_object().unwrap().len(), ids.len());
    assert_eq!(count(&study["evaluations_shown"]), 2000);
    assert_eq!(
        (count(&study["map"]["points"]), &study["map"]["of"]),
        (mapped, &json!(2000))
    );
    assert_eq!(
        (&study["best"], &study["count"]),
        (&json!(500), &json!(2000))
    );
}

#[test]
fn of_several_objectives_a_loss_has_its_own_sign_and_what_breaks_a_bound_is_marked() {
    let aims = json!({
        "objectives": [{"name": "score", "goal": "maximise"}, {"name": "cost", "goal": "minimise"}],
        "constraints": [{"name": "cost", "goal": "minimise", "bound": 5.0}],
    });
    let created = json!({
        "event": "created", "seed": 1, "evaluations": 4, "version": "0", "metric": "rmse", "aims": aims,
        "description": {"text": "", "path": "", "folder": ""},
    });
    let done = |id: u64, score: f64, cost: f64| {
        let mut done = finished(id, score);
        done["detail"] = json!({"metrics": {"cost": cost}});
        done
    };
    let folded = folded(&[
        created,
        opened(),
        queued(0),
        queued(1),
        queued(2),
        queued(3),
        done(0, -2.0, 1.0),
        done(1, -1.0, 3.0),
        done(2, -2.5, 3.0),
        done(3, -0.5, 7.0),
    ]);
    let data = serde_json::to_value(StudyData::new(&folded, None, None, None)).unwrap();
    let front = &data["front"];
    assert_eq!(front["on"], json!([1, 0]));
    assert_eq!(front["objectives"][0]["minimise"], json!(true));
    assert_eq!(front["objectives"][1]["title"], json!("cost"));
    let shown = data["evaluations_shown"].as_array().unwrap();
    let part = |key: &str| -> Vec<Value> { shown.iter().map(|e| e[key].clone()).collect() };
    assert_eq!(
        part("aims"),
        [[2.0, 1.0], [1.0, 3.0], [2.5, 3.0], [0.5, 7.0]].map(|pair| json!(pair))
    );
    let out = [Value::Null, Value::Null, Value::Null, json!(true)];
    assert_eq!(part("out"), out);
}
