//! Sizes on disk as people write them: `500MB`, `2GB`, `1.5TB`, or a number of bytes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

const UNITS: [(&str, f64); 5] = [
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("B", 1.0),
];

/// A size in a TOML file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no size such as 500MB, 2GB or a number of bytes");
        let text = text.trim();
        let unit = (UNITS.iter()).find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
        let (number, unit) = unit.ok_or_else(wrong)?;
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let bytes = number * unit;
        if !(1.0..=1e18).contains(&bytes) {
            return Err(wrong());
        }
        Ok(Self(bytes as u64))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for ByteSize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let units: Vec<&str> = UNITS.iter().map(|(unit, _)| *unit).collect();
        let pattern = format!(r"^\s*[0-9.]+\s*({})\s*$", units.join("|"));
        json_schema!({
            "anyOf": [
                { "type": "string", "x-kind": "size", "pattern": pattern },
                { "type": "integer", "minimum": 1, "x-kind": "size" },
            ]
        })
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as \"500MB\", \"2GB\" or a number of bytes")
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
        match u64::try_from(bytes) {
            Ok(bytes) if bytes > 0 => Ok(ByteSize(bytes)),
            _ => Err(E::invalid_value(de::Unexpected::Signed(bytes), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        #[derive(Debug, Deserialize)]
        struct Keep {
            keep: ByteSize,
        }
        let read = |text: &str| toml::from_str::<Keep>(&format!("keep = {text}"));
        for (text, bytes) in [
            ("\"2GB\"", 2_000_000_000),
            ("\" 1.5 MB \"", 1_500_000),
            ("\"7B\"", 7),
            ("12", 12),
        ] {
            assert_eq!(read(text).unwrap().keep, ByteSize(bytes), "{text}");
        }
        for text in [
            "0",
            "-3",
            "\"0GB\"",
            "\"GB\"",
            "\"2 gigabytes\"",
            "\"inf GB\"",
            "1.5",
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("size"), "{text}: {error}");
        }
    }
}
