//! Searches that know an earlier one: what another function has been found to be at 100 candidates.

use anyhow::Context as _;
use nasbot_opt::{
    EarlierStudy, Evaluator, NetworkSpace, Outcome, Search, SearchConfig, Space, synthetic,
};
use nn_graph::Network;

use crate::nb201::{Cell, Cells, Table};

/// Evaluations of the earlier search.
const EVALUATIONS: usize = 100;

/// How far the best values of the shifted function lie from those of the searched one.
const SHIFT: f64 = 0.8;

/// An earlier function on networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Prior {
    /// The best values are 0.8 of those of the function that is searched.
    Shifted,
    /// A random number for each network.
    Unrelated,
    /// Its negative.
    Opposite,
}

impl Prior {
    pub(crate) fn named(name: &str) -> anyhow::Result<Self> {
        match name {
            "shifted" => Ok(Self::Shifted),
            "unrelated" => Ok(Self::Unrelated),
            "opposite" => Ok(Self::Opposite),
            _ => anyhow::bail!("unknown prior `{name}`: expected shifted, unrelated or opposite"),
        }
    }

    /// An earlier search of this function.
    pub(crate) fn study(
        self,
        space: &NetworkSpace,
        config: &SearchConfig,
    ) -> anyhow::Result<EarlierStudy<Network>> {
        study(NetworkSpace::clone(space), &self, config)
    }
}

impl Evaluator<Network> for Prior {
    fn evaluate(&self, network: &Network, _: u64) -> Outcome {
        Outcome::scored(match self {
            Self::Shifted => synthetic::shifted(network, SHIFT),
            Self::Unrelated => (network.canonical_hash() >> 64) as u64 as f64,
            Self::Opposite => -synthetic::value(network),
        })
    }
}

/// An earlier search of a table.
pub(crate) fn of_table(table: &Table, config: &SearchConfig) -> anyhow::Result<EarlierStudy<Cell>> {
    study(Cells::new()?, table, config)
}

fn study<S: Space>(
    space: S,
    evaluator: &impl Evaluator<S::Candidate>,
    config: &SearchConfig,
) -> anyhow::Result<EarlierStudy<S::Candidate>> {
    let config = SearchConfig {
        seed: config.seed + 1_000_000,
        ..config.clone()
    };
    let mut search = Search::new(space, config.validated()?)?;
    let mut evaluations = Vec::new();
    for _ in 0..EVALUATIONS {
        let suggestion = search.suggest()?;
        let outcome = evaluator.evaluate(&suggestion.candidate, suggestion.seed);
        search.tell(suggestion.id, outcome)?;
        let score = outcome.score().context("an earlier function failed")?;
        evaluations.push((suggestion.candidate, score));
    }
    Ok(EarlierStudy { evaluations })
}
