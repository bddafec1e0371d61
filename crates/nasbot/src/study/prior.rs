//! What a study takes over from an earlier one.

use std::path::Path;

use nasbot_opt::{EarlierStudy, NetworkSpace, Setting, Setup, State};
use nn_graph::Network;
use nn_train::Keys;
use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::error::Error;
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
    /// What the study at `path` teaches a search of `space`: its networks with the score of a whole training.
    ///
    /// # Errors
    ///
    /// The study cannot be read, has no such score, or is of networks of another kind.
    pub fn read(path: &Path, space: &NetworkSpace) -> Result<Self, Error> {
        let wrong = |message: String| Error::Prior {
            path: path.to_owned(),
            message,
        };
        let ledger = Ledger::read(path)?;
        let mut evaluations = Vec::new();
        for record in &ledger.records {
            let State::Done(outcome) = record.state else {
                continue;
            };
            let Some(score) = outcome.score() else {
                continue;
            };
            let id = record.suggestion.id;
            let network = record.suggestion.candidate.network();
            let network = network.map_err(|source| Error::StoredNetwork { id, source })?;
            if network.kind() != space.kind() {
                return Err(wrong(format!(
                    "its networks are of kind {}, and those of this search of kind {}",
                    network.kind(),
                    space.kind()
                )));
            }
            let rated = Rated {
                network: network.clone(),
                setting: record.setting.clone(),
                score,
            };
            evaluations.push((rated, score));
        }
        if evaluations.is_empty() {
            return Err(wrong(
                "none of its evaluations has the score of a whole training".to_owned(),
            ));
        }
        Ok(Self {
            study: path.display().to_string(),
            scored: evaluations.len(),
            evaluations: (EarlierStudy { evaluations }
                .thinned()
                .evaluations
                .into_iter())
            .map(|(rated, _)| rated)
            .collect(),
        })
    }

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
