//! What a study takes over from an earlier one.

use nasbot_opt::{EarlierStudy, Setting, Setup};
use nn_graph::Network;
use nn_train::Keys;
use serde::{Deserialize, Serialize};

use crate::settings::Tuning;

/// The evaluations of an earlier study that a search learns from, as they are recorded in its own: the earlier study need not be
/// there any more when the search goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// The earlier study, as it was named.
    pub study: String,
    /// How many of its evaluations have a score.
    pub scored: usize,
    /// Those that are learnt from, with their scores, of which more is better.
    pub evaluations: Vec<Rated>,
}

/// A network of an earlier study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rated {
    /// The network.
    pub network: Network,
    /// The values of the keys that were tuned.
    #[serde(default, skip_serializing_if = "Keys::is_empty")]
    pub setting: Keys,
    /// Its score, of which more is better.
    pub score: f64,
}

impl Prior {
    /// As a search takes it. Of the values of keys those count that this search tunes too and may choose; others are as `usual`.
    pub(crate) fn study(&self, tuning: &Tuning, usual: &Setting) -> EarlierStudy<Setup<Network>> {
        let setup = |rated: &Rated| {
            let candidate = rated.network.clone();
            let setting = tuning.nearest(&rated.setting, usual);
            (Setup { candidate, setting }, rated.score)
        };
        EarlierStudy {
            evaluations: self.evaluations.iter().map(setup).collect(),
        }
    }
}
