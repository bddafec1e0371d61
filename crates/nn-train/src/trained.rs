//! What a file with weights says of itself: all that it takes to use it on raw examples.

use nn_graph::Network;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::data::Preparation;

/// The entry of a weights file's metadata that holds this.
pub const ENTRY: &str = "nasbot";

/// A trained network's description, in the metadata of its weights file (safetensors) under [`ENTRY`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Trained {
    /// The version of the program that wrote it.
    pub version: String,
    /// The architecture.
    pub network: Network,
    /// What is done to raw examples, and what outputs mean.
    pub preparation: Preparation,
}

impl Trained {
    /// The description of a network that was trained on examples so prepared.
    #[must_use]
    pub fn new(network: Network, preparation: Preparation) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            network,
            preparation,
        }
    }

    /// As JSON on one line.
    ///
    /// # Errors
    /// A number is not finite.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|source| Error::Message {
            what: "model",
            source,
        })
    }

    /// From JSON.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|source| Error::Message {
            what: "model",
            source,
        })
    }
}
