//! Which columns of a text table are inputs, which is the target, and which says to what part a row belongs.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Error;
use crate::data::columns::Layout;
use crate::data::spec::{Column, DataSpec};

/// Resolves the specification's columns against the main file, whose rows have `count` cells.
pub(in crate::data::readers) fn main(
    spec: &DataSpec,
    path: &Path,
    count: usize,
    header: Option<Vec<String>>,
) -> Result<Layout, Error> {
    let find = |column: &Column| find(path, column, count, header.as_deref());
    let label = find(&spec.label)?;
    let ignored: Vec<usize> = spec.ignore.iter().map(find).collect::<Result<_, _>>()?;
    if ignored.contains(&label) {
        return Err(Error::Data {
            field: "ignore",
            problem: "names the column of the label: choose another".into(),
        });
    }
    let mark = spec.split.column().map(find).transpose()?;
    if mark == Some(label) {
        return Err(Error::Data {
            field: "split",
            problem: "goes by the column of the label: choose another".into(),
        });
    }
    let weight = spec.weight.as_ref().map(find).transpose()?;
    if let Some(other) = weight.filter(|weight| *weight == label || Some(*weight) == mark) {
        return Err(Error::Data {
            field: "weight",
            problem: format!(
                "is the column of {}: choose another",
                if other == label {
                    "the label"
                } else {
                    "the split"
                }
            ),
        });
    }
    let is_input =
        |i: &usize| *i != label && ![mark, weight].contains(&Some(*i)) && !ignored.contains(i);
    let inputs: Vec<usize> = (0..count).filter(is_input).collect();
    if inputs.is_empty() {
        return Err(Error::Data {
            field: "ignore",
            problem: format!("leaves no column of {}", path.display()),
        });
    }
    let categories: Vec<usize> = (spec.categories.iter())
        .map(find)
        .collect::<Result<_, _>>()?;
    if let Some(names) = &header {
        unique(path, inputs.iter().chain([&label]).map(|i| &names[*i]))?;
    }
    Ok(Layout {
        count,
        header,
        label: Some(label),
        mark,
        weight,
        inputs,
        categories,
    })
}

/// Finds the columns of the main file in a further one: by their names, or by their places if one of the two has no names.
pub(in crate::data::readers) fn further(
    main: &Layout,
    spec: &DataSpec,
    path: &Path,
    count: usize,
    header: Option<Vec<String>>,
) -> Result<Layout, Error> {
    // To predict, other columns may be there: the label, and those that were left out.
    let predicts = main.label.is_none();
    let (Some(wanted), Some(names)) = (&main.header, &header) else {
        if count < main.count || (count > main.count && !predicts) {
            return Err(Error::Format {
                path: path.into(),
                message: format!(
                    "has {count} columns, the main file has {}: give both the same columns, or names in a first row",
                    main.count
                ),
            });
        }
        let mut layout = main.clone();
        layout.count = count;
        return Ok(layout);
    };
    let place = |column: usize| {
        let place = names.iter().position(|name| *name == wanted[column]);
        place.ok_or_else(|| Error::NoColumn {
            path: path.into(),
            column: format!("'{}', which the main file has", wanted[column]),
            columns: count,
            names: names.clone(),
        })
    };
    let inputs: Vec<usize> = (main.inputs.iter())
        .map(|i| place(*i))
        .collect::<Result<_, _>>()?;
    let label = main.label.map(place).transpose()?;
    let mark = main.mark.map(place).transpose()?;
    let weight = main.weight.map(place).transpose()?;
    let ignored: Vec<usize> = (spec.ignore.iter())
        .filter_map(|column| find(path, column, count, Some(names)).ok())
        .collect();
    let is_new = |i: &usize| !ignored.contains(i) && !wanted.contains(&names[*i]);
    if !predicts && let Some(other) = (0..count).find(is_new) {
        return Err(Error::Format {
            path: path.into(),
            message: format!(
                "has a column '{}', which the main file has not: list it in `ignore`, or take it out",
                names[other]
            ),
        });
    }
    let is_used = |name: &&String| inputs.iter().chain(&label).any(|i| names[*i] == **name);
    unique(path, names.iter().filter(is_used))?;
    Ok(Layout {
        count,
        header,
        label,
        mark,
        weight,
        inputs,
        // The kinds are those of the main file.
        categories: Vec::new(),
    })
}

/// Refuses names that stand over two columns.
fn unique<'a>(path: &Path, names: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    match names.into_iter().find(|name| !seen.insert(*name)) {
        // Columns without a name are told apart by their places.
        None => Ok(()),
        Some(name) if name.is_empty() => Ok(()),
        Some(name) => Err(Error::Format {
            path: path.into(),
            message: format!("has two columns of the name '{name}': rename one, or leave it out"),
        }),
    }
}

/// The place of a column.
fn find(
    path: &Path,
    column: &Column,
    count: usize,
    header: Option<&[String]>,
) -> Result<usize, Error> {
    let named = |name: &str| header?.iter().position(|known| known == name);
    let place = match column {
        Column::Number(n) if *n >= 0 => usize::try_from(*n).ok().filter(|n| *n < count),
        Column::Number(n) => usize::try_from(n.unsigned_abs())
            .ok()
            .and_then(|back| count.checked_sub(back)),
        Column::Name(name) => named(name).or_else(|| match name.as_str() {
            "first" if count > 0 => Some(0),
            "last" => count.checked_sub(1),
            _ => None,
        }),
    };
    place.ok_or_else(|| Error::NoColumn {
        path: path.into(),
        column: match column {
            Column::Number(n) => n.to_string(),
            Column::Name(name) => format!("'{name}'"),
        },
        columns: count,
        // Without a header, the message says that columns are numbered.
        names: header.unwrap_or_default().to_vec(),
    })
}
