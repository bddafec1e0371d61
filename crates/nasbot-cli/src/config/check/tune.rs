//! Checks of `[tune]`: ranges with something in them, values that the protocol can have, and nothing that it can't be combined with.

use nasbot::settings::{TunedKey, Tuning};
use nasbot_opt::Parameter;
use nn_train::{Keys, TrainingSpec};
use serde_json::Value;

use super::super::diagnostic::Problems;
use super::super::raw::Raw;
use super::super::tune::RawSpan;

/// A key that has only whole numbers.
const WHOLE: &str = "batch";

/// The keys that are tuned; `None` where something is wrong with them.
pub(super) fn tune(
    raw: &Raw,
    training: &TrainingSpec,
    problems: &mut Problems<'_>,
) -> Option<Tuning> {
    let Some(tune) = raw.tune.as_ref() else {
        return Some(Tuning::default());
    };
    let refused = [
        (
            !raw.workers.trains(),
            "[tune] is for backend = \"local\" only, and for queues without a command",
            "remove the section, or change workers.backend",
        ),
        (
            raw.inherit.is_some(),
            "[tune] can't be combined with [inherit]: weights would be inherited from trainings of another kind",
            "remove one of the two sections",
        ),
    ];
    for (is_refused, message, help) in refused {
        if is_refused {
            problems.add("tune", message, help);
            return None;
        }
    }
    let numbers = [
        ("learning-rate", &tune.learning_rate),
        (WHOLE, &tune.batch),
        ("weight-decay", &tune.weight_decay),
        ("momentum", &tune.momentum),
        ("label-smoothing", &tune.label_smoothing),
    ];
    let names = [
        ("optimiser", tune.optimiser.as_deref().map(values)),
        ("schedule", tune.schedule.as_deref().map(values)),
    ];
    let numbers = numbers.into_iter().filter_map(|(name, span)| {
        let span = span.as_ref()?;
        Some((name, number(name, span)))
    });
    let names = names
        .into_iter()
        .filter_map(|(name, values)| Some((name, named(name, values?))));
    let mut keys = Vec::new();
    let mut is_wrong = false;
    for (name, key) in numbers.chain(names) {
        let path = format!("tune.{name}");
        match key.and_then(|key| fits(&key, training).map(|()| key)) {
            Ok(key) => keys.push(key),
            Err((message, help)) => {
                problems.add(&path, message, &help);
                is_wrong = true;
            }
        }
    }
    if keys.is_empty() && !is_wrong {
        problems.add(
            "tune",
            "[tune] names no key",
            "for example learning-rate = { low = 1e-3, high = 0.3, log = true }, or remove the section",
        );
        return None;
    }
    if let (false, Err((message, help))) = (is_wrong, fit_together(&keys, training)) {
        problems.add("tune", message, &help);
        return None;
    }
    (!is_wrong).then(|| Tuning::new(keys))
}

/// Whether a protocol can have each of the names together with the least numbers, and with the greatest.
fn fit_together(keys: &[TunedKey], training: &TrainingSpec) -> Result<(), Wrong> {
    let mut together = vec![Keys::new(), Keys::new()];
    for key in keys {
        let values = ends(key);
        together = match key.parameter {
            Parameter::Named { .. } => (together.iter())
                .flat_map(|keys| values.iter().map(move |value| with(keys, &key.name, value)))
                .collect(),
            Parameter::Range { .. } | Parameter::Ordered { .. } => {
                let ends = [values.first(), values.last()];
                let chosen = together.iter().zip(ends.into_iter().flatten().cycle());
                chosen
                    .map(|(keys, value)| with(keys, &key.name, value))
                    .collect()
            }
        };
    }
    for keys in &together {
        if let Err(error) = training.with_keys(keys) {
            let message = format!("{} can't go together: {error}", nn_train::named(keys));
            return Err((message, "leave one of them out".to_owned()));
        }
    }
    Ok(())
}

fn with(keys: &Keys, name: &str, value: &Value) -> Keys {
    let mut keys = keys.clone();
    keys.insert(name.to_owned(), value.clone());
    keys
}

/// A message and what helps.
type Wrong = (String, String);

fn wrong(message: &str, help: &str) -> Wrong {
    (message.to_owned(), help.to_owned())
}

fn number(name: &str, span: &RawSpan) -> Result<TunedKey, Wrong> {
    let key = |parameter, choices| TunedKey {
        name: name.to_owned(),
        parameter,
        choices,
    };
    let is_whole = |x: f64| x.fract().abs() < f64::EPSILON;
    match span {
        RawSpan::Range(range) => {
            let (low, high, log) = (range.low, range.high, range.log);
            let whole = name == WHOLE;
            if !(low.is_finite() && high.is_finite() && low < high) {
                return Err(wrong("a range needs `low` below `high`", ""));
            }
            if log && low <= 0.0 {
                return Err(wrong(
                    "with `log = true` a range begins above 0",
                    "give a small `low`, such as 1e-5",
                ));
            }
            if whole && !(is_whole(low) && is_whole(high)) {
                return Err(wrong("`low` and `high` must be whole numbers here", ""));
            }
            let parameter = Parameter::Range {
                low,
                high,
                log,
                whole,
            };
            Ok(key(parameter, Vec::new()))
        }
        RawSpan::Choices(numbers) => {
            let mut numbers = numbers.clone();
            numbers.sort_by(f64::total_cmp);
            numbers.dedup();
            if numbers.len() < 2 {
                return Err(few());
            }
            let count = numbers.len();
            let value = |number: f64| match is_whole(number) && name == WHOLE {
                true => Value::from(number as i64),
                false => Value::from(number),
            };
            let choices = numbers.into_iter().map(value).collect();
            Ok(key(Parameter::Ordered { count }, choices))
        }
    }
}

fn named(name: &str, mut choices: Vec<Value>) -> Result<TunedKey, Wrong> {
    let all = std::mem::take(&mut choices);
    for choice in all {
        if !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    if choices.len() < 2 {
        return Err(few());
    }
    Ok(TunedKey {
        name: name.to_owned(),
        parameter: Parameter::Named {
            count: choices.len(),
        },
        choices,
    })
}

fn few() -> Wrong {
    wrong(
        "a list needs at least two different values",
        "a single value belongs into [training]",
    )
}

fn values<T: serde::Serialize>(names: &[T]) -> Vec<Value> {
    let values = names.iter().map(serde_json::to_value);
    // Names of a closed set become text.
    values.filter_map(Result::ok).collect()
}

/// The ends of a range, or all that can be chosen.
fn ends(key: &TunedKey) -> Vec<Value> {
    match key.parameter {
        Parameter::Range { low, high, .. } => [low, high].map(|end| key.value(end)).to_vec(),
        Parameter::Ordered { .. } | Parameter::Named { .. } => key.choices.clone(),
    }
}

/// Whether a protocol can have what the key may be: the ends of its range, or all its choices.
fn fits(key: &TunedKey, training: &TrainingSpec) -> Result<(), Wrong> {
    for value in ends(key) {
        let keys = Keys::from([(key.name.clone(), value)]);
        if let Err(error) = training.with_keys(&keys) {
            return Err((error.to_string(), String::new()));
        }
    }
    Ok(())
}
