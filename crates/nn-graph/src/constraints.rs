//! Bounds on a search space, and which of them a network breaks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{LayerRef, Network};

/// Bounds that every network of a search keeps. All are optional and inclusive; by default there
/// are none. Layers are counted with input and output.
///
/// ```
/// use nn_graph::{Constraints, Kind, pool};
///
/// let small = Constraints { max_layers: Some(8), ..Constraints::default() };
/// let network = &pool::examples(Kind::Cnn)[0]; // nine layers
/// let violation = small.check(network).unwrap_err();
/// assert_eq!(violation.to_string(), "the network has 9 layers, but max-layers is 8");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Constraints {
    /// Fewest layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_layers: Option<usize>,
    /// Most layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_layers: Option<usize>,
    /// Smallest total mass.
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
    /// Fewest units of a layer that has units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_units: Option<u32>,
    /// Most units of a layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_units: Option<u32>,
    /// Most halvings of the image, by pooling or strides of 2, on any path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_halvings: Option<u32>,
}

/// The name of one of the bounds in [`Constraints`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bound {
    /// [`Constraints::max_layers`].
    MaxLayers,
    /// [`Constraints::min_layers`].
    MinLayers,
    /// [`Constraints::max_mass`].
    MaxMass,
    /// [`Constraints::min_mass`].
    MinMass,
    /// [`Constraints::max_out_degree`].
    MaxOutDegree,
    /// [`Constraints::max_in_degree`].
    MaxInDegree,
    /// [`Constraints::max_edges`].
    MaxEdges,
    /// [`Constraints::max_units`].
    MaxUnits,
    /// [`Constraints::min_units`].
    MinUnits,
    /// [`Constraints::max_halvings`].
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

impl Constraints {
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

    /// Whether `network` keeps every bound. They are tried in the order of [`Bound::ALL`]. O(n).
    ///
    /// # Errors
    /// The first bound that is broken.
    pub fn check(&self, network: &Network) -> Result<(), Violation> {
        self.violations(network).next().map_or(Ok(()), Err)
    }

    /// Every bound that `network` breaks, in the order of [`Bound::ALL`].
    pub fn violations(&self, network: &Network) -> impl Iterator<Item = Violation> {
        (Bound::ALL.into_iter()).filter_map(|bound| bound.broken(self.limit(bound)?, network))
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
