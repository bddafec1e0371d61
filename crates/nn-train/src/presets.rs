//! Protocols by name, which are written as a person would write them, and how a protocol is read that begins with one.

use serde::{Deserialize, Deserializer};

use crate::Error;
use crate::auto::Facts;
use crate::training::{
    Given, Keys, Optimiser, OptimiserKeys, Preset, Schedule, TrainingSpec, named,
};

impl Preset {
    /// The keys that the name stands for, as TOML: those that a description gives go first. None for `auto`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Auto => "",
            Self::PaperMlp => include_str!("../presets/paper-mlp.toml"),
            Self::PaperCifar10 => include_str!("../presets/paper-cifar10.toml"),
            Self::Fast => include_str!("../presets/fast.toml"),
        }
    }

    /// What the name stands for; `auto` without data is [`TrainingSpec::default`].
    #[must_use]
    pub fn spec(self) -> TrainingSpec {
        let named = Given {
            protocol: Some(self),
            ..Given::default()
        };
        named.on(None, false)
    }

    /// The keys that the name stands for.
    #[expect(
        clippy::expect_used,
        reason = "the text is part of the program, and a test reads each"
    )]
    fn keys(self) -> Given {
        toml::from_str(self.text()).expect("a preset is a protocol")
    }
}

impl<'de> Deserialize<'de> for TrainingSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Given::deserialize(deserializer)?.on(None, false))
    }
}

impl TrainingSpec {
    /// The same with other values of some keys. Another optimiser has the rate and the decay that suit it, unless they are given too.
    ///
    /// # Errors
    /// [`Error::Keys`] for a key that no protocol has or a value of another type, [`Error::Training`] for one that is out of range.
    pub fn with_keys(&self, keys: &Keys) -> Result<Self, Error> {
        if keys.is_empty() {
            return Ok(self.clone());
        }
        let table = keys.iter().map(|(key, value)| (key.clone(), value.clone()));
        let given: Given = serde_json::from_value(serde_json::Value::Object(table.collect()))
            .map_err(|source| Error::Keys {
                keys: named(keys),
                source,
            })?;
        let given = given.spread();
        let says_nesterov = given.nesterov.is_some();
        let spec = given.suited(self.clone());
        let mut spec = given.over(spec);
        // There is nothing to look ahead by without momentum.
        spec.nesterov = spec.nesterov && (says_nesterov || spec.momentum > 0.0);
        spec.clone().validated()?;
        Ok(spec)
    }
}

impl Given {
    /// The protocol on data of which `facts` are known, for trainings that stop at rungs or do not. Without a preset it is
    /// [`Preset::Auto`] where the data are known, and [`TrainingSpec::default`] otherwise.
    #[must_use]
    pub fn on(self, facts: Option<&Facts>, has_rungs: bool) -> TrainingSpec {
        let given = self.spread();
        let given = match given.protocol {
            Some(preset) => given.merged(preset.keys().spread()),
            None => given,
        };
        let mut base = match (given.protocol, facts) {
            (None | Some(Preset::Auto), Some(facts)) => given.automatic(facts, has_rungs),
            (Some(_), _) => given.suited(TrainingSpec::default()),
            (None, None) => TrainingSpec::default(),
        };
        // A protocol that counts in epochs does not want steps that it did not ask for.
        if given.epochs.is_some() {
            base.steps = None;
        }
        given.over(base)
    }

    /// The settings of the optimiser and of the schedule as keys of their own.
    fn spread(mut self) -> Self {
        if let Some(OptimiserKeys {
            learning_rate,
            momentum,
            nesterov,
            weight_decay,
            ..
        }) = self.optimiser
        {
            self.learning_rate = learning_rate.or(self.learning_rate);
            self.momentum = momentum.or(self.momentum);
            self.nesterov = nesterov.or(self.nesterov);
            self.weight_decay = weight_decay.or(self.weight_decay);
        }
        if let Some(schedule) = &self.schedule {
            self.warmup = schedule.warmup.or(self.warmup);
            self.step_epochs = schedule.every.or(self.step_epochs);
            self.step_factor = schedule.factor.or(self.step_factor);
            if schedule.name == Schedule::OneCycle {
                self.warmup = self.warmup.or(Some(0.0));
            }
        }
        self
    }

    /// What is given, before the keys of a preset. Settings of another optimiser or schedule than the one given are left out.
    fn merged(self, mut preset: Self) -> Self {
        let optimiser = |given: &Self| given.optimiser.as_ref().map(|keys| keys.name);
        if optimiser(&self).is_some_and(|name| optimiser(&preset) != Some(name)) {
            preset.learning_rate = None;
            preset.momentum = None;
            preset.nesterov = None;
            preset.weight_decay = None;
        }
        let schedule = |given: &Self| given.schedule.as_ref().map(|keys| keys.name);
        if schedule(&self).is_some_and(|name| schedule(&preset) != Some(name)) {
            preset.step_epochs = None;
            preset.step_factor = None;
        }
        if self.epochs.is_some() {
            preset.steps = None;
        }
        self.or(preset)
    }

    /// A base with the optimiser that is given, and what suits it.
    fn suited(&self, base: TrainingSpec) -> TrainingSpec {
        let given: Option<Optimiser> = self.optimiser.as_ref().map(|keys| keys.name);
        match given {
            Some(optimiser) if optimiser != base.optimiser => base.with(optimiser),
            _ => base,
        }
    }

    /// What is automatic where it goes together with what is given.
    fn automatic(&self, facts: &Facts, has_rungs: bool) -> TrainingSpec {
        let mut base = self.suited(facts.protocol());
        if has_rungs || self.repeats.is_some_and(|repeats| repeats > 1) {
            base.folds = None;
        }
        if has_rungs {
            base.patience = None;
        }
        base.warmup = base.warmup.min(self.epochs.map_or(f64::MAX, f64::from));
        base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_training_go_before_those_of_all() {
        let base = TrainingSpec {
            momentum: 0.8,
            ..TrainingSpec::default()
        };
        let keys = |text: &str| serde_json::from_str::<Keys>(text).unwrap();
        let chosen = keys("{\"learning-rate\":0.0132,\"batch\":32}");
        let expected = TrainingSpec {
            learning_rate: 0.0132,
            batch: 32,
            ..base.clone()
        };
        assert_eq!(base.with_keys(&chosen).unwrap(), expected);
        assert_eq!(named(&chosen), "batch 32, learning-rate 0.0132");
        // Another optimiser brings what suits it, as where it is written down.
        let adam = base.with_keys(&keys("{\"optimiser\":\"adamw\"}")).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(adam.learning_rate, 0.001) && near(adam.weight_decay, 0.1));
        assert_eq!(base.with_keys(&Keys::new()).unwrap(), base);
        let plain = base.with_keys(&keys("{\"momentum\":0.0}")).unwrap();
        assert!(!plain.nesterov && base.nesterov);
        let wrong = |text: &str| base.with_keys(&keys(text)).unwrap_err().to_string();
        assert_eq!(wrong("{\"batch\":1}"), "training: batch must be at least 2");
        assert_eq!(wrong("{\"rate\":1}"), "the protocol can't have rate 1");
        assert_eq!(
            wrong("{\"batch\":32.5}"),
            "the protocol can't have batch 32.5"
        );
    }
}
