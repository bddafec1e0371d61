//! Keys of the protocol that are searched together with the network.

use nasbot_opt::{Parameter, Setting, Tuned};
use nn_train::{Keys, Optimiser, TrainingSpec};
use serde_json::{Number, Value};

use super::{Evaluator, Settings};
use crate::error::Error;

/// What is searched: networks, each with the values of the keys that are tuned.
pub type SearchSpace = Tuned<nasbot_opt::NetworkSpace>;

/// One key of the protocol, and what it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct TunedKey {
    /// Its name in `[training]`.
    pub name: String,
    /// What it may be.
    pub parameter: Parameter,
    /// What can be chosen where it is no range: numbers in ascending order, or names.
    pub choices: Vec<Value>,
}

/// The keys of the protocol that are searched; none by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tuning {
    keys: Vec<TunedKey>,
}

impl Tuning {
    /// These keys, of which none is there twice.
    #[must_use]
    pub fn new(keys: Vec<TunedKey>) -> Self {
        Self { keys }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[TunedKey] {
        &self.keys
    }

    /// Whether nothing is tuned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The values of a setting, by key.
    #[must_use]
    pub fn named(&self, setting: &Setting) -> Keys {
        let named = self.keys.iter().zip(&setting.0);
        named
            .map(|(key, &value)| (key.name.clone(), key.value(value)))
            .collect()
    }

    /// The setting that has these values; keys that are missing have those of `usual`.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn setting(&self, values: &Keys, usual: &Setting) -> Result<Setting, String> {
        if let Some(key) = (values.keys()).find(|name| self.keys.iter().all(|k| k.name != **name)) {
            return Err(format!("{key} is not tuned by this search"));
        }
        let of = |(key, &usual): (&TunedKey, &f64)| match values.get(&key.name) {
            None => Ok(usual),
            Some(value) => key
                .number(value)
                .ok_or_else(|| format!("{} cannot be {value} in this search", key.name)),
        };
        let values = self.keys.iter().zip(&usual.0).map(of);
        Ok(Setting(values.collect::<Result<_, _>>()?))
    }

    /// The protocol with what takes most memory of what may be chosen: the largest batch, and `adamw`, which keeps two numbers for each
    /// parameter.
    pub(crate) fn largest(&self, protocol: TrainingSpec) -> TrainingSpec {
        let batch = self.keys.iter().find(|key| key.name == "batch");
        let largest = batch.and_then(|key| match key.parameter {
            Parameter::Range { high, .. } => Some(high),
            Parameter::Ordered { .. } | Parameter::Named { .. } => key.choices.last()?.as_f64(),
        });
        let optimiser = self.keys.iter().find(|key| key.name == "optimiser");
        let has_adamw = optimiser.is_some_and(|key| key.choices.iter().any(|c| c == "adamw"));
        TrainingSpec {
            batch: largest.map_or(protocol.batch, |batch| batch as u32),
            optimiser: match has_adamw {
                true => Optimiser::Adamw,
                false => protocol.optimiser,
            },
            ..protocol
        }
    }

    /// The setting whose values are nearest to these; keys that are missing have those of `usual`, and others do not count.
    pub(crate) fn nearest(&self, values: &Keys, usual: &Setting) -> Setting {
        let nearest = self.keys.iter().zip(&usual.0).map(|(key, &usual)| {
            values
                .get(&key.name)
                .map_or(usual, |value| key.nearest(value))
        });
        Setting(nearest.collect())
    }

    /// The values of the protocol itself, or what is nearest to them among those that may be chosen.
    #[must_use]
    pub fn usual(&self, protocol: &TrainingSpec) -> Setting {
        let keys = serde_json::to_value(protocol).unwrap_or(Value::Null);
        let values = self.keys.iter().map(|key| key.nearest(&keys[&key.name]));
        Setting(values.collect())
    }
}

impl TunedKey {
    /// A value as it stands in a protocol: a number of the range, or what is chosen at that place.
    #[must_use]
    pub fn value(&self, value: f64) -> Value {
        match self.parameter {
            Parameter::Range { whole: true, .. } => Value::from(value.round() as i64),
            Parameter::Range { .. } => Number::from_f64(value).map_or(Value::Null, Value::Number),
            // A place among them, as the search has it.
            Parameter::Ordered { .. } | Parameter::Named { .. } => {
                (self.choices.get(value as usize)).map_or(Value::Null, Value::clone)
            }
        }
    }

