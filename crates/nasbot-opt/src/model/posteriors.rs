//! What the processes of a model say of candidates.

use std::borrow::Cow;

use gp::{Ensemble, Exponential, Surrogate};
use ndarray::{Array2, Array3};

use crate::Error;

/// One ensemble for each figure.
pub(crate) type Posteriors<'a> = Vec<Cow<'a, Ensemble<Exponential>>>;

pub(super) fn as_they_are<'a>(
    surrogates: impl Iterator<Item = &'a Surrogate<Exponential>>,
) -> Result<Posteriors<'a>, Error> {
    let ensembles = surrogates.map(|surrogate| Ok(Cow::Borrowed(surrogate.ensemble()?)));
    ensembles.collect()
}

pub(super) fn with_pending<'a>(
    surrogates: impl Iterator<Item = &'a Surrogate<Exponential>>,
    cross: &Array3<f64>,
    among: &Array3<f64>,
) -> Result<Posteriors<'a>, Error> {
    let ensembles = surrogates.map(|surrogate| {
        let ensemble = surrogate.ensemble()?;
        Ok(Cow::Owned(
            ensemble.with_pending(cross.view(), among.view())?,
        ))
    });
    ensembles.collect()
}

/// Means at points with these distances: rows are members.
pub(super) fn means(
    surrogate: &Surrogate<Exponential>,
    cross: Array3<f64>,
) -> Result<Array2<f64>, Error> {
    let ensemble = surrogate.ensemble()?;
    let scaling = ensemble.scaling();
    let mut means = Array2::zeros((ensemble.members().len(), cross.dim().1));
    for (mut row, member) in means.rows_mut().into_iter().zip(ensemble.members()) {
        row.assign(&(member.predict_mean(cross.view())? * scaling.scale + scaling.centre));
    }
    Ok(means)
}

pub(super) fn best_means(means: &Array2<f64>) -> Vec<f64> {
    let best =
        |row: ndarray::ArrayView1<'_, f64>| row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    means.rows().into_iter().map(best).collect()
}
