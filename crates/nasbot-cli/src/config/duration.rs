//! Durations as people write them: `90s`, `30m`, `2h`, `1d`, `1h 30m`, or a number of seconds.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

const UNITS: [(&str, f64); 5] = [
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86400.0),
];

/// A duration in a TOML file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // One or more numbers with units, or a number of seconds.
        let units: Vec<&str> = UNITS.iter().map(|(unit, _)| *unit).collect();
        let pattern = format!(r"^\s*([0-9.]+\s*({})\s*)+$", units.join("|"));
        json_schema!({
            "anyOf": [
                { "type": "string", "x-kind": "duration", "pattern": pattern },
                { "type": "number", "exclusiveMinimum": 0, "x-kind": "duration" },
            ]
        })
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration above 0 such as \"90s\", \"30m\", \"2h\" or a number of seconds")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Span, E> {
        self.visit_f64(seconds as f64)
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Span, E> {
        (Duration::try_from_secs_f64(seconds).ok())
            .filter(|span| !span.is_zero())
            .map(Span)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Float(seconds), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        parse(text)
            .filter(|span| !span.is_zero())
            .map(Span)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = || Duration::try_from_secs_f64(text.trim().parse().ok()?).ok();
        let span = parse(text).or_else(seconds).filter(|span| !span.is_zero());
        let expected = "a duration above 0 such as 90s, 30m, 2h or a number of seconds";
        span.map(Span).ok_or_else(|| format!("expected {expected}"))
    }
}

fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (_, seconds) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters])?;
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = rest[letters..].trim_start();
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let seconds = |text| parse(text).map(|span| span.as_secs_f64());
        assert_eq!(seconds("90s"), Some(90.0));
        assert_eq!(seconds("1.5h"), Some(5400.0));
        assert_eq!(seconds("1h 30 m"), Some(5400.0));
        assert_eq!(seconds("250ms"), Some(0.25));
        for wrong in ["90", "s", "-3s", "3 weeks", "1h30", "1..5s"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
