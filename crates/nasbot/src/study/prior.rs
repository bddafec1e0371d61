//! What a study takes over from an earlier one.

use std::path::Path;

use nasbot_opt::{EarlierStudy, NetworkSpace, State};
use nn_graph::Network;
use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::error::Error;

/// The evaluations of an earlier study that a search learns from, as they are recorded in its own: the earlier study need not be
/// there any more when the search goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// The earlier study, as it was named.
    pub study: String,
    /// How many of its evaluations have a score.
    pub scored: usize,
    /// Those that are learnt from, with their scores, of which more is better.
    pub evaluations: Vec<(Network, f64)>,
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
            evaluations.push((network.clone(), score));
        }
        if evaluations.is_empty() {
            return Err(wrong(
                "none of its evaluations has the score of a whole training".to_owned(),
            ));
        }
        Ok(Self {
            study: path.display().to_string(),
            scored: evaluations.len(),
            evaluations: EarlierStudy { evaluations }.thinned().evaluations,
        })
    }

    /// As a search takes it.
    pub(crate) fn study(&self) -> EarlierStudy<Network> {
        EarlierStudy {
            evaluations: self.evaluations.clone(),
        }
    }
}
