//! Numbers in the least that holds them: a byte each where all are whole and small, as those of pictures are, else 32 or
//! 64 bits.

/// Numbers, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// Whole numbers from 0 to 255.
    Bytes(Vec<u8>),
    /// Numbers that 32 bits hold exactly.
    Singles(Vec<f32>),
    /// Others.
    Doubles(Vec<f64>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Singles(values) => values.len(),
            Self::Doubles(values) => values.len(),
        }
    }

    /// Bytes that one number takes.
    pub(super) const fn width(&self) -> usize {
        match self {
            Self::Bytes(_) => 1,
            Self::Singles(_) => 4,
            Self::Doubles(_) => 8,
        }
    }

    pub(super) fn get(&self, i: usize) -> f64 {
        match self {
            Self::Bytes(values) => f64::from(values[i]),
            Self::Singles(values) => f64::from(values[i]),
            Self::Doubles(values) => values[i],
        }
    }

    /// Appends a number; where it does not fit, all move to the next larger type.
    #[inline]
    pub(super) fn push(&mut self, x: f64) {
        match self {
            Self::Bytes(values) if is_byte(x) => values.push(x as u8),
            Self::Singles(values) if is_single(x) => values.push(x as f32),
            Self::Doubles(values) => values.push(x),
            Self::Bytes(_) | Self::Singles(_) => self.widen(x),
        }
    }

    #[cold]
    fn widen(&mut self, x: f64) {
        *self = match std::mem::take(self) {
            Self::Bytes(values) if is_single(x) => {
                let mut wider = roomy(values.capacity());
                wider.extend(values.iter().map(|&byte| f32::from(byte)));
                Self::Singles(wider)
            }
            narrow => {
                let capacity = match &narrow {
                    Self::Bytes(values) => values.capacity(),
                    Self::Singles(values) => values.capacity(),
                    Self::Doubles(values) => values.capacity(),
                };
                let mut wider = roomy(capacity);
                wider.extend((0..narrow.len()).map(|i| narrow.get(i)));
                Self::Doubles(wider)
            }
        };
        self.push(x);
    }

    /// Makes room for so many numbers if there is so much memory.
    pub(super) fn reserve(&mut self, count: usize) {
        // Where there is not, the numbers themselves will tell.
        let _ = match self {
            Self::Bytes(values) => values.try_reserve_exact(count),
            Self::Singles(values) => values.try_reserve_exact(count),
            Self::Doubles(values) => values.try_reserve_exact(count),
        };
    }
}

fn roomy<T>(capacity: usize) -> Vec<T> {
    let mut values = Vec::new();
    // As above.
    let _ = values.try_reserve_exact(capacity);
    values
}

/// Minus zero would lose its sign in a byte.
fn is_byte(x: f64) -> bool {
    (0.0..=255.0).contains(&x) && x.fract() <= 0.0 && x.is_sign_positive()
}

/// A number that is none stands for a gap.
fn is_single(x: f64) -> bool {
    x.is_nan() || f64::from(x as f32).to_bits() == x.to_bits()
}

#[cfg(test)]
mod tests {
    use super::Values;

    #[test]
    fn numbers_come_back_as_they_were_in_the_least_room() {
        let numbers = [
            0.0,
            255.0,
            7.0,
            -0.0,
            0.5,
            f64::NAN,
            256.0,
            0.1,
            1e300,
            -3.0,
        ];
        let widths = [1, 1, 1, 4, 4, 4, 4, 8, 8, 8];
        let mut values = Values::default();
        for (i, (x, width)) in numbers.iter().zip(widths).enumerate() {
            values.push(*x);
            assert_eq!(values.width(), width, "{x}");
            for (j, y) in numbers[..=i].iter().enumerate() {
                let found = values.get(j);
                assert!(found.to_bits() == y.to_bits() || (found.is_nan() && y.is_nan()));
            }
        }
        let mut straight = Values::default();
        [1.0, 1e-300].iter().for_each(|&x| straight.push(x));
        assert_eq!(straight, Values::Doubles(vec![1.0, 1e-300]));
    }
}
