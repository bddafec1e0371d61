//! What a program's last line, or its end without one, says about an evaluation.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use nasbot_opt::{Failure, Outcome};
use nix::libc::{SIGHUP, SIGINT, SIGKILL, SIGTERM};
use serde::Deserialize;
use serde_json::Value;

use super::End;
use super::log::{end_of, tail};
use crate::report::human;
use crate::study::Detail;

/// No message is longer than this, in bytes.
const LONGEST_MESSAGE: usize = 4000;
/// How much of an answer that is none is quoted.
const QUOTED: usize = 200;

/// A failed evaluation with its reason.
pub(super) fn failed(failure: Failure, message: impl Into<String>, seconds: f64) -> End {
    let detail = Detail {
        message: Some(end_of(&message.into(), LONGEST_MESSAGE)),
        seconds,
        ..Detail::default()
    };
    End::Done(Outcome::Failed(failure), detail)
}

/// An evaluation with a score; one that is no finite number is a divergence.
pub(super) fn scored(score: f64, detail: Detail) -> End {
    if score.is_finite() {
        return End::Done(Outcome::scored(score), detail);
    }
    let detail = Detail {
        message: Some(format!("the score is {score}")),
        ..detail
    };
    End::Done(Outcome::Failed(Failure::Diverged), detail)
}

/// An evaluation that took too long.
pub(super) fn timed_out(timeout: Option<Duration>, seconds: f64) -> End {
    let limit = timeout.map_or_else(|| "its limit".to_owned(), human);
    failed(
        Failure::TimedOut,
        format!("it took longer than workers.timeout = {limit}"),
        seconds,
    )
}

/// What the last line of a program says. An answer is an answer, however the program ends after it.
pub(super) fn of_line(last: &str, status: ExitStatus, log: &Path, seconds: f64) -> End {
    match parse(last) {
        Some(Ok(Answer {
            score: Some(score),
            metrics,
            message,
            ..
        })) => {
            let afterwards = (!status.success()).then(|| how(status));
            let notes: Vec<String> = message
                .map(|message| end_of(&message, LONGEST_MESSAGE))
                .into_iter()
                .chain(afterwards.map(|how| format!("after its answer {how}")))
                .collect();
            let detail = Detail {
                metrics,
                seconds,
                parameters: None,
                members: Vec::new(),
                breakdown: None,
                worker: None,
                message: (!notes.is_empty()).then(|| notes.join("; ")),
            };
            scored(score, detail)
        }
        Some(Ok(Answer {
            failed: Some(failure),
            message,
            ..
        })) => {
            let message = message.unwrap_or_else(|| "the program gave no reason".to_owned());
            failed(failure, message, seconds)
        }
        // It goes on another time: this says nothing about the network.
        Some(Ok(Answer { paused: true, .. })) => End::Stopped,
        // A program that ended badly is described by its end, not by what it printed last.
        _ if !status.success() => no_answer(status, log, seconds),
        _ if last.is_empty() => End::Broken {
            message: format!(
                "the program printed nothing, but must print {EXPECTED} as its last line; {}",
                describe(status, log)
            ),
            seconds,
        },
        Some(Ok(_)) => broken(last, "it must have a score, a loss or failed", seconds),
        Some(Err(error)) => broken(last, &error, seconds),
        None => broken(last, "it is no JSON object", seconds),
    }
}

fn broken(last: &str, why: &str, seconds: f64) -> End {
    let shown = end_of(last, QUOTED);
    let message = format!("the last line of output must be {EXPECTED}, but is '{shown}' ({why})");
    End::Broken { message, seconds }
}

/// What a program must print last.
const EXPECTED: &str = "{\"score\":NUMBER} or {\"loss\":NUMBER}";

/// What a program prints last.
struct Answer {
    score: Option<f64>,
    metrics: BTreeMap<String, f64>,
    failed: Option<Failure>,
    message: Option<String>,
    paused: bool,
}

/// Reads an answer; `None` of what is no JSON object. Further figures may stand in `metrics` or beside the score.
fn parse(line: &str) -> Option<Result<Answer, String>> {
    if !line.starts_with('{') {
        return None;
    }
    let fields: BTreeMap<String, Value> = match serde_json::from_str(&as_json(line)) {
        Ok(fields) => fields,
        Err(error) => return Some(Err(error.to_string())),
    };
    Some(answer(fields))
}

