//! Bounds on a search space, and which of them a network breaks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, LayerRef, Network};

/// Bounds as they are written down: all optional and inclusive. Layers are counted with input and output. [`Bounds::checked`]
/// makes them the [`Constraints`] of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Bounds {
    /// Fewest layers, input and output included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_layers: Option<usize>,
    /// Most layers, input and output included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_layers: Option<usize>,
    /// Smallest total mass: roughly, multiplications a pixel. It bounds how long a training takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_mass: Option<f64>,
    /// Largest total mass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_mass: Option<f64>,
    /// Most parents of a layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_in_degree: Option<usize>,
    /// Most children of a layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_out_degree: Option<usize>,
    /// Most edges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_edges: Option<usize>,
    /// Fewest units of a layer that has them: filters or neurons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_units: Option<u32>,
    /// Most units of a layer: filters or neurons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_units: Option<u32>,
    /// Most halvings of the image, by pooling or strides of 2, on a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_halvings: Option<u32>,
}

/// Bounds that every network of a search keeps, and that some network can keep as far as they are compared with one
/// another. By default there are none.
///
/// ```
/// use nn_graph::{Bounds, Kind, pool};
///
/// let small = Bounds { max_layers: Some(8), ..Bounds::default() }.checked()?;
/// let network = &pool::examples(Kind::Cnn)[0]; // nine layers
/// let violation = small.check(network).unwrap_err();
/// assert_eq!(violation.to_string(), "the network has 9 layers, but max-layers is 8");
///
/// let none = Bounds { min_layers: Some(9), max_layers: Some(8), ..Bounds::default() };
/// assert_eq!(
///     none.checked().unwrap_err().to_string(),
///     "min-layers is 9, more than max-layers = 8 (no network can satisfy both: swap or loosen them)"
/// );
/// # Ok::<(), nn_graph::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Bounds", into = "Bounds")]
pub struct Constraints(Bounds);

impl TryFrom<Bounds> for Constraints {
    type Error = Error;

    fn try_from(bounds: Bounds) -> Result<Self, Error> {
        bounds.checked()
    }
}

impl From<Constraints> for Bounds {
    fn from(constraints: Constraints) -> Self {
        constraints.0
    }
}

/// The name of one of the bounds in [`Constraints`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bound {
    /// [`Bounds::max_layers`].
    MaxLayers,
    /// [`Bounds::min_layers`].
    MinLayers,
    /// [`Bounds::max_mass`].
    MaxMass,
    /// [`Bounds::min_mass`].
    MinMass,
    /// [`Bounds::max_out_degree`].
    MaxOutDegree,
    /// [`Bounds::max_in_degree`].
    MaxInDegree,
    /// [`Bounds::max_edges`].
    MaxEdges,
    /// [`Bounds::max_units`].
    MaxUnits,
    /// [`Bounds::min_units`].
    MinUnits,
    /// [`Bounds::max_halvings`].
    MaxHalvings,
}

impl Bound {
    /// Every bound, in the order in which they are checked.
    pub const ALL: [Self; 10] = [
        Self::MaxLayers,
        Self::MinLayers,
        Self::MaxMass,
        Self::MinMass,
        Self::MaxOutDegree,
        Self::MaxInDegree,
        Self::MaxEdges,
        Self::MaxUnits,
        Self::MinUnits,
        Self::MaxHalvings,
    ];

    /// The name that TOML and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MinLayers => "min-layers",
            Self::MaxLayers => "max-layers",
            Self::MinMass => "min-mass",
            Self::MaxMass => "max-mass",
            Self::MaxInDegree => "max-in-degree",
            Self::MaxOutDegree => "max-out-degree",
            Self::MaxEdges => "max-edges",
            Self::MinUnits => "min-units",
            Self::MaxUnits => "max-units",
            Self::MaxHalvings => "max-halvings",
        }
    }

    /// What the bound counts.
    const fn counted(self) -> &'static str {
        match self {
            Self::MinLayers | Self::MaxLayers => "layers",
            Self::MinMass | Self::MaxMass => "units of mass",
            Self::MaxInDegree => "parents",
            Self::MaxOutDegree => "children",
            Self::MaxEdges => "edges",
            Self::MinUnits | Self::MaxUnits => "units",
            Self::MaxHalvings => "halvings of the image",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A bound that a network breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Violation {
    /// The bound.
    pub bound: Bound,
    /// Its value.
    pub limit: f64,
    /// What the network has.
    pub found: f64,
    /// The first layer that breaks it, in topological order, where the bound is one on layers.
    pub layer: Option<LayerRef>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Some(layer) => layer.fmt(f)?,
            None => f.write_str("the network")?,
        }
        let (found, counted, bound) = (self.found, self.bound.counted(), self.bound);
        write!(f, " has {found} {counted}, but {bound} is {}", self.limit)
    }
}

impl std::error::Error for Violation {}

impl Bounds {
    /// The value of `bound`, if it is set.
    #[must_use]
    pub fn limit(&self, bound: Bound) -> Option<f64> {
        let whole = |n: Option<usize>| n.map(|n| n as f64);
        match bound {
            Bound::MinLayers => whole(self.min_layers),
            Bound::MaxLayers => whole(self.max_layers),
            Bound::MinMass => self.min_mass,
            Bound::MaxMass => self.max_mass,
            Bound::MaxInDegree => whole(self.max_in_degree),
            Bound::MaxOutDegree => whole(self.max_out_degree),
            Bound::MaxEdges => whole(self.max_edges),
            Bound::MinUnits => self.min_units.map(f64::from),
            Bound::MaxUnits => self.max_units.map(f64::from),
            Bound::MaxHalvings => self.max_halvings.map(f64::from),
        }
    }

