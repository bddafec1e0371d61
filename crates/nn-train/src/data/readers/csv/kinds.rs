//! What a column is, told from its cells.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::cells::{self, Notation};
use crate::Error;
use crate::data::columns::{Kind, RawColumn};

/// The kinds, in the order of [`Tally::counts`].
const KINDS: [Kind; 4] = [Kind::Number, Kind::Boolean, Kind::Date, Kind::Text];

/// Of the cells that are no gaps, one in so many may be of another kind for the column to be one of numbers with errors in it,
/// rather than one of words.
const ERRORS: u64 = 10;

/// Cells that are kept of each kind, for messages.
const KEPT: usize = 3;

/// What was found in a column so far.
pub(super) struct Tally {
    /// As it is read now.
    pub(super) column: RawColumn,
    /// Whether the kind is known; else the first cell tells it.
    is_known: bool,
    /// Cells of each kind that are no gaps.
    counts: [u64; 4],
    /// The first cells of each kind: file, row, cell.
    first: [Vec<(PathBuf, u64, String)>; 4],
    /// The places of the words.
    words: HashMap<String, u32>,
    /// The last number, while each was the one before and one.
    sequence: Option<f64>,
}

impl Tally {
    /// A column of which the name is known.
    pub(super) fn new(name: String) -> Self {
        Self {
            is_known: false,
            ..Self::known(RawColumn::number(name))
        }
    }

    /// A column that is known; words that it has not may come.
    pub(super) fn known(column: RawColumn) -> Self {
        let words = (column.words.iter().cloned()).zip(0..).collect();
        Self {
            column,
            is_known: true,
            counts: [0; 4],
            first: Default::default(),
            words,
            sequence: None,
        }
    }

    /// The cell as a number of its column. It is a gap if the cell is of another kind, which is counted.
    pub(super) fn take(&mut self, cell: &str, notation: &Notation, at: (&Path, u64)) -> f64 {
        // Most cells of large tables are numbers.
        if self.column.kind == Kind::Number
            && notation.gaps.is_none()
            && let Some(x) = notation.number(cell)
        {
            self.is_known = true;
            self.number(x, cell, at);
            return x;
        }
        if notation.is_gap(cell) {
            self.sequence = None;
            return f64::NAN;
        }
        let kind = notation.kind(cell);
        if !self.is_known {
            self.is_known = true;
            self.column.kind = kind;
        }
        let value = match self.column.kind {
            Kind::Text => Some(self.word(cell)),
            _ if kind != self.column.kind => None,
            Kind::Number => notation.number(cell),
            Kind::Boolean => cells::boolean(cell),
            Kind::Date => cells::date(cell),
        };
        if kind == Kind::Number {
            self.number(value.unwrap_or(f64::NAN), cell, at);
        } else {
            self.count(kind, cell, at);
        }
        // Of another kind than the column: it is read again, or the cell is named.
        value.unwrap_or(f64::NAN)
    }

    fn number(&mut self, x: f64, cell: &str, at: (&Path, u64)) {
        let is_next = self
            .sequence
            .is_some_and(|last| (x - last - 1.0).abs() <= 0.0);
        let is_first = self.counts[0] == 0;
        self.sequence = Some(x).filter(|_| is_next || is_first);
        self.count(Kind::Number, cell, at);
    }

    fn count(&mut self, kind: Kind, cell: &str, (path, row): (&Path, u64)) {
        let kind = kind as usize;
        self.counts[kind] += 1;
        if self.first[kind].len() < KEPT {
            self.first[kind].push((path.into(), row, cell.into()));
        }
    }

    fn word(&mut self, cell: &str) -> f64 {
        if let Some(place) = self.words.get(cell) {
            return f64::from(*place);
        }
        let place = self.words.len() as u32;
        self.words.insert(cell.into(), place);
        self.column.words.push(cell.into());
        f64::from(place)
    }

    /// What the column is: what all cells are, or what nearly all are if that is no text, or else text.
    pub(super) fn kind(&self) -> Kind {
        let all: u64 = self.counts.iter().sum();
        let usual = KINDS
            .iter()
            .zip(&self.counts)
            .max_by_key(|(_, count)| **count);
        match usual {
            Some((kind, count)) if ERRORS * (all - count) <= all => *kind,
            _ => Kind::Text,
        }
    }

    /// Whether a cell is neither of this kind nor a gap.
    pub(super) fn has_other_than(&self, kind: Kind) -> bool {
        self.counts.iter().sum::<u64>() > self.counts[kind as usize]
    }

    /// The first cells that are of another kind.
    pub(super) fn odd_cells(&self, kind: Kind) -> impl Iterator<Item = Error> {
        let others = KINDS.iter().filter(move |other| **other != kind);
        let cells = others.flat_map(|other| &self.first[*other as usize]);
        cells.map(move |(path, row, cell)| Error::OddCell {
            path: path.clone(),
            row: *row,
            column: self.column.name.clone(),
            value: cell.clone(),
            kind: kind.name(),
        })
    }

    /// The column, at the end of the main file.
    pub(super) fn end(self) -> RawColumn {
        let mut column = self.column;
        let is_nameless = column.name.is_empty() || column.name.starts_with("Unnamed:");
        if is_nameless && self.sequence.is_some() && self.counts[0] > 2 {
            column.useless = Some("numbers the rows and has no name".to_owned());
        }
        column
    }
}
