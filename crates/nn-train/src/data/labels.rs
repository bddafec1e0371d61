//! Labels as classes, or as the targets of a regression.

use std::collections::BTreeMap;

use super::check::listed;
use super::problems::Problems;
use super::raw::{Labels, Raw};
use super::spec::{DataSpec, Transform};
use crate::Error;

/// Of labels that are whole numbers, one in so many may be something else for it to be an error rather than a name.
const ERRORS: usize = 10;

/// From so many labels on, as many classes as half of them are no classes.
const MANY: usize = 40;

/// Labels as numbers of classes, and the classes' names: each label that occurs is one, whole numbers in their order, other
/// names in the alphabet's. Where the specification says how many there are and labels are numbers from 0, classes may be
/// missing. A further file has the classes of the main one, which are `main`.
pub(super) fn classes(
    spec: &DataSpec,
    raw: &Raw,
    main: Option<&[String]>,
) -> Result<(Vec<i64>, Vec<String>), Error> {
    let labels = texts(raw)?;
    let names = match main {
        Some(names) => names.to_vec(),
        None => names(spec, &labels, matches!(raw.labels, Labels::Names(_)))?,
    };
    let places: BTreeMap<&str, i64> = names.iter().map(String::as_str).zip(0..).collect();
    let mut problems = Problems::default();
    let mut out = Vec::with_capacity(labels.len());
    for (i, label) in labels.iter().enumerate() {
        match places.get(label.as_str()) {
            Some(class) => out.push(*class),
            None => problems.add(raw.no_class(i, format!("classes are {}", listed(&names)))),
        }
    }
    problems.none()?;
    Ok((out, names))
}

/// Labels as text, equal numbers as equal text.
fn texts(raw: &Raw) -> Result<Vec<String>, Error> {
    let n = raw.labels.len();
    if let Labels::Names(names) = &raw.labels {
        return Ok(names.clone());
    }
    let mut problems = Problems::default();
    let whole = |i: usize| raw.labels.number(i).filter(|x| x.fract().abs() <= 0.0);
    let others: Vec<usize> = (0..n).filter(|i| whole(*i).is_none()).collect();
    // Among numbers, what is none is an error.
    let are_numbers = ERRORS * others.len() <= n;
    let mut texts = Vec::with_capacity(n);
    for i in 0..n {
        let is_fraction = || raw.labels.number(i).is_some_and(|x| x.is_finite());
        match whole(i) {
            Some(x) if are_numbers => texts.push(format!("{x}")),
            None if are_numbers => problems.add(raw.no_class(
                i,
                "the others are whole numbers; repair the row, or predict numbers with task = \"reg\"".into(),
            )),
            None if is_fraction() => problems.add(raw.no_class(
                i,
                "classes are words or whole numbers; numbers are predicted with task = \"reg\"".into(),
            )),
            _ => match raw.labels.text(i) {
                text if text.eq_ignore_ascii_case("nan") => problems.add(raw.no_class(
                    i,
                    "it is a gap; fill it in or remove the row".into(),
                )),
                text => texts.push(text),
            },
        }
    }
    problems.none()?;
    Ok(texts)
}

/// The classes of the main file; names of folders are words even where they are numbers.
fn names(spec: &DataSpec, labels: &[String], are_words: bool) -> Result<Vec<String>, Error> {
    let mut names = labels.to_vec();
    names.sort_unstable();
    names.dedup();
    let numbers: Option<Vec<f64>> = names.iter().map(|name| name.parse().ok()).collect();
    let numbers = numbers.filter(|numbers| !are_words && numbers.iter().all(|x| x.is_finite()));
    if numbers.is_some() {
        names.sort_by(|a, b| f64::total_cmp(&as_number(a), &as_number(b)));
    }
    let data = |problem: String| {
        Err(Error::Data {
            field: "classes",
            problem,
        })
    };
    match spec.classes {
        None if names.len() < 2 => data(format!(
            "number {}: a classifier needs at least 2",
            names.len()
        )),
        None if labels.len() >= MANY && 2 * names.len() > labels.len() => data(format!(
            "number {} among {} labels: is `label` the right column? Numbers are predicted with task = \"reg\"",
            names.len(),
            labels.len()
        )),
        None => Ok(names),
        Some(classes) if names.len() == classes as usize => Ok(names),
        // What has been declared may be missing in the data, and what is beyond it is named with its row.
        Some(classes) if numbers.is_some() => {
            Ok((0..classes).map(|class| class.to_string()).collect())
        }
        Some(classes) => data(format!(
            "is {classes}, but the file has {} different labels: {}; leave it out, and they are counted",
            names.len(),
            listed(&names)
        )),
    }
}

fn as_number(name: &str) -> f64 {
    // All were parsed before.
    name.parse().unwrap_or(f64::NAN)
}

/// Targets of a regression, transformed.
pub(super) fn values(spec: &DataSpec, raw: &Raw) -> Result<Vec<f64>, Error> {
    let mut problems = Problems::default();
    let mut out = Vec::with_capacity(raw.labels.len());
    for i in 0..raw.labels.len() {
        let value = raw.labels.number(i).filter(|x| x.is_finite());
        let transformed = value.map(|y| match spec.transform {
            None => y,
            Some(Transform::Log) => y.ln(),
            Some(Transform::Log1p) => y.ln_1p(),
        });
        // Beyond the range of f32 a number becomes infinite.
        let target = transformed.filter(|y| (*y as f32).is_finite());
        let problem = || match (value, transformed.is_some_and(f64::is_finite)) {
            (None, _) => "is no finite number: repair or remove the row",
            (Some(_), false) => "has no logarithm: remove `transform`",
            (Some(_), true) => "is too large for 32-bit floats: rescale the targets",
        };
        match target {
            Some(target) => out.push(target),
            None => problems.add(raw.no_target(i, problem())),
        }
    }
    problems.none()?;
    Ok(out)
}
