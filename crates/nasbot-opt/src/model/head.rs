//! The processes over one figure.

use gp::{Exponential, Inference, Settings, Surrogate};
use ndarray::ArrayView3;
use rand_pcg::Pcg64;

use super::fits::Hyperparameters;
use super::{Layers, SWEEPS};
use crate::{Error, KernelKind, Transform, transform};

/// A process over the distances, and one over the counts alone where there are any.
pub(crate) struct Head {
    pub(super) surrogate: Surrogate<Exponential>,
    /// Over the counts alone, where there are any.
    pub(super) screen: Option<Surrogate<Exponential>>,
    /// The figure as it was told, in the order in which it was, such that more is better.
    pub(super) told: Vec<f64>,
    /// The same, those of rungs brought to the scale of the end.
    pub(super) scaled: Vec<f64>,
    transform: Transform,
}

impl Head {
    /// Without data; with so many `samples` of the hyper-parameters, or their one most likely value.
    pub(super) fn new(
        layers: Layers,
        kernel: KernelKind,
        samples: usize,
        transform: Transform,
    ) -> Result<Self, Error> {
        let settings = |inference| Settings {
            inference,
            ..Settings::default()
        };
        let maximise = Inference::Maximise { restarts: 0 };
        let inference = match samples {
            0 => maximise,
            members => Inference::Sample {
                members,
                sweeps: SWEEPS,
            },
        };
        let surrogate = Surrogate::new(layers.kernel(kernel)?, settings(inference))?;
        let screen = match layers.counts {
            0 => None,
            _ => Some(Surrogate::new(layers.count_kernel()?, settings(maximise))?),
        };
        Ok(Self {
            surrogate,
            screen,
            told: Vec::new(),
            scaled: Vec::new(),
            transform,
        })
    }

    /// Takes in values at points with these distances and counts: `cross` to what is known, `among` themselves.
    pub(super) fn extend(
        &mut self,
        distances: (ArrayView3<'_, f64>, ArrayView3<'_, f64>),
        counts: (ArrayView3<'_, f64>, ArrayView3<'_, f64>),
        values: &[f64],
    ) -> Result<(), Error> {
        self.surrogate.extend(distances.0, distances.1, values)?;
        if let Some(screen) = &mut self.screen {
            screen.extend(counts.0, counts.1, values)?;
        }
        self.told.extend(values);
        Ok(())
    }

    /// Learns from these, one for each of those that were told, in their place.
    pub(super) fn learn_from(&mut self, scaled: Vec<f64>) -> Result<(), Error> {
        self.scaled = scaled;
        let transformed = transform::apply(self.transform, &self.scaled);
        self.surrogate.set_scores(&transformed)?;
        if let Some(screen) = &mut self.screen {
            screen.set_scores(&transformed)?;
        }
        Ok(())
    }

    /// Chooses hyper-parameters anew.
    pub(super) fn refit(&mut self, rng: &mut Pcg64) -> Result<Hyperparameters, Error> {
        self.surrogate.refit(rng)?;
        let surrogate = self.surrogate.parameters().to_vec();
        let mut screened = Vec::new();
        if let Some(screen) = &mut self.screen {
            screen.refit(rng)?;
            screened = screen.parameters().to_vec();
        }
        Ok(Hyperparameters {
            surrogate,
            screen: screened,
        })
    }

    /// Uses hyper-parameters that were chosen before; `factored` says for every member when its covariance was last factored
    /// as a whole. Whether they fit this model.
    pub(super) fn restore(&mut self, chosen: &Hyperparameters, factored: &[usize]) -> bool {
        let Some((of_surrogate, of_screen)) = factored.split_at_checked(chosen.surrogate.len())
        else {
            return false;
        };
        let surrogate = chosen.surrogate.clone();
        self.surrogate.restore(surrogate, of_surrogate).is_ok()
            && match &mut self.screen {
                Some(screen) => screen.restore(chosen.screen.clone(), of_screen).is_ok(),
                None => true,
            }
    }

    /// For every member, those of the process over counts last, when its covariance was last factored as a whole.
    pub(super) fn factored(&self) -> Vec<usize> {
        let mut factored = self.surrogate.factored();
        factored.extend(self.screen.iter().flat_map(Surrogate::factored));
        factored
    }

    /// A value of the figure, such that more is better, in units of what is learnt from.
    pub(super) fn learnt(&self, value: f64) -> f64 {
        transform::forward(self.transform, &self.scaled, value)
    }

    /// What is learnt from, in the order in which it was told.
    pub(super) fn learns_from(&self) -> &[f64] {
        self.surrogate.scores()
    }
}
