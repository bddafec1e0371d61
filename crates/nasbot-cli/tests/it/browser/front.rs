//! The Pareto front of a report in a browser.

use serde_json::{Value, json};

use super::driver::Browser;
use crate::support::Folder;

/// A figure whose name looks like HTML.
const HOSTILE: &str = "<img src=x onerror=window.hacked=1>";

/// Score, a cost that grows with it, and a third figure of another order; a bound that some evaluations break.
fn study(folder: &Folder) {
    folder.script(
        "objective",
        "#!/bin/sh\nn=$(cksum | cut -c1-2)\n\
         echo '{\"score\": 0.'$n', \"latency-ms\": '$((n / 2 + n % 7))', \"<img src=x onerror=window.hacked=1>\": '$((n % 11))'}'\n",
    );
    let command = serde_json::to_string(&[folder.path("objective")]).unwrap();
    folder.write(
        "search.toml",
        &format!(
            "[space]\nkind = \"mlp-class\"\nmax-layers = 8\n[budget]\nevaluations = 24\n\
             [[objective]]\nname = \"score\"\n[[objective]]\nname = \"latency-ms\"\n\
             [[objective]]\nname = \"{HOSTILE}\"\ngoal = \"minimise\"\n\
             [[constraint]]\nname = \"latency-ms\"\nat-most = 40\n\
             [workers]\nbackend = \"command\"\ncommand = {command}\ndevices = [\"cpu\"]\n"
        ),
    );
    folder.run(&["search", "search.toml", "-q"]).ok();
}

/// The figures of an evaluation such that more is better, where it keeps to the bound.
fn oriented(evaluation: &Value) -> Option<[f64; 3]> {
    let figure = |name: &str| evaluation["metrics"][name].as_f64();
    let latency = figure("latency-ms").filter(|&latency| latency <= 40.0)?;
    Some([evaluation["score"].as_f64()?, -latency, -figure(HOSTILE)?])
}

#[test]
fn browser_shows_the_front() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = Folder::new();
    study(&folder);
    let all = folder.evaluations();
    let points: Vec<[f64; 3]> = all.iter().filter_map(oriented).collect();
    let is_beaten = |p: &[f64; 3]| {
        let pairs = |q: &[f64; 3]| q.iter().copied().zip(*p).collect::<Vec<_>>();
        let beats = |q: &[f64; 3]| {
            pairs(q).iter().all(|(q, p)| q >= p) && pairs(q).iter().any(|(q, p)| q > p)
        };
        points.iter().any(beats)
    };
    let on = points.iter().filter(|point| !is_beaten(point)).count();
    let broken = all.len() - points.len();
    assert!(on > 1 && on < points.len() && broken > 0, "{on} {broken}");

    folder
        .run(&["report", "search.nasbot.db", "-o", "page.html"])
        .ok();
    browser.open(&format!("file://{}", folder.path("page.html").display()));
    browser.assert_quiet();
    let count = |what: &str| {
        let script = format!("return document.querySelectorAll('#front {what}').length");
        browser.script(&script)
    };
    assert_eq!(count(".points .point.top"), json!(on));
    assert_eq!(count(".points .point.out"), json!(broken));
    assert_eq!(count(".points > *"), json!(all.len()));

    // A point says its figures, and opens.
    browser.point("#front .point.top", false);
    browser.wait_for("!document.getElementById('tip').hidden");
    let tip = browser.script("return document.getElementById('tip').textContent");
    let tip = tip.as_str().unwrap();
    for part in ["on the front", "score", "latency-ms", HOSTILE] {
        assert!(tip.contains(part), "{tip}");
    }
    browser.point("#front .point.top", true);
    browser.wait_for("document.querySelector('dialog').open");
    browser.script("document.querySelector('dialog').close()");

    // Other axes, and the table.
    browser.script(
        "const up = document.querySelector('[data-key=up]'); up.value = '2'; up.dispatchEvent(new Event('change'))",
    );
    browser.wait_for("document.querySelector('#front svg').textContent.includes('onerror')");
    browser.script("document.querySelectorAll('#front details').forEach(d => d.open = true)");
    browser.wait_for(&format!(
        "document.querySelectorAll('#front tbody tr').length === {on}"
    ));
    assert_eq!(count(".points > *"), json!(all.len()));
    assert_eq!(browser.script("return window.hacked"), json!(null));
    browser.assert_quiet();
}
