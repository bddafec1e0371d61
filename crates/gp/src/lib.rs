//! Gaussian processes over anything that has distance matrices.
mod covariance;
mod distances;
mod ensemble;
mod error;
mod gp;
mod inference;
mod kernel;
mod likelihood;
mod matrix;
mod maximise;
mod posterior;
mod prior;
mod sample;
mod statistics;
mod surrogate;

pub use covariance::Indefinite;
pub use distances::Distances;
pub use ensemble::{Ensemble, Predictions, Scaling};
pub use error::Error;
pub use gp::{Gp, Options};
pub use inference::Inference;
pub use kernel::{Exponential, Form, Kernel};
pub use likelihood::{log_marginal_likelihood, log_marginal_likelihood_gradient};
pub use posterior::{Joint, Posterior, Prediction};
pub use prior::Prior;
pub use surrogate::{Settings, Standardise, Surrogate};
