//! Which example belongs to which part.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::spec::SplitSpec;
use super::table::{Answers, Table};
use crate::Error;

/// The share of the training data to choose by, where the data divide themselves and name no such part.
const VALIDATION: f64 = 0.2;

/// What an example may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Train,
    Validation,
    Test,
    /// It is left out.
    None,
}

impl Part {
    /// The part of this name, in capital or small letters.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.to_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "validation" | "valid" | "val" => Some(Self::Validation),
            "test" => Some(Self::Test),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// The rows of the parts, in the order of dealing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) train: Vec<usize>,
    pub(super) validation: Vec<usize>,
    pub(super) test: Vec<usize>,
    /// Whether any row for training might as well be one for validation.
    pub(super) is_dealt: bool,
}

impl Parts {
    /// Adds a row to a part.
    pub(super) fn push(&mut self, part: Part, row: usize) {
        match part {
            Part::Train => self.train.push(row),
            Part::Validation => self.validation.push(row),
            Part::Test => self.test.push(row),
            Part::None => {}
        }
    }
}

/// Deals the examples out to training, validation and test: in random order (of a seed, the same on every machine), or
/// as they stand, or as a column says.
pub(super) fn deal(spec: &SplitSpec, table: &Table, has_test_file: bool) -> Result<Parts, Error> {
    let n = table.targets.len();
    let marks = &table.marks;
    // Without a column to go by, marks are those of folders.
    if spec.part.is_some() || (spec.column().is_none() && !marks.is_empty()) {
        return by_name(spec, table, has_test_file);
    }
    let mut order: Vec<usize> = (0..n).collect();
    if spec.order.is_some() {
        by_rank(marks, &mut order)?;
    } else if spec.shuffle && spec.group.is_none() {
        order.shuffle(&mut Pcg64::seed_from_u64(spec.seed));
    }
    let is_free = spec.shuffle && spec.column().is_none();
    match &table.targets {
        Answers::Classes(classes) if is_free && spec.stratify != Some(false) => {
            stratify(classes, &mut order);
        }
        _ => {}
    }
    let mut ends = ends(spec, n, has_test_file)?;
    if spec.group.is_some() {
        order = by_group(spec, marks);
        ends = ends.map(|end| end_of_group(marks, &order, end));
        let [first, second, third] = ends;
        if first == second || (second == third && spec.shares(has_test_file)?[2] > 0.0) {
            return Err(Error::Data {
                field: "split",
                problem: "leaves a part without a group: there are too few groups".into(),
            });
        }
    }
    let [first, second, third] = ends;
    Ok(Parts {
        train: order[..first].to_vec(),
        validation: order[first..second].to_vec(),
        test: order[second..third].to_vec(),
        is_dealt: spec.column().is_none(),
    })
}

/// Orders rows so that every run of them, from the first on, has about the same share of each class as all: a class's i-th
/// row of m stands where the share (i − ½)/m of all rows has passed.
fn stratify(classes: &[i64], order: &mut [usize]) {
    let mut counts: HashMap<i64, u32> = HashMap::new();
    (order.iter()).for_each(|row| *counts.entry(classes[*row]).or_default() += 1);
    let mut seen: HashMap<i64, u32> = HashMap::new();
    let mut keys = vec![0.0; classes.len()];
    for row in order.iter() {
        let class = classes[*row];
        let rank = seen.entry(class).or_default();
        keys[*row] = (f64::from(*rank) + 0.5) / f64::from(counts[&class]);
        *rank += 1;
    }
    order.sort_by(|a, b| f64::total_cmp(&keys[*a], &keys[*b]));
}

/// The parts that a column or folders name. Where they name none to choose by, the training part is divided.
fn by_name(spec: &SplitSpec, table: &Table, has_test_file: bool) -> Result<Parts, Error> {
    let data = |problem: String| Error::Data {
        field: "split",
        problem,
    };
    let mut parts = Parts::default();
    if spec.train.is_some() || spec.test.is_some() {
        return Err(data(
            "goes by what the data say themselves, which leaves no shares to give: remove train and test".into(),
        ));
    }
    for (row, mark) in table.marks.iter().enumerate() {
        match Part::named(mark) {
            Some(part) if part != Part::Test || !has_test_file => parts.push(part, row),
            _ => {
                return Err(data(format!(
                    "goes by a column that says '{mark}': use train, validation, none and{} test",
                    if has_test_file {
                        ", as there is no file for it,"
                    } else {
                        ""
                    }
                )));
            }
        }
    }
    if parts.validation.is_empty() {
        parts.is_dealt = spec.column().is_none();
        if spec.shuffle {
            parts.train.shuffle(&mut Pcg64::seed_from_u64(spec.seed));
        }
        if let (Answers::Classes(classes), true, true) =
            (&table.targets, spec.shuffle, spec.stratify != Some(false))
        {
            stratify(classes, &mut parts.train);
        }
        let share = spec.validation.unwrap_or(VALIDATION);
        let kept = parts.train.len() as f64 * (1.0 - share);
        parts.validation = parts.train.split_off(kept.round() as usize);
    }
    if parts.train.len() < 2 || parts.validation.is_empty() {
        return Err(data(
            "leaves nothing to training or validation: both need some".into(),
        ));
    }
    Ok(parts)
}

