//! The settings of a distance, checked once.

use nn_graph::{Group, Kind, Op, Walk};

use crate::{Error, Mismatch};

/// The structural coefficients of the original.
const COEFFICIENTS: [f64; 4] = [0.1, 0.25, 0.61, 1.5];
/// Cost of leaving one unit of mass unmatched.
const NULL_PENALTY: f64 = 1.0;
/// Larger null penalties would overflow.
pub(crate) const MAX_PENALTY: f64 = 1e150;

/// The settings of a distance, checked: what two labels cost, which path lengths are compared,
/// the structural coefficients and the penalty of what stays unmatched.
///
/// The cost of matching a unit of mass of layer i with one of layer j is
/// mismatch(i, j) + coefficient × mean over path-length features of |feature(i) − feature(j)|
/// (paper, equations 2 and 3).
#[derive(Clone, Debug)]
pub struct Metric {
    mismatch: Mismatch,
    coefficients: Vec<f64>,
    null_penalty: f64,
    groups: Vec<Vec<bool>>,
    walks: Vec<Walk>,
    kind: Option<Kind>,
    /// Labels, groups and the set of walks: what profiles depend on.
    shape: [usize; 3],
    /// Positions in `coefficients`, largest coefficient first.
    descending: Vec<usize>,
    /// Block of each label: labels are in one block if a chain of useful mismatches joins them.
    blocks: Vec<usize>,
    /// Place of each label among the labels of its block.
    places: Vec<usize>,
    /// Labels of each block, ascending.
    members: Vec<Vec<usize>>,
}

impl Metric {
    /// The original's distance for networks of `kind`: its mismatch table, coefficients 0.1, 0.25,
    /// 0.61 and 1.5, null penalty 1, all three walks over the kind's layer groups.
    #[must_use]
    pub fn for_kind(kind: Kind) -> Self {
        let groups = (kind.groups().iter())
            .map(|&group: &Group| Op::ALL.iter().map(|&op| group.contains(op)).collect())
            .collect();
        let mut metric = Self {
            mismatch: Mismatch::networks(),
            coefficients: COEFFICIENTS.to_vec(),
            null_penalty: NULL_PENALTY,
            groups,
            walks: Walk::ALL.to_vec(),
            kind: Some(kind),
            shape: [0; 3],
            descending: Vec::new(),
            blocks: Vec::new(),
            places: Vec::new(),
            members: Vec::new(),
        };
        metric.derive();
        metric
    }

    /// A distance for any labelled graphs: the coefficients and the null penalty of the original,
    /// all three walks, counted over all nodes.
    #[must_use]
    pub fn new(mismatch: Mismatch) -> Self {
        let mut metric = Self {
            groups: vec![vec![true; mismatch.len()]],
            mismatch,
            coefficients: COEFFICIENTS.to_vec(),
            null_penalty: NULL_PENALTY,
            walks: Walk::ALL.to_vec(),
            kind: None,
            shape: [0; 3],
            descending: Vec::new(),
            blocks: Vec::new(),
            places: Vec::new(),
            members: Vec::new(),
        };
        metric.derive();
        metric
    }

    /// Replaces the mismatch table. Label groups must be set again if its labels differ.
    ///
    /// # Errors
    /// The table has another number of labels than the present one.
    pub fn with_mismatch(mut self, mismatch: Mismatch) -> Result<Self, Error> {
        if mismatch.len() != self.mismatch.len() {
            return Err(Error::Length {
                what: "the mismatch table",
                found: mismatch.len(),
                expected: self.mismatch.len(),
            });
        }
        self.mismatch = mismatch;
        self.derive();
        Ok(self)
    }

    /// Replaces the structural coefficients: each gives one distance.
    ///
    /// # Errors
    /// None at all, or one that is negative or not finite.
    pub fn with_coefficients(
        mut self,
        coefficients: impl IntoIterator<Item = f64>,
    ) -> Result<Self, Error> {
        self.coefficients = coefficients.into_iter().collect();
        if self.coefficients.is_empty() {
            return Err(Error::Empty {
                what: "structural coefficient",
            });
        }
        for &value in &self.coefficients {
            if !value.is_finite() || value < 0.0 {
                return Err(Error::Setting {
                    what: "a structural coefficient",
                    value,
                    needed: "finite and at least 0",
                });
            }
        }
        self.derive();
        Ok(self)
    }

