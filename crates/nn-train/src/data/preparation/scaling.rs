//! By what the numbers of a column are scaled.

use super::moments::Moments;
use crate::data::spec::Scaling;

/// Where robustly scaled numbers end, in units of the scale.
const LIMIT: f64 = 3.0;

/// A column has heavy tails where its farthest number is more standard deviations than this from its mean. Of 100,000 numbers of a
/// normal distribution, the farthest is at about 4.4.
const FAR: f64 = 10.0;

/// The distance between the quartiles of a normal distribution, in standard deviations.
const QUARTILES: f64 = 1.349;

/// What a number becomes: z = (x − centre)/unit, and with a limit l, z/√(1 + (z/l)²), which is between −l and l.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) centre: f64,
    pub(super) unit: f64,
    pub(super) limit: Option<f64>,
}

impl Scale {
    /// That leaves numbers as they are.
    pub(super) const NONE: Self = Self {
        centre: 0.0,
        unit: 1.0,
        limit: None,
    };
}

/// The scale of a column of at least one number.
pub(super) fn scale(scaling: Scaling, moments: &Moments, mut numbers: Vec<f64>) -> Scale {
    let (mean, std) = (moments.mean, moments.std());
    let is_robust = match scaling {
        Scaling::Standard => false,
        Scaling::Robust => true,
        Scaling::Auto => numbers.iter().any(|x| (x - mean).abs() > FAR * std),
    };
    if !is_robust || moments.is_constant {
        return Scale {
            centre: mean,
            unit: std,
            limit: None,
        };
    }
    let mut quantile = |share: f64| {
        let place = (share * (numbers.len() - 1) as f64).round() as usize;
        *numbers.select_nth_unstable_by(place, f64::total_cmp).1
    };
    let quartiles = (quantile(0.75) - quantile(0.25)) / QUARTILES;
    Scale {
        centre: quantile(0.5),
        // Where more than half of the numbers are the same, the quartiles may be.
        unit: if quartiles.is_normal() {
            quartiles
        } else {
            std
        },
        limit: Some(LIMIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scaling: Scaling, numbers: &[f64]) -> Scale {
        scale(
            scaling,
            &Moments::of(numbers.iter().copied()),
            numbers.to_vec(),
        )
    }

    #[test]
    fn the_scale_is_that_of_the_quartiles_where_tails_are_heavy() {
        let mut numbers: Vec<f64> = (0..=1000).map(f64::from).collect();
        let plain = of(Scaling::Auto, &numbers);
        assert_eq!(plain, of(Scaling::Standard, &numbers));
        assert_eq!(plain.limit, None);
        numbers[1000] = 1e9;
        let robust = of(Scaling::Auto, &numbers);
        assert_eq!(robust, of(Scaling::Robust, &numbers));
        let expected = Scale {
            centre: 500.0,
            unit: 500.0 / 1.349,
            limit: Some(3.0),
        };
        assert_eq!(robust, expected);
    }

    #[test]
    fn a_column_that_is_mostly_one_number_is_scaled_by_its_deviation() {
        let mut numbers = vec![0.0; 1000];
        numbers[3] = 7.0;
        let found = of(Scaling::Auto, &numbers);
        let std = (49.0_f64 / 1000.0 * (1.0 - 1.0 / 1000.0)).sqrt();
        assert!((found.unit / std - 1.0).abs() < 1e-12);
        assert!(found.centre.abs() <= 0.0 && found.limit == Some(3.0));
        let constant = of(Scaling::Robust, &[5.0; 9]);
        assert_eq!(
            (constant.centre, constant.unit, constant.limit),
            (5.0, 1.0, None)
        );
    }
}