fn answer(fields: BTreeMap<String, Value>) -> Result<Answer, String> {
    let mut out = Answer {
        score: None,
        metrics: BTreeMap::new(),
        failed: None,
        message: None,
        paused: false,
    };
    let loss = fields.get("loss").filter(|loss| !loss.is_null()).cloned();
    for (name, value) in fields {
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("score", value) => {
                let score = number(&value);
                out.score = Some(score.ok_or_else(|| format!("the score is {value}, no number"))?);
            }
            ("failed", value) => {
                let failure = Failure::deserialize(&value);
                out.failed = Some(failure.map_err(|error| format!("failed: {error}"))?);
            }
            ("paused", Value::Bool(paused)) => out.paused = paused,
            ("message", Value::String(message)) => out.message = Some(message),
            ("metrics", Value::Object(metrics)) => {
                let figures = metrics.into_iter();
                // A figure that is no number serves no report; the score counts all the same.
                out.metrics.extend(figures.filter_map(|(name, value)| {
                    number(&value).filter(|n| n.is_finite()).map(|n| (name, n))
                }));
            }
            (_, value) => {
                if let Some(figure) = number(&value).filter(|n| n.is_finite()) {
                    out.metrics.insert(name, figure);
                }
            }
        }
    }
    if let (None, None, Some(loss)) = (out.score, out.failed, loss) {
        // What is searched for is the highest score.
        let loss = number(&loss).ok_or_else(|| format!("the loss is {loss}, no number"))?;
        out.score = Some(-loss);
    }
    Ok(out)
}

/// A number, or the text of one: what is not finite can only be written as text.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if NOT_FINITE.contains(&text.as_str()) => text.parse().ok(),
        _ => None,
    }
}

/// What programs write for numbers that are not finite.
const NOT_FINITE: [&str; 6] = ["NaN", "Infinity", "-Infinity", "nan", "inf", "-inf"];

