//! Sampling of hyper-parameters: slice sampling along directions that a population of particles suggests.
//!
//! A slice sampler needs no tuning and never rejects: it draws a level under the density at the current point, and a new
//! point from the part of a line above that level, shrinking an interval until it hits (Neal, Slice sampling, Annals of
//! Statistics 2003). Directions alternate between differences of two *other* particles, which follow the correlations of the
//! posterior whatever its shape (as in ensemble slice sampling, Karamanis and Beutler 2021), and random ones scaled
//! by the priors. The interval has a fixed length and a random position, so a move costs about four densities, no gradients.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// Shrinkings after which a move is given up (the interval is then 2⁻⁴⁰ of its length).
const SHRINKINGS: usize = 80;

/// One point of the population, with its log-density.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Particle {
    pub(crate) at: Vec<f64>,
    pub(crate) log_density: f64,
}

/// Moves every particle once along a line. `scales` are lengths typical for each coordinate; `follow` says whether to
/// take directions from the population.
pub(crate) fn sweep<R: Rng + ?Sized>(
    log_density: &mut impl FnMut(&[f64]) -> f64,
    population: &mut [Particle],
    scales: &[f64],
    follow: bool,
    rng: &mut R,
) {
    let count = population.len();
    for i in 0..count {
        let direction = if follow && count >= 3 {
            let a = (i + rng.random_range(1..count)) % count;
            let b = loop {
                let b = (i + rng.random_range(1..count)) % count;
                if b != a {
                    break b;
                }
            };
            let (a, b) = (&population[a].at, &population[b].at);
            // Two independent points differ by √2 standard deviations: four of those in all.
            a.iter().zip(b).map(|(a, b)| 3.0 * (a - b)).collect()
        } else {
            random_direction(scales, rng)
        };
        slice(log_density, &mut population[i], &direction, rng);
    }
}

/// A direction uniform on the sphere, stretched by the scales; four of these long.
fn random_direction<R: Rng + ?Sized>(scales: &[f64], rng: &mut R) -> Vec<f64> {
    let normal: Vec<f64> = scales.iter().map(|_| StandardNormal.sample(rng)).collect();
    let norm = crate::statistics::dot(&normal, &normal).sqrt();
    normal
        .iter()
        .zip(scales)
        .map(|(z, s)| 4.0 * s * z / norm)
        .collect()
}

/// One slice move along `direction`, whose length is that of the first interval.
fn slice<R: Rng + ?Sized>(
    log_density: &mut impl FnMut(&[f64]) -> f64,
    particle: &mut Particle,
    direction: &[f64],
    rng: &mut R,
) {
    let level = particle.log_density + libm::log(1.0 - rng.random::<f64>());
    let mut high = rng.random::<f64>();
    let mut low = high - 1.0;
    for _ in 0..SHRINKINGS {
        let t = low + (high - low) * rng.random::<f64>();
        let trial: Vec<f64> = particle
            .at
            .iter()
            .zip(direction)
            .map(|(x, d)| x + t * d)
            .collect();
        let value = log_density(&trial);
        if value > level {
            particle.at = trial;
            particle.log_density = value;
            return;
        }
        if t < 0.0 {
            low = t;
        } else {
            high = t;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    #[test]
    fn reproduces_the_moments_of_a_correlated_normal() {
        // Variances 1 and 4, correlation 0.9, mean (1, −2).
        let (rho, mean, std) = (0.9, [1.0, -2.0], [1.0, 2.0]);
        let mut density = |x: &[f64]| {
            let (u, v) = ((x[0] - mean[0]) / std[0], (x[1] - mean[1]) / std[1]);
            -0.5 * (u * u - 2.0 * rho * u * v + v * v) / (1.0 - rho * rho)
        };
        let mut rng = Pcg64::seed_from_u64(7);
        let mut population: Vec<Particle> = (0..8)
            .map(|i| vec![0.1 * f64::from(i), 0.0])
            .map(|at| Particle {
                log_density: density(&at),
                at,
            })
            .collect();
        let (mut sums, mut count) = ([0.0; 5], 0.0);
        for step in 0..6000 {
            sweep(
                &mut density,
                &mut population,
                &[1.0, 1.0],
                step % 2 == 0,
                &mut rng,
            );
            for p in population.iter().filter(|_| step >= 100) {
                let (u, v) = ((p.at[0] - mean[0]) / std[0], (p.at[1] - mean[1]) / std[1]);
                for (s, x) in sums.iter_mut().zip([u, v, u * u, v * v, u * v]) {
                    *s += x;
                }
                count += 1.0;
            }
        }
        // 47,200 correlated draws: the standard errors are about 0.01.
        for (found, expected) in sums.iter().zip([0.0, 0.0, 1.0, 1.0, rho]) {
            assert!(
                (found / count - expected).abs() < 0.05,
                "{found} {count} {expected}"
            );
        }
    }
}
