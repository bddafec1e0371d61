//! The interchange format: JSON in, checked; JSON out, in topological order.
//!
//! `{"kind":"cnn","layers":[{"op":"ip"},{"op":"conv3","units":64,"stride":1},…],"edges":[[0,1],…]}`

use std::str::FromStr;

use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, LayerRef};
use crate::{Layer, Network, Op};

/// As a person writes it. Numbers are floats and names strings here, so that what is wrong with
/// them can be said with the layer's number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNetwork {
    kind: String,
    layers: Vec<RawLayer>,
    edges: Vec<(usize, usize)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLayer {
    op: String,
    units: Option<f64>,
    stride: Option<f64>,
}

impl RawNetwork {
    fn check(self) -> Result<Network, Error> {
        let kind = self.kind.parse()?;
        let layers: Result<Vec<_>, _> = (self.layers.into_iter().enumerate())
            .map(|(index, layer)| layer.check(index))
            .collect();
        Network::new(kind, layers?, self.edges)
    }
}

impl RawLayer {
    fn check(self, index: usize) -> Result<Layer, Error> {
        let op = Op::from_str(&self.op).map_err(|_| Error::UnknownOp {
            layer: Some(index),
            name: self.op,
        })?;
        let layer = LayerRef { index, op };
        let units = (self.units.map(|units| {
            whole(units)
                .filter(|&units| units > 0)
                .ok_or(Error::BadUnits { layer, units })
        }))
        .transpose()?;
        let stride = (self.stride.map(|stride| {
            whole(stride)
                .and_then(|stride| u8::try_from(stride).ok())
                .ok_or(Error::BadStride { layer, stride })
        }))
        .transpose()?;
        Ok(Layer { op, units, stride })
    }
}

/// `value` as a whole number, if it is one and fits.
fn whole(value: f64) -> Option<u32> {
    let whole = value as u32; // saturates: compared below
    (f64::from(whole).total_cmp(&value).is_eq()).then_some(whole)
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawNetwork::deserialize(deserializer)?
            .check()
            .map_err(D::Error::custom)
    }
}

impl FromStr for Network {
    type Err = Error;

    /// Reads the interchange JSON, keeping the typed error that says which layer is wrong.
    fn from_str(json: &str) -> Result<Self, Error> {
        // Editors of some systems put a byte order mark before the text.
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let raw: RawNetwork = serde_json::from_str(json).map_err(|error| Error::Json {
            message: error.to_string(),
        })?;
        raw.check()
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Network", 3)?;
        out.serialize_field("kind", self.kind().name())?;
        out.serialize_field("layers", self.layers())?;
        out.serialize_field("edges", self.edges())?;
        out.end()
    }
}

impl Serialize for Layer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = 1 + usize::from(self.units.is_some()) + usize::from(self.stride.is_some());
        let mut out = serializer.serialize_struct("Layer", fields)?;
        out.serialize_field("op", self.op.name())?;
        if let Some(units) = self.units {
            out.serialize_field("units", &units)?;
        }
        if let Some(stride) = self.stride {
            out.serialize_field("stride", &stride)?;
        }
        out.end()
    }
}

impl Network {
    /// The interchange JSON on one line.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "writing to a string can't fail: there are no maps with keys that are no strings"
    )]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a network is written as JSON")
    }
}

impl Serialize for Op {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Op {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
