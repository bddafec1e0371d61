//! Where a value stands in a JSON text.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A step from a value to one inside it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The value of a key of an object.
    Key(&'static str),
    /// An element of a list, from 0.
    At(usize),
    /// The last element of a list that is this pair of numbers.
    Last([usize; 2]),
}

/// The bytes of the value that the steps lead to; of the last one that is there where they lead nowhere, `None` where that is the
/// whole or the text is no JSON.
pub(crate) fn find(text: &str, steps: &[Step]) -> Option<Range<usize>> {
    let json = text.trim_start_matches('\u{feff}');
    let mut at: &RawValue = serde_json::from_str(json).ok()?;
    let mut is_whole = true;
    for step in steps {
        let Some(next) = inside(at, *step) else {
            break;
        };
        (at, is_whole) = (next, false);
    }
    // The value is a part of the text.
    let start = (at.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let span = start..start + at.get().len();
    (!is_whole && text.get(span.clone()) == Some(at.get())).then_some(span)
}

fn inside(value: &RawValue, step: Step) -> Option<&RawValue> {
    match step {
        Step::Key(key) => keys(value)?.remove(key),
        Step::At(index) => elements(value)?.into_iter().nth(index),
        Step::Last(pair) => elements(value)?.into_iter().rfind(|element| {
            serde_json::from_str::<[usize; 2]>(element.get()).is_ok_and(|p| p == pair)
        }),
    }
}

fn keys(value: &RawValue) -> Option<BTreeMap<String, &RawValue>> {
    #[derive(Deserialize)]
    struct Object<'a>(#[serde(borrow)] BTreeMap<String, &'a RawValue>);
    serde_json::from_str(value.get())
        .ok()
        .map(|Object(keys)| keys)
}

fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    #[derive(Deserialize)]
    struct List<'a>(#[serde(borrow)] Vec<&'a RawValue>);
    serde_json::from_str(value.get())
        .ok()
        .map(|List(elements)| elements)
}

#[cfg(test)]
mod tests {
    use super::Step::{At, Key, Last};
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let text = "\u{feff} {\"kind\" : \"cnn\",\n \"layers\":[{\"op\":\"ip\"}, {\"op\":\"conv3\",\"units\": 1.5}],\"edges\":[[0,1],[ 0, 1 ],[1,2]]}";
        let found = |steps: &[Step]| find(text, steps).map(|span| &text[span]);
        assert_eq!(found(&[Key("kind")]), Some("\"cnn\""));
        assert_eq!(found(&[Key("layers"), At(1), Key("units")]), Some("1.5"));
        assert_eq!(
            found(&[Key("layers"), At(0), Key("units")]),
            Some("{\"op\":\"ip\"}")
        );
        assert_eq!(found(&[Key("edges"), Last([0, 1])]), Some("[ 0, 1 ]"));
        assert_eq!(
            found(&[Key("edges"), Last([7, 1])]),
            Some("[[0,1],[ 0, 1 ],[1,2]]")
        );
        assert_eq!(found(&[Key("none")]), None);
        assert_eq!(find("{\"kind\": ", &[Key("kind")]), None);
    }
}
