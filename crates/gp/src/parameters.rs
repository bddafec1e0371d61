//! Vectors of hyper-parameters: their order, and whether they belong to a kernel and to distances.

use crate::distances::Distances;
use crate::error::{Error, check_length, check_values};
use crate::kernel::Kernel;

/// The logarithm of the noise variance, and the kernel's parameters.
pub(crate) fn split(parameters: &[f64]) -> (f64, &[f64]) {
    match parameters {
        [noise, kernel @ ..] => (*noise, kernel),
        [] => (f64::NAN, &[]),
    }
}

/// Checks that kernel, parameters and distances belong together.
pub(crate) fn check_model<K: Kernel + ?Sized>(
    kernel: &K,
    parameters: &[f64],
    distances: &Distances,
) -> Result<(), Error> {
    let count = 1 + kernel.num_parameters();
    check_length(
        "the vector of hyper-parameters",
        "values",
        count,
        parameters.len(),
    )?;
    check_values("the vector of hyper-parameters", parameters, true)?;
    check_length(
        "the stack of distances",
        "distance functions",
        kernel.depth(),
        distances.depth(),
    )
}
