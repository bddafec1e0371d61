//! A network as it stands in a study: text until it is asked for.

use std::sync::{Arc, OnceLock};

use nn_graph::Network;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A network of a study. A study of many thousands is opened without reading each of them.
#[derive(Clone, Debug)]
pub struct Stored(Arc<Form>);

#[derive(Debug)]
enum Form {
    /// As it was made.
    Made(Network),
    /// As it was read, and parsed once it is asked for.
    Read(Box<RawValue>, OnceLock<Network>),
}

impl Stored {
    /// The network.
    ///
    /// # Errors
    ///
    /// The text is no valid network: the study is damaged.
    pub fn network(&self) -> Result<&Network, nn_graph::Error> {
        match &*self.0 {
            Form::Made(network) => Ok(network),
            Form::Read(text, parsed) => match parsed.get() {
                Some(network) => Ok(network),
                None => {
                    let network = text.get().parse()?;
                    Ok(parsed.get_or_init(|| network))
                }
            },
        }
    }
}

impl From<Network> for Stored {
    fn from(network: Network) -> Self {
        Self(Arc::new(Form::Made(network)))
    }
}

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &*self.0 {
            Form::Made(network) => network.serialize(serializer),
            Form::Read(text, _) => text.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Arc::new(Form::Read(text, OnceLock::new()))))
    }
}
