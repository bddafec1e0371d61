//! Gaussian processes over anything that has distance matrices