    /// Replaces the cost of leaving one unit of mass unmatched. All other costs are relative to it: two units are matched where that costs
    /// less than twice this, which is what it costs to leave both, so that a mismatch of twice this or more is as good as infinite.
    ///
    /// # Errors
    /// Not positive and finite.
    pub fn with_null_penalty(mut self, null_penalty: f64) -> Result<Self, Error> {
        if !(null_penalty > 0.0 && null_penalty <= MAX_PENALTY) {
            return Err(Error::Setting {
                what: "the null penalty",
                value: null_penalty,
                needed: "positive and at most 1e150",
            });
        }
        self.null_penalty = null_penalty;
        self.derive();
        Ok(self)
    }

    /// Replaces the groups of labels over which path lengths are counted; each is a list of label
    /// names. A group of all labels counts all nodes. Each group makes one feature for each walk
    /// and direction.
    ///
    /// # Errors
    /// No group, or an unknown label.
    pub fn with_groups<'a, G>(mut self, groups: impl IntoIterator<Item = G>) -> Result<Self, Error>
    where
        G: IntoIterator<Item = &'a str>,
    {
        let mut checked = Vec::new();
        for group in groups {
            let mut members = vec![false; self.mismatch.len()];
            for name in group {
                members[self.mismatch.label(name)?] = true;
            }
            checked.push(members);
        }
        if checked.is_empty() {
            return Err(Error::Empty {
                what: "group of labels",
            });
        }
        self.groups = checked;
        self.kind = None;
        self.derive();
        Ok(self)
    }

    /// Replaces the walks over which path lengths are taken.
    ///
    /// # Errors
    /// No walk.
    pub fn with_walks(mut self, walks: impl IntoIterator<Item = Walk>) -> Result<Self, Error> {
        self.walks = walks.into_iter().collect();
        self.walks.sort_unstable();
        self.walks.dedup();
        if self.walks.is_empty() {
            return Err(Error::Empty { what: "walk" });
        }
        self.derive();
        Ok(self)
    }

    /// The mismatch table.
    #[must_use]
    pub fn mismatch(&self) -> &Mismatch {
        &self.mismatch
    }

    /// The structural coefficients, in the order given.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The cost of leaving one unit of mass unmatched.
    #[must_use]
    pub fn null_penalty(&self) -> f64 {
        self.null_penalty
    }

    /// The kind of networks that it was made for, if any.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Number of path-length features of a node: groups × walks × two directions.
    #[must_use]
    pub fn features(&self) -> usize {
        2 * self.groups.len() * self.walks.len()
    }

    pub(crate) fn groups(&self) -> &[Vec<bool>] {
        &self.groups
    }

    pub(crate) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    pub(crate) fn walks(&self) -> &[Walk] {
        &self.walks
    }

    pub(crate) fn descending(&self) -> &[usize] {
        &self.descending
    }

    pub(crate) fn block_of(&self, label: usize) -> usize {
        self.blocks[label]
    }

    /// Place of a label among the labels of its block.
    pub(crate) fn member_of(&self, label: usize) -> usize {
        self.places[label]
    }

    pub(crate) fn members(&self) -> &[Vec<usize>] {
        &self.members
    }

    /// What follows from the settings: the order of the coefficients and the blocks of labels.
    fn derive(&mut self) {
        let walks = self.walks.iter().map(|&walk| 1 << walk as usize).sum();
        self.shape = [self.mismatch.len(), self.groups.len(), walks];
        self.descending = (0..self.coefficients.len()).collect();
        self.descending
            .sort_by(|&a, &b| self.coefficients[b].total_cmp(&self.coefficients[a]));
        let n = self.mismatch.len();
        self.blocks = vec![usize::MAX; n];
        self.places = vec![0; n];
        self.members.clear();
        for seed in 0..n {
            if self.blocks[seed] != usize::MAX {
                continue;
            }
            let block = self.members.len();
            let mut found = vec![seed];
            self.blocks[seed] = block;
            let mut next = 0;
            while next < found.len() {
                let a = found[next];
                next += 1;
                for b in 0..n {
                    let useful = self.mismatch.cost(a, b) < 2.0 * self.null_penalty
                        || self.mismatch.cost(b, a) < 2.0 * self.null_penalty;
                    if useful && self.blocks[b] == usize::MAX {
                        self.blocks[b] = block;
                        found.push(b);
                    }
                }
            }
            found.sort_unstable();
            for (place, &label) in found.iter().enumerate() {
                self.places[label] = place;
            }
            self.members.push(found);
        }
    }
}
