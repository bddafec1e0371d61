//! Labels as classes, or as the targets of a regression.

use super::examples::Targets;
use super::raw::{Labels, Raw};
use super::spec::{DataSpec, Transform};
use crate::Error;

/// The classes of a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Classes {
    /// Their number; `None` for regression.
    pub(super) count: Option<u32>,
    /// Their names, if they have names.
    pub(super) names: Vec<String>,
}

/// Labels as classes: text without any number becomes names, in alphabetical order; the rest are numbers. A test
/// file has the main file's classes.
pub(super) fn classes(
    spec: &DataSpec,
    raw: &Raw,
    main: Option<&Classes>,
) -> Result<(Targets, Classes), Error> {
    if let Labels::Text(cells) | Labels::Names(cells) = &raw.labels {
        let known = main.map(|main| main.names.clone());
        let has_names = match &known {
            Some(names) => !names.is_empty(),
            None => (0..cells.len()).all(|i| raw.labels.number(i).is_none()),
        };
        if has_names {
            return named_classes(spec, raw, cells, known);
        }
    }
    let declared = spec.classes.or(main.and_then(|main| main.count));
    let limit = declared.map_or(1 << 20, i64::from);
    let mut out = Vec::with_capacity(raw.labels.len());
    for i in 0..raw.labels.len() {
        // A whole number has no fraction at all.
        let class = (raw.labels.number(i))
            .filter(|x| x.fract().abs() <= 0.0 && *x >= 0.0 && *x < limit as f64)
            .map(|x| x as i64);
        let expected = || match declared {
            Some(classes) => format!("classes are 0 to {}", classes - 1),
            None => "use whole numbers from 0, or names throughout".into(),
        };
        out.push(class.ok_or_else(|| raw.no_class(i, expected()))?);
    }
    if declared.is_some() {
        return Ok((Targets::Classes(out), unnamed(declared)));
    }
    let (largest, count) = (out.iter().enumerate())
        .max_by_key(|(_, class)| **class)
        .map_or((0, 0), |(i, class)| (i, class + 1));
    check_count(spec, count)?;
    let mut seen = vec![false; count as usize];
    out.iter().for_each(|&class| seen[class as usize] = true);
    if let Some(absent) = seen.iter().position(|seen| !seen) {
        let (path, row) = raw.place(largest);
        return Err(Error::Data {
            field: "classes",
            problem: format!(
                "can't be counted: labels go up to {} ({}, row {row}), but none is {absent}; check the labels or give classes = {count}",
                count - 1,
                path.display()
            ),
        });
    }
    Ok((Targets::Classes(out), unnamed(Some(count as u32))))
}

/// Labels that are words; `known` are the main file's.
fn named_classes(
    spec: &DataSpec,
    raw: &Raw,
    cells: &[String],
    known: Option<Vec<String>>,
) -> Result<(Targets, Classes), Error> {
    let names = known.unwrap_or_else(|| {
        let mut names = cells.to_vec();
        names.sort_unstable();
        names.dedup();
        names
    });
    check_count(spec, names.len() as i64)?;
    let number = |(i, cell): (usize, &String)| match names.binary_search(cell) {
        Ok(class) => Ok(class as i64),
        Err(_) => Err(raw.no_class(i, format!("classes are {}", names.join(", ")))),
    };
    let targets = cells
        .iter()
        .enumerate()
        .map(number)
        .collect::<Result<_, _>>()?;
    let count = Some(spec.classes.unwrap_or(names.len() as u32));
    Ok((Targets::Classes(targets), Classes { count, names }))
}

fn unnamed(count: Option<u32>) -> Classes {
    let names = Vec::new();
    Classes { count, names }
}

fn check_count(spec: &DataSpec, found: i64) -> Result<(), Error> {
    let problem = match spec.classes {
        None if found < 2 => format!("number {found}: a classifier needs at least 2"),
        Some(classes) if found > i64::from(classes) => {
            format!("is {classes}, but the file has {found} different labels")
        }
        _ => return Ok(()),
    };
    Err(Error::Data {
        field: "classes",
        problem,
    })
}

/// Targets of a regression, transformed.
pub(super) fn values(spec: &DataSpec, raw: &Raw) -> Result<Targets, Error> {
    let mut out = Vec::with_capacity(raw.labels.len());
    for i in 0..raw.labels.len() {
        let value = raw.labels.number(i).filter(|x| x.is_finite());
        let transformed = value.map(|y| match spec.transform {
            None => y,
            Some(Transform::Log) => y.ln(),
            Some(Transform::Log1p) => y.ln_1p(),
        });
        // Beyond the range of f32 a number becomes infinite.
        let target = transformed.map(|y| y as f32).filter(|y| y.is_finite());
        let problem = || match (value, transformed.is_some_and(f64::is_finite)) {
            (None, _) => "is no finite number: repair or remove the row",
            (Some(_), false) => "has no logarithm: remove `transform`",
            (Some(_), true) => "is too large for 32-bit floats: rescale the targets",
        };
        out.push(target.ok_or_else(|| raw.no_target(i, problem()))?);
    }
    Ok(Targets::Values(out))
}