/// Python writes numbers that are not finite as words, which are no JSON: they become texts. Numbers beyond 64 bits, as
/// 1e400, become infinite.
fn as_json(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut is_text = false;
    let mut is_value = false;
    while let Some(c) = rest.chars().next() {
        if !is_text && is_value && !c.is_whitespace() {
            is_value = false;
            let end = rest.find([',', '}', ']', ' ']).unwrap_or(rest.len());
            let word = &rest[..end];
            let is_huge = word.parse::<f64>().is_ok_and(f64::is_infinite);
            if NOT_FINITE.contains(&word) || (is_huge && c != '"') {
                let sign = if word.starts_with('-') { "-" } else { "" };
                let word = if is_huge {
                    format!("{sign}inf")
                } else {
                    word.to_owned()
                };
                out.push_str(&format!("\"{word}\""));
                rest = &rest[end..];
                continue;
            }
        }
        if is_text && c == '\\' {
            let mut pair = rest.char_indices().skip(2).map(|(at, _)| at);
            let end = pair.next().unwrap_or(rest.len());
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        if c == '"' {
            is_text = !is_text;
        }
        is_value = is_value && c.is_whitespace() || (!is_text && c == ':');
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// What shells and dynamic loaders end with when a program, or a library that it needs, can't be run or found.
const CANNOT_RUN: [i32; 2] = [126, 127];

/// A process that died, or ended without an answer. One that could not even be run would fail for every network.
pub(super) fn no_answer(status: ExitStatus, log: &Path, seconds: f64) -> End {
    if status.code().is_some_and(|code| CANNOT_RUN.contains(&code)) {
        return End::Unusable(format!(
            "the program cannot be run: {}",
            describe(status, log)
        ));
    }
    let failure = if killed_by(status) == Some(SIGKILL) {
        // We did not send it: almost always the kernel, out of memory.
        Failure::OutOfMemory
    } else {
        Failure::Crashed
    };
    failed(failure, describe(status, log), seconds)
}

/// Whether a process ended by a signal that asks for it.
pub(super) fn was_asked_to_end(status: ExitStatus) -> bool {
    killed_by(status).is_some_and(|signal| [SIGTERM, SIGINT, SIGHUP].contains(&signal))
}

/// The signal that ended a process; shells and guards report that of their child as 128 + the signal.
fn killed_by(status: ExitStatus) -> Option<i32> {
    let of_child = |code| (129..=192).contains(&code).then_some(code - 128);
    status.signal().or_else(|| status.code().and_then(of_child))
}

/// How a process ended, and the last that it wrote.
pub(super) fn describe(status: ExitStatus, log: &Path) -> String {
    let last = tail(log);
    if last.is_empty() {
        how(status)
    } else {
        format!(
            "{}; the last lines of {}:\n{last}",
            how(status),
            log.display()
        )
    }
}

fn how(status: ExitStatus) -> String {
    match (status.code(), killed_by(status)) {
        (_, Some(SIGKILL)) => {
            "it was killed by signal 9, most likely because memory ran out".to_owned()
        }
        (_, Some(signal)) => format!("it was killed by signal {signal}"),
        (Some(0), _) => "it ended without an answer".to_owned(),
        (Some(code), _) => format!("it ended with status {code}"),
        (None, None) => "it ended in an unknown way".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(line: &str, status: i32) -> End {
        let status = ExitStatus::from_raw(status);
        of_line(line, status, Path::new("/nonexistent"), 0.5)
    }

    fn shown(line: &str) -> String {
        match end(line, 0) {
            End::Done(Outcome::Failed(failure), _) => format!("{failure:?}"),
            End::Done(outcome, detail) => {
                let metrics: Vec<String> = (detail.metrics.iter())
                    .map(|(name, value)| format!(" {name}={value}"))
                    .collect();
                format!("{}{}", outcome.score().unwrap(), metrics.concat())
            }
            End::Broken { .. } => "broken".to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_score_counts_whatever_stands_beside_it() {
        for (line, expected) in [
            (r#"{"score": 1}"#, "1"),
            (r#"{"score": -0.5}"#, "-0.5"),
            (r#"{"score": 0.93, "metrics": {"f1": NaN}}"#, "0.93"),
            (
                r#"{"score": 0.93, "metrics": {"f1": null, "g": 2}}"#,
                "0.93 g=2",
            ),
            (r#"{"score": 0.93, "metrics": {"epochs": "12"}}"#, "0.93"),
            (r#"{"score": 0.93, "metrics": {"lr": Infinity}}"#, "0.93"),
            (r#"{"score": 0.93, "loss": 0.1}"#, "0.93 loss=0.1"),
            (r#"{"score": 0.9, "failed": null}"#, "0.9"),
            (
                r#"{"loss": 0.25, "lr": null, "name": "a"}"#,
                "-0.25 loss=0.25",
            ),
            (r#"{"score": null, "loss": 3}"#, "-3 loss=3"),
            (r#"{"score": 0.9, "loss": "low"}"#, "0.9"),
            (r#"{"score": 0.5, "message": "a: NaN, \"b\""}"#, "0.5"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn a_score_that_is_not_finite_is_a_divergence_and_anything_else_a_broken_answer() {
        for score in [
            "NaN",
            "Infinity",
            "-Infinity",
            "nan",
            "inf",
            "\"NaN\"",
            "1e400",
            "-1e400",
        ] {
            let line = format!("{{\"score\": {score}}}");
            assert_eq!(shown(&line), "Diverged", "{line}");
        }
        for line in [
            r#"{"score": null}"#,
            "{'score': 0.93}",
            "\u{feff}{\"score\": 0.93}",
            "0.93",
            "done, 0 NaN values seen",
            r#"{"score": 0.93}{"score": 0.94}"#,
            r#"{"score": True}"#,
            r#"{"score": null, "failed": "nan"}"#,
            r#"{"score""#,
        ] {
            assert_eq!(shown(line), "broken", "{line}");
        }
        assert_eq!(shown(r#"{"loss": NaN}"#), "Diverged");
        assert_eq!(shown(r#"{"loss": "low"}"#), "broken");
        assert_eq!(shown(""), "broken");
        assert_eq!(shown(r#"{"failed": "timed-out"}"#), "TimedOut");
        let long = format!("{}the end", "x".repeat(5000));
        let End::Broken { message, .. } = end(&long, 0) else {
            panic!("it is taken for an answer");
        };
        assert!(
            message.contains("the end'") && message.len() < 500,
            "{message}"
        );
    }

    #[test]
    fn an_answer_counts_however_the_program_ends_after_it() {
        // Status 1, status 127 and SIGSEGV.
        for (status, note) in [
            (1 << 8, "status 1"),
            (127 << 8, "status 127"),
            (11, "signal 11"),
        ] {
            let End::Done(outcome, detail) = end(r#"{"score": 0.5}"#, status) else {
                panic!("no outcome");
            };
            assert_eq!(outcome.score(), Some(0.5));
            assert!(detail.message.unwrap().contains(note));
        }
        assert!(matches!(end("", 127 << 8), End::Unusable(_)));
        let End::Done(Outcome::Failed(failure), _) = end("some text", 1 << 8) else {
            panic!("no failure");
        };
        assert_eq!(failure, Failure::Crashed);
    }
}
