//! Gaussian processes over anything that has distance matrices.
//!
//! The crate never sees the things that it models: only the distances between them, under one distance function or under several
//! at once. Made for Bayesian optimisation over neural architectures (Kandasamy et al., *Neural Architecture Search with
//! Bayesian Optimisation and Optimal Transport*, arXiv 1802.07191, "the paper"), it serves graphs, strings or molecules as well.
//!
//! | to … | use |
//! |---|---|
//! | model the scores of a search as they arrive | [`Surrogate`], its [`Ensemble`] and their [`Predictions`] |
//! | condition a process with given hyper-parameters | [`Gp`], its [`Posterior`] |
//! | choose or write a kernel | [`Form`], [`Exponential`], the trait [`Kernel`] |
//! | evaluate a marginal likelihood | [`log_marginal_likelihood`], [`log_marginal_likelihood_gradient`] |
//!
//! # Shapes and units
//!
//! Distances are finite and not negative. For d distance functions, n observations and m new points they come as
//! [`ndarray`] stacks: (d, n) for the row of one new observation, (d, m, n) between new points and observations, (d, m, m) among new
//! points. Kernels of the paper want raw and normalised distances in turn: raw₁, normalised₁, raw₂, normalised₂, …
//!
//! Hyper-parameters are positive and stand in vectors of their logarithms, the noise variance σ² first. A [`Surrogate`]
//! speaks in units of the scores; what is below it, in units of the targets it is given.
//!
//! # Example
//!
//! ```
//! use gp::{Exponential, Settings, Surrogate};
//! use ndarray::{Array2, Array3};
//! use rand_pcg::{Pcg64, rand_core::SeedableRng};
//!
//! /// A distance between words: in how many of the places they differ.
//! fn hamming(a: &str, b: &str) -> f64 {
//!     a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count() as f64
//! }
//!
//! // One term, one distance, to the first power: α exp(−β d).
//! let kernel = Exponential::new(1, &[&[(0, 1)]])?;
//! let mut model = Surrogate::new(kernel, Settings::default())?;
//!
//! // The score of a word: how many letters it shares with "crane".
//! let words = ["slate", "trace", "brand", "plumb", "crave", "ghost"];
//! for (i, word) in words.iter().enumerate() {
//!     let row = Array2::from_shape_fn((1, i), |(_, j)| hamming(word, words[j]));
//!     model.push(row.view(), 5.0 - hamming(word, "crane"))?;
//! }
//! model.refit(&mut Pcg64::seed_from_u64(1))?;
//!
//! // A word like the best so far promises more than one like the worst.
//! let new = ["crate", "ghoul"];
//! let cross = Array3::from_shape_fn((1, 2, 6), |(_, i, j)| hamming(new[i], words[j]));
//! let prediction = model.ensemble()?.predict(cross.view())?.mixture();
//! assert!(prediction.mean[0] > prediction.mean[1]);
//! # Ok::<(), gp::Error>(())
//! ```
//!
//! # What may be relied on
//!
//! - Equal inputs and seeds give equal results, bit for bit, on one machine, whatever the number of threads. The members of an
//!   ensemble are built side by side on rayon's threads; everything else runs on the calling one.
//! - Kernels need not be positive definite. [`Indefinite`] says what is done about it, [`Posterior`] what a prediction is then.
//! - A method that returns an error has changed nothing.
//! - With the feature `lapack`, linear algebra is done by LAPACK (system OpenBLAS) instead of pure Rust. Results agree to rounding.

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
mod parameters;
mod posterior;
mod prior;
mod sample;
mod statistics;
mod surrogate;
mod triangle;

pub use covariance::Indefinite;
pub use distances::Distances;
pub use ensemble::{Ensemble, Predictions, Scaling};
pub use error::Error;
pub use gp::Gp;
pub use inference::Inference;
pub use kernel::{Exponential, Form, Kernel};
pub use likelihood::{log_marginal_likelihood, log_marginal_likelihood_gradient};
pub use posterior::{Joint, Options, Posterior, Prediction};
pub use prior::Prior;
pub use surrogate::{Settings, Standardise, Surrogate};
pub use triangle::Triangle;

/// The program of the crate's README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
