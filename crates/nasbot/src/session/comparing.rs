//! What simple methods reach on the rows of the search, so that its score means something.

use nn_train::baselines::{self, Baseline, Method};
use nn_train::data;

use super::Session;
use crate::error::Error;
use crate::settings::Evaluator;
use crate::study::{Compared, Event, Simple};

impl Session<'_> {
    /// Fits the simple methods and records what they reach, unless that was done already. Data that cannot be read are no reason
    /// to end without a result: the worker will say so.
    pub(super) fn compare(&mut self) -> Result<(), Error> {
        let Evaluator::Local(training) = &self.settings.evaluator else {
            return Ok(());
        };
        if self.ledger.is_compared || self.ledger.best().is_none() {
            return Ok(());
        }
        match data::load(&training.data) {
            Ok(data) => {
                let reached = baselines::baselines(&data);
                let baselines = reached.iter().filter_map(simple).collect();
                self.record(Event::Compared(Compared { baselines }))
            }
            Err(error) => {
                self.observer.note(&format!(
                    "simple methods are not compared, since the data can't be read here: {error}"
                ));
                Ok(())
            }
        }
    }
}

/// A baseline as it is recorded; `None` where it has no score.
fn simple(baseline: &Baseline) -> Option<Simple> {
    let scores = baseline.scores.as_ref()?;
    let name = match baseline.method {
        Method::Majority => "the commonest class",
        Method::Mean => "the mean",
        Method::Ridge => "ridge regression",
        Method::Logistic => "logistic regression",
        Method::Neighbours => "nearest neighbours",
        _ => return None,
    };
    let some = match baseline.fitted < baseline.rows {
        true => format!(" on {} rows", baseline.fitted),
        false => String::new(),
    };
    Some(Simple {
        method: format!("{name}{some}"),
        validation: scores.validation.clone(),
        test: scores.test.clone(),
    })
}