    /// The inverse of `value`; `None` for what it may not be.
    fn number(&self, value: &Value) -> Option<f64> {
        match self.parameter {
            Parameter::Range { .. } => {
                let number = value.as_f64()?;
                self.parameter.allows(number).then_some(number)
            }
            Parameter::Ordered { .. } | Parameter::Named { .. } => {
                let same = |choice: &&Value| match (choice.as_f64(), value.as_f64()) {
                    (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
                    _ => *choice == value,
                };
                let place = self.choices.iter().position(|choice| same(&choice));
                place.map(|place| place as f64)
            }
        }
    }

    /// What is nearest to `value`; the least of a range, and the first of other things, where that says nothing.
    fn nearest(&self, value: &Value) -> f64 {
        if let Some(number) = self.number(value) {
            return number;
        }
        match (&self.parameter, value.as_f64()) {
            (&Parameter::Range { low, high, .. }, Some(number)) => number.clamp(low, high),
            (&Parameter::Range { low, .. }, None) => low,
            (Parameter::Ordered { .. }, Some(number)) => {
                let far = |choice: &Value| choice.as_f64().map_or(f64::MAX, |c| (c - number).abs());
                let nearest = self.choices.iter().enumerate();
                let nearest = nearest.min_by(|a, b| far(a.1).total_cmp(&far(b.1)));
                nearest.map_or(0.0, |(place, _)| place as f64)
            }
            _ => 0.0,
        }
    }
}

impl Settings {
    /// What is searched: networks, with what is known of them as far as it is asked for, and the keys that are tuned.
    ///
    /// # Errors
    ///
    /// [`Error::NoFigure`] where the data would have to be known and are not, [`Error::Search`] for keys with nothing to choose.
    pub fn search_space(&self) -> Result<SearchSpace, Error> {
        let space = self.space_with_known()?;
        let parameters = self.tuning.keys.iter().map(|key| key.parameter.clone());
        let usual = match &self.evaluator {
            Evaluator::Local(training) => self.tuning.usual(&training.protocol),
            _ => self.tuning.usual(&TrainingSpec::default()),
        };
        Ok(Tuned::new(space, parameters.collect(), usual)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tuning() -> Tuning {
        let key = |name: &str, parameter, choices: Value| TunedKey {
            name: name.to_owned(),
            parameter,
            choices: serde_json::from_value(choices).unwrap(),
        };
        let rate = Parameter::Range {
            low: 1e-3,
            high: 0.3,
            log: true,
            whole: false,
        };
        Tuning::new(vec![
            key("learning-rate", rate, json!([])),
            key(
                "batch",
                Parameter::Ordered { count: 3 },
                json!([32, 64, 128]),
            ),
            key(
                "optimiser",
                Parameter::Named { count: 2 },
                json!(["sgd", "adamw"]),
            ),
        ])
    }

    #[test]
    fn settings_have_names_and_come_back() {
        let tuning = tuning();
        let setting = Setting(vec![0.0132, 2.0, 1.0]);
        let named = tuning.named(&setting);
        let expected = json!({"learning-rate": 0.0132, "batch": 128, "optimiser": "adamw"});
        assert_eq!(serde_json::to_value(&named).unwrap(), expected);
        let usual = Setting(vec![0.05, 1.0, 0.0]);
        assert_eq!(tuning.setting(&named, &usual).unwrap(), setting);
        assert_eq!(tuning.setting(&Keys::new(), &usual).unwrap(), usual);
        let wrong = |text: &str| {
            let keys: Keys = serde_json::from_str(text).unwrap();
            tuning.setting(&keys, &usual).unwrap_err()
        };
        assert_eq!(
            wrong("{\"momentum\":0.1}"),
            "momentum is not tuned by this search"
        );
        assert_eq!(wrong("{\"batch\":48}"), "batch cannot be 48 in this search");
        assert_eq!(
            wrong("{\"learning-rate\":0.5}"),
            "learning-rate cannot be 0.5 in this search"
        );
    }

    #[test]
    fn a_search_begins_with_the_protocols_own_values_or_what_is_nearest() {
        let protocol = TrainingSpec {
            learning_rate: 0.7,
            batch: 100,
            ..TrainingSpec::default()
        };
        assert_eq!(tuning().usual(&protocol), Setting(vec![0.3, 2.0, 0.0]));
    }
}