/// Orders rows by a column of numbers or ISO dates.
fn by_rank(marks: &[String], order: &mut [usize]) -> Result<(), Error> {
    let numbers: Option<Vec<f64>> = marks.iter().map(|mark| mark.parse().ok()).collect();
    let is_dated = |mark: &String| mark.len() >= 8 && mark.as_bytes()[..4].is_ascii();
    match numbers {
        Some(numbers) => order.sort_by(|a, b| f64::total_cmp(&numbers[*a], &numbers[*b])),
        // ISO dates are in order as text.
        None if marks.iter().all(is_dated) => order.sort_by_key(|row| &marks[*row]),
        None => {
            return Err(Error::Data {
                field: "split",
                problem: "is to be in the order of a column that holds neither numbers throughout nor dates (year, month, day)".into(),
            });
        }
    }
    Ok(())
}

/// Rows group by group, the groups in random order.
fn by_group(spec: &SplitSpec, marks: &[String]) -> Vec<usize> {
    let mut groups: Vec<&String> = Vec::new();
    let mut members: HashMap<&String, Vec<usize>> = HashMap::new();
    for (row, mark) in marks.iter().enumerate() {
        let rows = members.entry(mark).or_default();
        if rows.is_empty() {
            groups.push(mark);
        }
        rows.push(row);
    }
    if spec.shuffle {
        groups.shuffle(&mut Pcg64::seed_from_u64(spec.seed));
    }
    (groups.into_iter())
        .filter_map(|group| members.remove(group))
        .flatten()
        .collect()
}

/// The end of the group that the row before `end` belongs to, or its start, whichever is nearer.
fn end_of_group(marks: &[String], order: &[usize], end: usize) -> usize {
    let is_same = |i: usize, j: usize| marks[order[i]] == marks[order[j]];
    if end == 0 || end >= order.len() {
        return end;
    }
    let later = (end..order.len())
        .find(|i| !is_same(*i, end - 1))
        .unwrap_or(order.len());
    let earlier = (1..=end).rev().find(|i| !is_same(*i - 1, end)).unwrap_or(0);
    if earlier == 0 || later - end <= end - earlier {
        later
    } else {
        earlier
    }
}

/// Where training, validation and test end among `n` examples in the order of dealing.
fn ends(spec: &SplitSpec, n: usize, has_test_file: bool) -> Result<[usize; 3], Error> {
    let shares = spec.shares(has_test_file)?;
    // Rounded sums, so that shares that add up to 1 use every row.
    let end = |share: f64| ((share * n as f64).round() as usize).min(n);
    let first = end(shares[0]);
    let second = end(shares[0] + shares[1]);
    let third = end(shares.iter().sum());
    let least = |length: usize, share: f64| length == 0 && share > 0.0;
    if first < 2 || least(second - first, shares[1]) || least(third - second, shares[2]) {
        return Err(Error::Data {
            field: "split",
            problem: format!("leaves a part without examples: there are only {n}"),
        });
    }
    Ok([first, second, third])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_of_stratified_rows_has_its_share_of_each_class() {
        let mut rng = Pcg64::seed_from_u64(5);
        let classes: Vec<i64> = (0..1000)
            .map(|i| i64::from(i % 10 == 0) + i64::from(i % 50 == 0))
            .collect();
        let mut order: Vec<usize> = (0..1000).collect();
        order.shuffle(&mut rng);
        stratify(&classes, &mut order);
        for end in [100, 333, 600, 801, 1000] {
            for (class, share) in [(0, 0.9), (1, 0.08), (2, 0.02)] {
                let found = order[..end]
                    .iter()
                    .filter(|row| classes[**row] == class)
                    .count();
                assert!(
                    (found as f64 - share * end as f64).abs() <= 1.0,
                    "{class} {end} {found}"
                );
            }
        }
    }

    #[test]
    fn groups_stay_together() {
        let marks: Vec<String> = (0..100).map(|i| format!("p{}", i % 7)).collect();
        let order = by_group(&SplitSpec::default(), &marks);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        for share in [10, 50, 61, 80] {
            let end = end_of_group(&marks, &order, share);
            let (one, other) = order.split_at(end);
            assert!(
                !one.iter()
                    .any(|i| other.iter().any(|j| marks[*i] == marks[*j]))
            );
            assert!(end.abs_diff(share) <= 15, "{share} {end}");
        }
    }
}
