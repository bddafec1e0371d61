//! Which columns of a text table are features and which is the target.

use std::path::Path;

use crate::Error;
use crate::data::spec::{Column, DataSpec};

/// The columns of one table, resolved to numbers.
pub(super) struct Columns {
    /// Number of columns in the file.
    pub(super) count: usize,
    /// The target.
    pub(super) label: usize,
    /// The features, ascending.
    pub(super) features: Vec<usize>,
}

impl Columns {
    /// Resolves the specification's columns against a first row of `count` cells; `names` is empty without header.
    pub(super) fn new(
        spec: &DataSpec,
        path: &Path,
        count: usize,
        names: &[String],
    ) -> Result<Self, Error> {
        let find = |column: &Column| {
            let place = match column {
                Column::Number(n) if *n >= 0 => usize::try_from(*n).ok().filter(|n| *n < count),
                Column::Number(n) => usize::try_from(n.unsigned_abs())
                    .ok()
                    .and_then(|back| count.checked_sub(back)),
                Column::Name(name) => {
                    names
                        .iter()
                        .position(|known| known == name)
                        .or_else(|| match name.as_str() {
                            "first" if count > 0 => Some(0),
                            "last" => count.checked_sub(1),
                            _ => None,
                        })
                }
            };
            place.ok_or_else(|| Error::NoColumn {
                path: path.into(),
                column: match column {
                    Column::Number(n) => n.to_string(),
                    Column::Name(name) => format!("'{name}'"),
                },
                columns: count,
                names: names.to_vec(),
            })
        };
        let label = find(&spec.label)?;
        let ignored = spec
            .ignore
            .iter()
            .map(find)
            .collect::<Result<Vec<_>, _>>()?;
        if ignored.contains(&label) {
            return Err(Error::Data {
                field: "ignore",
                problem: "names the column of the label: choose another".into(),
            });
        }
        let features: Vec<usize> = (0..count)
            .filter(|i| *i != label && !ignored.contains(i))
            .collect();
        if features.is_empty() {
            return Err(Error::Data {
                field: "ignore",
                problem: format!("leaves no column of {}", path.display()),
            });
        }
        Ok(Self {
            count,
            label,
            features,
        })
    }
}
