//! The keys that the reader of descriptions accepts, asked of the reader itself.
//!
//! A table that holds one key that no table has is refused by serde with the list of the keys that the table's type knows, in the
//! order in which they are declared.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::raw::Raw;

/// What is read only to be refused with the place where it belongs.
const MISPLACED: [&str; 2] = ["search", "seed"];

/// A key that is never known.
const UNKNOWN: &str = "\u{0}";

/// The keys of the table at a path, such as `["data", "split"]`; `None` where no table of fixed keys is read.
pub(super) fn of(path: &[&str]) -> Option<&'static [&'static str]> {
    let refused = Raw::deserialize(Probe(Some(path))).err()?;
    refused.0
}

/// The paths of all keys, sections included, each before those that it holds.
pub(super) fn all() -> Vec<Vec<&'static str>> {
    let mut found = Vec::new();
    collect(&mut Vec::new(), &mut found);
    found
}

fn collect(path: &mut Vec<&'static str>, found: &mut Vec<Vec<&'static str>>) {
    for key in of(path).into_iter().flatten() {
        path.push(key);
        if path.as_slice() != MISPLACED {
            found.push(path.clone());
            collect(path, found);
        }
        path.pop();
    }
}

/// What a reader said of the unknown key: the keys that it knows instead.
#[derive(Debug)]
struct Refused(Option<&'static [&'static str]>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(None)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self((field == UNKNOWN).then_some(expected))
    }
}

/// Tables in one another along a path, the last with the unknown key, which has no value.
#[derive(Clone, Copy)]
struct Probe<'a>(Option<&'a [&'a str]>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Some(path) = self.0 else {
            return Err(Refused(None));
        };
        let (key, rest) = match path.split_first() {
            Some((key, rest)) => (*key, Probe(Some(rest))),
            None => (UNKNOWN, Probe(None)),
        };
        visitor.visit_map(One {
            key: Some(key),
            value: rest,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// A table of one key.
struct One<'a> {
    key: Option<&'a str>,
    value: Probe<'a>,
}

impl<'de> de::MapAccess<'de> for One<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let Some(key) = self.key.take() else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Refused> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        seed.deserialize(self.value)
    }
}
