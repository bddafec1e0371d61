//! How fast evaluations go on, by how many there are at once.
//!
//! The model: ln vₑₙ = aₑ + cₙ + noise. Evaluation e goes on at the speed v (its share of itself a second) beside n − 1 others; aₑ,
//! normal with mean 0, says how large its network is, and cₙ what the card leaves each of n. An evaluation that went on beside
//! different numbers of others tells much about the differences of c; one that did not, little. The posterior of c is that of
//! least squares, with the aₑ integrated out: its precision is Σₑ (diag(wₑ) − wₑwₑᵀ/(Σwₑ + ρ))/σ² for the numbers wₑₙ of speeds and
//! ρ = σ²/τ².

use std::collections::{BTreeMap, VecDeque};

/// Standard deviation of the noise, σ, and of the logarithms of speeds among networks, τ.
const NOISE: f64 = 0.1;
const AMONG: f64 = 0.8;
/// Speeds that are kept: later networks may be others.
const KEPT: usize = 256;

/// One speed.
#[derive(Clone, Copy, Debug)]
struct Speed {
    evaluation: u64,
    number: usize,
    /// Its logarithm.
    value: f64,
}

/// What is known of speeds.
#[derive(Debug, Default)]
pub(super) struct Speeds {
    kept: VecDeque<Speed>,
}

impl Speeds {
    /// Takes in the logarithm of a speed beside so many, itself included.
    pub(super) fn add(&mut self, evaluation: u64, number: usize, value: f64) {
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Speed {
            evaluation,
            number,
            value,
        });
    }

    /// The logarithm of what `to` at once do in the time in which `from` at once do one, and its standard deviation. `None` where
    /// nothing is known of one of them.
    pub(super) fn gain(&self, from: usize, to: usize) -> Option<(f64, f64)> {
        let mut numbers: Vec<usize> = self.kept.iter().map(|speed| speed.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let place = |number| numbers.binary_search(&number).ok();
        let (i, j) = (place(from)?, place(to)?);
        let size = numbers.len();
        // Of each evaluation the number of speeds and their sum, by number at once.
        let mut evaluations: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
        for speed in &self.kept {
            let own = evaluations
                .entry(speed.evaluation)
                .or_insert_with(|| vec![(0.0, 0.0); size]);
            let (count, sum) = &mut own[place(speed.number)?];
            (*count, *sum) = (*count + 1.0, *sum + speed.value);
        }
        let rho = (NOISE / AMONG).powi(2);
        let mut precision = vec![vec![0.0; size]; size];
        let mut right = vec![0.0; size];
        for own in evaluations.values() {
            let count: f64 = own.iter().map(|(count, _)| count).sum();
            let sum: f64 = own.iter().map(|(_, sum)| sum).sum();
            for (a, (count_a, sum_a)) in own.iter().enumerate() {
                precision[a][a] += count_a;
                right[a] += sum_a - count_a * sum / (count + rho);
                for (b, (count_b, _)) in own.iter().enumerate() {
                    precision[a][b] -= count_a * count_b / (count + rho);
                }
            }
        }
        let solve = |right: Vec<f64>| solved(precision.clone(), right);
        let c = solve(right)?;
        let mut contrast = vec![0.0; size];
        contrast[j] += 1.0;
        contrast[i] -= 1.0;
        let spread = solve(contrast)?;
        let gain = (to as f64 / from as f64).ln() + c[j] - c[i];
        Some((gain, NOISE * (spread[j] - spread[i]).max(0.0).sqrt()))
    }
}

/// The x of Ax = b for a symmetric positive definite A, by elimination; `None` where it is none.
fn solved(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for k in 0..n {
        let (done, rest) = a.split_at_mut(k + 1);
        let row = &done[k][k..];
        if row[0] <= 1e-12 {
            return None;
        }
        for (i, other) in rest.iter_mut().enumerate() {
            let factor = other[k] / row[0];
            for (x, y) in other[k..].iter_mut().zip(row) {
                *x -= factor * y;
            }
            b[k + 1 + i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        let known = a[k][k + 1..].iter().zip(&b[k + 1..]);
        let known: f64 = known.map(|(x, y)| x * y).sum();
        b[k] = (b[k] - known) / a[k][k];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_all_sizes_cancel_where_they_went_on_beside_both_numbers() {
        let mut speeds = Speeds::default();
        assert!(speeds.gain(1, 2).is_none());
        // Sizes over four orders of magnitude; beside another one each goes on at 0.7 of its speed.
        for e in 0..6 {
            let own = f64::from(e) * 1.5 - 4.0;
            speeds.add(e as u64, 1, own);
            speeds.add(e as u64, 2, own + 0.7_f64.ln());
        }
        let (gain, doubt) = speeds.gain(1, 2).unwrap();
        assert!((gain - 1.4_f64.ln()).abs() < 1e-3, "{gain}");
        // The textbook's standard error of six differences of two values each, but for what the sizes tell.
        let paired = NOISE * (2.0_f64 / 6.0).sqrt();
        assert!((doubt / paired - 1.0).abs() < 0.02, "{doubt} {paired}");
        let (back, same) = speeds.gain(2, 1).unwrap();
        assert!((back + gain).abs() < 1e-9 && (same - doubt).abs() < 1e-9);
    }

    #[test]
    fn without_pairs_the_means_are_compared_with_little_faith() {
        let mut speeds = Speeds::default();
        for e in 0..8 {
            speeds.add(e, 1 + (e % 2) as usize, if e % 2 == 0 { 1.0 } else { 0.5 });
        }
        let (gain, doubt) = speeds.gain(1, 2).unwrap();
        assert!((gain - (2.0_f64.ln() - 0.5)).abs() < 1e-9);
        // Two means of four evaluations each: √(2(σ² + τ²)/4).
        let expected = ((NOISE.powi(2) + AMONG.powi(2)) / 2.0).sqrt();
        assert!((doubt - expected).abs() < 1e-9, "{doubt} {expected}");
    }
}