    /// Every bound that `network` breaks, in the order of [`Bound::ALL`].
    pub fn violations(&self, network: &Network) -> impl Iterator<Item = Violation> {
        (Bound::ALL.into_iter()).filter_map(|bound| bound.broken(self.limit(bound)?, network))
    }

    /// The bounds as constraints.
    ///
    /// # Errors
    /// [`Error::Bounds`] lists every bound that no network can keep: alone, or together with another one.
    pub fn checked(self) -> Result<Constraints, Error> {
        let problems: Vec<BoundProblem> = (self.impossible().into_iter())
            .chain(self.too_small())
            .chain(self.contradictory())
            .collect();
        if problems.is_empty() {
            Ok(Constraints(self))
        } else {
            Err(Error::Bounds(problems))
        }
    }

    /// Bounds that are no amounts.
    fn impossible(&self) -> Vec<BoundProblem> {
        let is_wrong = |bound: &Bound| {
            let limit = self.limit(*bound);
            limit.is_some_and(|limit| !limit.is_finite() || limit < 0.0)
        };
        let wrong = |bound: Bound| BoundProblem {
            bound,
            problem: format!("{bound} must be a finite number of at least 0"),
            reason: "",
        };
        (Bound::ALL.into_iter().filter(is_wrong).map(wrong)).collect()
    }

    /// Upper bounds that even the smallest network exceeds.
    fn too_small(&self) -> Vec<BoundProblem> {
        let least = [
            (
                Bound::MaxLayers,
                4.0,
                "input, output, a decision layer and one between",
            ),
            (Bound::MaxEdges, 3.0, "the shortest network has three edges"),
            (
                Bound::MaxInDegree,
                1.0,
                "every layer but the input has a parent",
            ),
            (
                Bound::MaxOutDegree,
                1.0,
                "every layer but the output has a child",
            ),
            (Bound::MaxUnits, 1.0, "a layer has at least one unit"),
        ];
        let problem = |(bound, needed, reason): (Bound, f64, _)| {
            let limit = self.limit(bound).filter(|&limit| limit < needed)?;
            Some(BoundProblem {
                bound,
                problem: format!("{bound} is {limit}, it must be at least {needed}"),
                reason,
            })
        };
        least.into_iter().filter_map(problem).collect()
    }

    /// Lower bounds that exceed their upper ones.
    fn contradictory(&self) -> Vec<BoundProblem> {
        let pairs = [
            (Bound::MinLayers, Bound::MaxLayers),
            (Bound::MinMass, Bound::MaxMass),
            (Bound::MinUnits, Bound::MaxUnits),
        ];
        let problem = |(bound, upper): (Bound, Bound)| {
            let (least, most) = (self.limit(bound)?, self.limit(upper)?);
            (least > most).then(|| BoundProblem {
                bound,
                problem: format!("{bound} is {least}, more than {upper} = {most}"),
                reason: "no network can satisfy both: swap or loosen them",
            })
        };
        pairs.into_iter().filter_map(problem).collect()
    }
}

/// A bound that no network can keep.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundProblem {
    /// The bound.
    pub bound: Bound,
    /// What is wrong with it.
    pub problem: String,
    /// Why, or what to do about it; empty where the problem says everything.
    pub reason: &'static str,
}

impl fmt::Display for BoundProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)?;
        if self.reason.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.reason)
    }
}

impl Constraints {
    /// The bounds.
    #[must_use]
    pub fn bounds(&self) -> &Bounds {
        &self.0
    }

    /// Whether `network` keeps every bound. They are tried in the order of [`Bound::ALL`]. O(n).
    ///
    /// # Errors
    /// The first bound that is broken.
    pub fn check(&self, network: &Network) -> Result<(), Violation> {
        self.0.violations(network).next().map_or(Ok(()), Err)
    }
}

impl Bound {
    /// How `network` breaks the bound, if it does.
    fn broken(self, limit: f64, network: &Network) -> Option<Violation> {
        let n = network.len();
        match self {
            Self::MinLayers | Self::MaxLayers => self.of_network(limit, n as f64),
            Self::MinMass | Self::MaxMass => self.of_network(limit, network.total_mass()),
            Self::MaxEdges => self.of_network(limit, network.edges().len() as f64),
            Self::MaxHalvings => self.of_network(limit, f64::from(network.halvings())),
            Self::MaxOutDegree => {
                self.of_layers(limit, network, |i| Some(network.children(i).len() as f64))
            }
            Self::MaxInDegree => {
                self.of_layers(limit, network, |i| Some(network.parents(i).len() as f64))
            }
            Self::MinUnits | Self::MaxUnits => {
                self.of_layers(limit, network, |i| network.layers()[i].units.map(f64::from))
            }
        }
    }

    fn of_network(self, limit: f64, found: f64) -> Option<Violation> {
        let broken = match self {
            Self::MinLayers | Self::MinMass | Self::MinUnits => found < limit,
            _ => found > limit,
        };
        broken.then_some(Violation {
            bound: self,
            limit,
            found,
            layer: None,
        })
    }

    fn of_layers(
        self,
        limit: f64,
        network: &Network,
        count: impl Fn(usize) -> Option<f64>,
    ) -> Option<Violation> {
        (network.layers().iter().enumerate()).find_map(|(index, layer)| {
            let violation = self.of_network(limit, count(index)?)?;
            let layer = LayerRef {
                index,
                op: layer.op,
            };
            Some(Violation {
                layer: Some(layer),
                ..violation
            })
        })
    }
}
