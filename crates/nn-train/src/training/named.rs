//! Values that are written as a name alone, or as a table of the name and its settings.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer as _};

/// A value by its name alone, or by a table of its name and its settings.
pub(super) trait NamedKeys: Sized {
    /// The name's type.
    type Name;

    /// Nothing given but the name.
    fn named(name: Self::Name) -> Self;

    /// What is wrong with settings that do not go with the name.
    fn misplaced(&self) -> Option<&'static str>;
}

/// Reads a name, or a table.
pub(super) fn name_or_table<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: NamedKeys + Deserialize<'de>,
    T::Name: Deserialize<'de>,
{
    struct Visitor<T>(PhantomData<T>);

    impl<'de, T> de::Visitor<'de> for Visitor<T>
    where
        T: NamedKeys + Deserialize<'de>,
        T::Name: Deserialize<'de>,
    {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name, or a table of its `name` and its settings")
        }

        fn visit_str<E: de::Error>(self, name: &str) -> Result<T, E> {
            let name: StrDeserializer<'_, E> = name.into_deserializer();
            T::Name::deserialize(name).map(T::named)
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            let keys = T::deserialize(MapAccessDeserializer::new(map))?;
            match keys.misplaced() {
                Some(problem) => Err(de::Error::custom(problem)),
                None => Ok(keys),
            }
        }
    }

    deserializer.deserialize_any(Visitor(PhantomData)).map(Some)
}

/// The two ways to write what has a name and settings.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[expect(
    dead_code,
    reason = "it only stands for its schema, and no value of it is made"
)]
pub(super) enum NameOrTable<N, T> {
    Name(N),
    Table(T),
}
