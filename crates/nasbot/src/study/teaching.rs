//! What a study teaches later ones.

use std::path::Path;

use nasbot_opt::{EarlierStudy, NetworkSpace, State};

use super::{Ledger, Prior, Rated};
use crate::error::Error;

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
}
