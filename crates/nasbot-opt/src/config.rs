//! The settings of a search, and the check that turns them into settings that can run.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// Declares a closed set of names: an enum with its kebab-case names for text and serde.
macro_rules! named {
    ($(#[$meta:meta])* $what:literal $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, the default first.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name used in configurations and on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::ALL.iter().copied().find(|value| value.name() == text).ok_or_else(|| {
                    Error::UnknownName {
                        what: $what,
                        name: text.to_owned(),
                        expected: Self::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", "),
                    }
                })
            }
        }
    };
}

named! {
    /// How the next candidate is chosen.
    "strategy" Strategy {
        /// Bayesian optimisation with a Gaussian process over distances between architectures
        /// (the paper, section 4).
        #[default]
        Nasbot = "nasbot",
        /// The paper's evolutionary baseline (its appendix C): parents drawn in proportion to
        /// exponentiated scores, then mutated.
        Evolution = "evolution",
        /// Regularised evolution (Real, Aggarwal, Huang and Le 2019): the best of a few of the
        /// latest evaluations is mutated; old ones die whatever their score.
        RegularisedEvolution = "regularised-evolution",
        /// Local search (White, Nolen and Savani 2021): neighbours of the best candidate until none
        /// is better, then a new start.
        LocalSearch = "local-search",
        /// Random candidates of the space.
        Random = "random",
    }
}

named! {
    /// What the `nasbot` strategy maximises over candidates.
    "acquisition" Acquisition {
        /// Expected improvement over the best score (the paper, section 4).
        #[default]
        Ei = "ei",
        /// The logarithm of expected improvement (Ament et al. 2023): the same order, but it still
        /// tells candidates apart where the improvement underflows.
        LogEi = "log-ei",
        /// Upper confidence bound (Srinivas et al. 2010).
        Ucb = "ucb",
        /// Independent Thompson sampling: a draw from each candidate's own posterior.
        Ts = "ts",
        /// Top-two expected improvement (Qin, Klabjan and Russo 2017).
        Ttei = "ttei",
        /// Upper confidence bound with pure exploration while others are pending (Contal et al. 2013).
        UcbPe = "ucb-pe",
    }
}

named! {
    /// What the surrogate learns from in place of the scores themselves. Suggestions depend on it; the
    /// history and the best evaluation don't.
    "transform" Transform {
        /// Normal quantiles of their ranks: outliers and skew lose their weight.
        #[default]
        Rank = "rank",
        /// The scores as they are.
        Nothing = "nothing",
    }
}

named! {
    /// How distances become covariances.
    "kernel" KernelKind {
        /// A weighted sum of a kernel on raw and one on normalised distances (the paper, section 3).
        #[default]
        Sum = "sum",
        /// The product of the two.
        Product = "product",
        /// Raw distances alone.
        Raw = "raw",
        /// Normalised distances alone.
        Normalised = "normalised",
    }
}

/// The settings of a search. [`SearchConfig::validated`] checks them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SearchConfig {
    /// All randomness of the search follows from this.
    // A description has it as `study.seed`.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub seed: u64,
    /// How the next candidate is chosen.
    pub strategy: Strategy,
    /// What is maximised over candidates; only `nasbot` uses it.
    pub acquisition: Acquisition,
    /// How distances become covariances; only `nasbot` uses it.
    pub kernel: KernelKind,
    /// Random candidates that are evaluated after the initial ones, before the surrogate is relied on: they tell how
    /// the space looks further away. Only `nasbot` uses it.
    pub explore: usize,
    /// What the surrogate learns from; only `nasbot` uses it.
    pub transform: Transform,
    /// Whether the kernel has terms for counts of a candidate's parts besides the distance, where
    /// the space offers them; only `nasbot` uses it.
    pub counts: bool,
    /// Vectors of hyper-parameters drawn from their posterior, over which predictions are averaged;
    /// 0 uses the one of highest density. Only `nasbot` uses it.
    pub samples: usize,
    /// Candidates at which the acquisition is computed at step t are this many times √t, and at
    /// least eight times this many at any step. Only `nasbot` uses it.
    pub effort: usize,
    /// How many of the space's initial candidates are evaluated before the strategy takes over, at least 1. Those of earlier studies
    /// (`prior`) come before them.
    ///
    /// Default: the whole pool.
    /// Example: `12`.
    pub initial: Option<usize>,
    /// Earlier studies to learn from: of networks of the same kind, on other data, within other bounds or by another metric. The best of
    /// each come first, and the model learns how much each is worth. What is learnt from them is copied into the study; only `nasbot`
    /// learns, other strategies begin with the best ones.
    ///
    /// Default: none.
    /// Example: `["earlier.nasbot.db"]`.
    // Whatever reads the studies hands them to [`Search::with_earlier`](crate::Search::with_earlier).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prior: Vec<PathBuf>,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            strategy: Strategy::default(),
            acquisition: Acquisition::default(),
            kernel: KernelKind::default(),
            explore: 3,
            transform: Transform::default(),
            counts: true,
            samples: 8,
            effort: 2,
            initial: None,
            prior: Vec::new(),
        }
    }
}

impl SearchConfig {
    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] names the first setting that is out of its range.
    pub fn validated(self) -> Result<ValidConfig, Error> {
        if self.initial == Some(0) {
            return Err(Error::Setting {
                name: "initial",
                value: "0".to_owned(),
                requirement: "at least one initial candidate must be evaluated",
            });
        }
        if !(1..=10_000).contains(&self.effort) {
            return Err(Error::Setting {
                name: "effort",
                value: self.effort.to_string(),
                requirement: "it must be between 1 and 10000",
            });
        }
        if self.samples > 1_000 {
            return Err(Error::Setting {
                name: "samples",
                value: self.samples.to_string(),
                requirement: "at most 1000 vectors of hyper-parameters can be averaged",
            });
        }
        Ok(ValidConfig(self))
    }
}

/// Settings that have been checked; only these can run.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidConfig(SearchConfig);

impl std::ops::Deref for ValidConfig {
    type Target = SearchConfig;

    fn deref(&self) -> &SearchConfig {
        &self.0
    }
}
