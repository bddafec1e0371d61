//! The one error type of the crate.

/// What can go wrong: always the caller's data, or arithmetic that left the finite numbers.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two arrays that must agree in length or shape do not.
    #[error("{what} has {found} {axis}, but {expected} are needed")]
    Shape {
        /// The array that was given.
        what: &'static str,
        /// What is counted along the offending axis.
        axis: &'static str,
        /// The length that would have been right.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// A NaN, an infinity, or a negative distance.
    #[error("{what} holds {value} at position {index}: only finite{} numbers are allowed", if *.negative_allowed { "" } else { ", non-negative" })]
    Value {
        /// The array that was given.
        what: &'static str,
        /// Position in that array, counted in row-major order.
        index: usize,
        /// The value found there.
        value: f64,
        /// Whether a negative number would have been fine.
        negative_allowed: bool,
    },
    /// Something that needs observations was asked of a model without any.
    #[error("the model has no observations yet: push at least one before {operation}")]
    NoObservations {
        /// What was attempted.
        operation: &'static str,
    },
    /// Predictions were asked of a surrogate whose hyper-parameters were never chosen.
    #[error("the surrogate has not been fitted yet: call refit (or set_parameters) first")]
    NotFitted,
    /// A setting outside its range.
    #[error("setting `{name}` is {value}: {expected}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// The value given.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// The covariance matrix could not be factored, even after its negative eigenvalues were clipped.
    #[error(
        "the covariance of {size} observations could not be factored (noise variance {noise:e}): \
         raise the noise or check the kernel's parameters for overflow"
    )]
    NotPositiveDefinite {
        /// Number of observations, pending ones included.
        size: usize,
        /// The noise variance in use.
        noise: f64,
    },
}

/// Checks that every number is finite, and not negative unless that is allowed.
pub(crate) fn check_values<'a>(
    what: &'static str,
    values: impl IntoIterator<Item = &'a f64>,
    negative_allowed: bool,
) -> Result<(), Error> {
    let bad = |v: f64| !v.is_finite() || (!negative_allowed && v < 0.0);
    match values.into_iter().enumerate().find(|(_, v)| bad(**v)) {
        None => Ok(()),
        Some((index, &value)) => Err(Error::Value {
            what,
            index,
            value,
            negative_allowed,
        }),
    }
}

/// Checks one length.
pub(crate) fn check_length(
    what: &'static str,
    axis: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), Error> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::Shape {
            what,
            axis,
            expected,
            found,
        })
    }
}
