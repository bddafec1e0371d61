//! The distance of two profiles.

mod explicit;
mod fast;

use crate::lanes::{self, Instructions};
use crate::{Error, Metric, Profile, transport};

use explicit::careful;
pub(crate) use explicit::costs;
use fast::Fast;
pub use fast::Scratch;

/// Distances of one pair, one for each structural coefficient of the metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distance {
    /// The optimum of the transport: mass × cost.
    pub raw: Vec<f64>,
    /// `raw` over the total mass of both graphs: 0 for equal graphs, at most the null penalty.
    pub normalised: Vec<f64>,
}

impl Metric {
    /// The profile of a network: [`Profile::new`].
    ///
    /// # Errors
    /// As there.
    pub fn profile(&self, network: &nn_graph::Network) -> Result<Profile, Error> {
        Profile::new(network, self)
    }

    /// The distance of two profiles that were built for this metric.
    ///
    /// # Errors
    /// A profile was built for a metric with other labels or features.
    pub fn distance(&self, a: &Profile, b: &Profile) -> Result<Distance, Error> {
        let mut raw = vec![0.0; self.coefficients().len()];
        self.raw_into(&mut Scratch::default(), a, b, &mut raw)?;
        let normalised = raw.iter().map(|raw| normalise(*raw, a, b)).collect();
        Ok(Distance { raw, normalised })
    }

    /// The distances of two profiles, into slices, without allocating once `scratch` has grown.
    ///
    /// # Errors
    /// As [`Self::raw_into`].
    pub fn distance_into(
        &self,
        scratch: &mut Scratch,
        a: &Profile,
        b: &Profile,
        raw: &mut [f64],
        normalised: &mut [f64],
    ) -> Result<(), Error> {
        self.raw_into(scratch, a, b, raw)?;
        if normalised.len() != raw.len() {
            return Err(Error::Length {
                what: "the slice of normalised distances",
                found: normalised.len(),
                expected: raw.len(),
            });
        }
        for (normalised, &raw) in normalised.iter_mut().zip(raw.iter()) {
            *normalised = normalise(raw, a, b);
        }
        Ok(())
    }

    /// The raw distances of two profiles, into `raw`, without allocating once `scratch` has grown.
    ///
    /// # Errors
    /// A profile was built for a metric with other labels or features, or `raw` does not have one
    /// place for each coefficient.
    pub fn raw_into(
        &self,
        scratch: &mut Scratch,
        a: &Profile,
        b: &Profile,
        raw: &mut [f64],
    ) -> Result<(), Error> {
        a.check_for(self)?;
        b.check_for(self)?;
        if raw.len() != self.coefficients().len() {
            return Err(Error::Length {
                what: "the slice of distances",
                found: raw.len(),
                expected: self.coefficients().len(),
            });
        }
        for (x, y) in a.blocks.iter().zip(&b.blocks) {
            transport::check_size(x.len, y.len)?;
        }
        let mut sure = !a.wide && !b.wide;
        if sure {
            let instructions = scratch.instructions.unwrap_or_else(Instructions::best);
            let metric = self;
            sure = lanes::run(
                instructions,
                Fast {
                    scratch,
                    metric,
                    a,
                    b,
                    raw,
                },
            );
        }
        if !sure {
            careful(self, a, b, raw)?;
        }
        Ok(())
    }
}

/// `raw` over the total mass of both.
pub(crate) fn normalise(raw: f64, a: &Profile, b: &Profile) -> f64 {
    let total = a.total + b.total;
    if total > 0.0 { raw / total } else { 0.0 }
}
