//! Masses as exact integers.
//!
//! Simplex pivots add and subtract masses. In floating point each of them may round, flows that
//! should be zero are not, and the argument for termination (see [`super`]) falls. Masses are
//! therefore integers, multiples of a power of two: `i64` with 62 bits for the total of a pair,
//! and `i128` with 126 bits where the rounding to 62 bits could show in the result.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Sub, SubAssign};

/// An exact amount of mass: an integer multiple of a quantum that the caller keeps.
pub(crate) trait Amount:
    Copy + Ord + Debug + Default + Add<Output = Self> + Sub<Output = Self> + AddAssign + SubAssign
{
    /// Bits that the sum of all amounts of a problem may take.
    const BITS: i32;
    /// The nearest integer; `value` is not negative and below 2^BITS.
    fn from_f64(value: f64) -> Self;
    /// The nearest double.
    fn to_f64(self) -> f64;
}

impl Amount for i64 {
    const BITS: i32 = 62;

    fn from_f64(value: f64) -> Self {
        value.round_ties_even() as Self
    }

    fn to_f64(self) -> f64 {
        self as f64
    }
}

impl Amount for i128 {
    const BITS: i32 = 126;

    fn from_f64(value: f64) -> Self {
        value.round_ties_even() as Self
    }

    fn to_f64(self) -> f64 {
        self as f64
    }
}

/// The exponent e for which masses × 2^e have a total below 2^`bits`, and as close to it as e is
/// an integer. For a total of 0, the exponent of a total of 1.
pub(crate) fn exponent(total: f64, bits: i32) -> i32 {
    // frexp by hand: total lies in [2^(field - 1023), 2^(field - 1022)), or below for subnormals.
    let field = if total > 0.0 {
        ((total.to_bits() >> 52) & 0x7ff) as i32
    } else {
        1023
    };
    // One spare bit: rounding each of the masses up must not carry the total over the limit.
    (bits - 1) - (field - 1022)
}

/// 2^e × value, exact but for underflow. e may leave the range of a double's exponent.
pub(crate) fn scale(value: f64, e: i32) -> f64 {
    let power = |e: i32| f64::from_bits(((e + 1023) as u64) << 52);
    let mut value = value;
    let mut e = e;
    while e > 1000 {
        value *= power(1000);
        e -= 1000;
    }
    while e < -1000 {
        value *= power(-1000);
        e += 1000;
    }
    value * power(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_fill_their_bits() {
        for total in [1.0, 1.5, 2.0, 1e-3, 1e12, 123_456.789, 5e-324, 1e308] {
            for bits in [62, 126] {
                let scaled = scale(total, exponent(total, bits));
                assert!(scaled < 2f64.powi(bits - 1), "{total} {scaled}");
                assert!(scaled >= 2f64.powi(bits - 2) || total < 1e-300);
            }
        }
    }
}
