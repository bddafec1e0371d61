//! Means and deviations.

/// Mean and deviation of some numbers.
pub(super) struct Moments {
    pub(super) count: u64,
    pub(super) mean: f64,
    variance: f64,
    pub(super) is_constant: bool,
}

impl Moments {
    /// In two passes: in one, the squares of large numbers would lose what differs between them.
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (mut count, mut sum) = (0_u64, 0.0);
        let mut first = None;
        let mut is_constant = true;
        for x in values.clone() {
            count += 1;
            sum += x;
            is_constant &= (x - *first.get_or_insert(x)).abs() <= 0.0;
        }
        let n = count.max(1) as f64;
        let mean = sum / n;
        let variance = values.map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        Self {
            count,
            mean,
            variance,
            is_constant,
        }
    }

    /// The standard deviation, or 1 where there is none to divide by.
    pub(super) fn std(&self) -> f64 {
        let std = self.variance.sqrt();
        if self.is_constant || !std.is_normal() {
            1.0
        } else {
            std
        }
    }
}

/// Sums of bytes and of their squares.
#[derive(Default)]
pub(super) struct Sums {
    count: u64,
    sum: u64,
    squares: u64,
}

impl Sums {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        // As many squares of a byte as 32 bits hold.
        for bytes in bytes.chunks(1 << 16) {
            let (mut sum, mut squares) = (0, 0);
            for byte in bytes {
                let x = u32::from(*byte);
                sum += x;
                squares += x * x;
            }
            self.count += bytes.len() as u64;
            self.sum += u64::from(sum);
            self.squares += u64::from(squares);
        }
    }

    /// With n numbers, n²·variance = n·Σx² − (Σx)², which is a whole number too.
    pub(super) fn moments(&self) -> Moments {
        let n = u128::from(self.count);
        let (sum, squares) = (u128::from(self.sum), u128::from(self.squares));
        let scaled = n * squares - sum * sum;
        let count = self.count.max(1) as f64;
        Moments {
            count: self.count,
            mean: self.sum as f64 / count,
            variance: scaled as f64 / (count * count),
            is_constant: scaled == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Moments, Sums};

    #[test]
    fn moments_of_bytes_are_those_of_numbers() {
        let bytes = |n: u64, factor: u64| (0..n).map(move |i| (i * i * factor / 7 % 256) as u8);
        for (n, factor) in [(1, 1), (2, 900), (1000, 3), (200_000, 11), (50_000, 0)] {
            let bytes: Vec<u8> = bytes(n, factor).chain([255; 3]).collect();
            let mut sums = Sums::default();
            // Wherever they are cut.
            bytes.chunks(70_001).for_each(|bytes| sums.add(bytes));
            let (found, expected) = (
                sums.moments(),
                Moments::of(bytes.iter().map(|byte| f64::from(*byte))),
            );
            assert_eq!(found.count, expected.count);
            assert_eq!(
                (found.mean as f32).to_bits(),
                (expected.mean as f32).to_bits()
            );
            assert_eq!(
                (found.std() as f32).to_bits(),
                (expected.std() as f32).to_bits()
            );
            assert!((found.variance / expected.variance - 1.0).abs() < 1e-12);
            assert!(!found.is_constant);
        }
        let mut sums = Sums::default();
        sums.add(&[200; 100_000]);
        let found = sums.moments();
        assert!(found.is_constant && (found.mean - 200.0).abs() <= 0.0);
        assert!((found.std() - 1.0).abs() <= 0.0);
    }
}
