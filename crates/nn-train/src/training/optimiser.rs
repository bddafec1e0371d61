//! The optimiser and its settings, which are written beside its name.

use serde::{Deserialize, Serialize};

use super::named::NamedKeys;

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Optimiser {
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// Adam with decoupled weight decay (β₁ = `momentum`, β₂ = 0.999, ε = 1e-8).
    Adamw,
}

/// An optimiser by its name and what differs from its usual settings.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OptimiserKeys {
    /// How a gradient becomes a step.
    ///
    /// Example: `"sgd"`.
    pub name: Optimiser,
    /// Peak learning rate.
    ///
    /// Default: auto.
    /// Example: `0.05`.
    pub learning_rate: Option<f64>,
    /// Momentum of `sgd`, β₁ of `adamw`.
    ///
    /// Default: auto.
    /// Example: `0.9`.
    pub momentum: Option<f64>,
    /// `sgd`: whether the momentum is Nesterov's.
    ///
    /// Default: auto.
    /// Example: `true`.
    pub nesterov: Option<bool>,
    /// Weight decay: an L2 term for `sgd`, decoupled for `adamw`. Biases and batch norms are exempt.
    ///
    /// Default: auto.
    /// Example: `5e-4`.
    pub weight_decay: Option<f64>,
}

impl NamedKeys for OptimiserKeys {
    type Name = Optimiser;

    fn named(name: Optimiser) -> Self {
        Self {
            name,
            learning_rate: None,
            momentum: None,
            nesterov: None,
            weight_decay: None,
        }
    }

    fn misplaced(&self) -> Option<&'static str> {
        let is_sgd = self.name == Optimiser::Sgd;
        (self.nesterov.is_some() && !is_sgd)
            .then_some("`nesterov` is a setting of the optimiser `sgd` alone: remove it")
    }
}
