//! Bounds on a search space, and which of them a network breaks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{LayerRef, Network};

/// Bounds that every network of a search keeps. All are optional and inclusive; by default there
/// are none. Layers are counted with input and output.
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
    /// [`Constraints::min_layers`].
    MinLayers,
    /// [`Constraints::max_layers`].
    MaxLayers,
    /// [`Constraints::min_mass`].
    MinMass,
    /// [`Constraints::max_mass`].
    MaxMass,
    /// [`Constraints::max_in_degree`].
    MaxInDegree,
    /// [`Constraints::max_out_degree`].
    MaxOutDegree,
    /// [`Constraints::max_edges`].
    MaxEdges,
    /// [`Constraints::min_units`].
    MinUnits,
    /// [`Constraints::max_units`].
    MaxUnits,
    /// [`Constraints::max_halvings`].
    MaxHalvings,
}

impl Bound {
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
    /// Whether `network` keeps every bound. They are tried in the order layers, mass,
    /// out-degree, in-degree, edges, largest units, smallest units, halvings. O(n).
    ///
    /// # Errors
    /// The first bound that is broken.
    pub fn check(&self, network: &Network) -> Result<(), Violation> {
        let whole = |n: usize| n as f64;
        let layers = whole(network.len());
        at_most(Bound::MaxLayers, self.max_layers.map(whole), layers)?;
        at_least(Bound::MinLayers, self.min_layers.map(whole), layers)?;
        at_most(Bound::MaxMass, self.max_mass, network.total_mass())?;
        at_least(Bound::MinMass, self.min_mass, network.total_mass())?;
        let name = |index: usize| LayerRef {
            index,
            op: network.layers()[index].op,
        };
        let each = |check: &dyn Fn(usize) -> Result<(), Violation>| {
            (0..network.len()).try_for_each(|i| {
                check(i).map_err(|violation| Violation {
                    layer: Some(name(i)),
                    ..violation
                })
            })
        };
        each(&|i| {
            let children = whole(network.children(i).len());
            at_most(
                Bound::MaxOutDegree,
                self.max_out_degree.map(whole),
                children,
            )
        })?;
        each(&|i| {
            let parents = whole(network.parents(i).len());
            at_most(Bound::MaxInDegree, self.max_in_degree.map(whole), parents)
        })?;
        let edges = whole(network.edges().len());
        at_most(Bound::MaxEdges, self.max_edges.map(whole), edges)?;
        let units = |i: usize| network.layers()[i].units.map(f64::from);
        each(&|i| {
            let limit = self.max_units.map(f64::from);
            units(i).map_or(Ok(()), |units| at_most(Bound::MaxUnits, limit, units))
        })?;
        each(&|i| {
            let limit = self.min_units.map(f64::from);
            units(i).map_or(Ok(()), |units| at_least(Bound::MinUnits, limit, units))
        })?;
        let halvings = f64::from(network.halvings());
        at_most(
            Bound::MaxHalvings,
            self.max_halvings.map(f64::from),
            halvings,
        )
    }
}

fn at_most(bound: Bound, limit: Option<f64>, found: f64) -> Result<(), Violation> {
    keep(bound, limit, found, |limit| found <= limit)
}

fn at_least(bound: Bound, limit: Option<f64>, found: f64) -> Result<(), Violation> {
    keep(bound, limit, found, |limit| found >= limit)
}

fn keep(
    bound: Bound,
    limit: Option<f64>,
    found: f64,
    kept: impl Fn(f64) -> bool,
) -> Result<(), Violation> {
    match limit {
        Some(limit) if !kept(limit) => Err(Violation {
            bound,
            limit,
            found,
            layer: None,
        }),
        _ => Ok(()),
    }
}
