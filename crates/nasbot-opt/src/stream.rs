//! Random streams: one for every suggestion, a pure function of the search's seed and the
//! suggestion's number, so that a resumed search draws what the uninterrupted one would have drawn.

use rand::SeedableRng;
use rand_pcg::Pcg64;

/// What a stream is for. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Drawing the initial candidates.
    Initial,
    /// Making one suggestion.
    Suggest,
    /// The seed handed to the evaluation.
    Evaluate,
    /// Choosing hyper-parameters.
    Fit,
    /// Learning from an earlier study.
    Earlier,
}

/// A 64-bit seed derived from the search's seed, a purpose and a number.
pub(crate) fn derive(seed: u64, purpose: Purpose, number: u64) -> u64 {
    let tag = match purpose {
        Purpose::Initial => 1,
        Purpose::Suggest => 2,
        Purpose::Evaluate => 3,
        Purpose::Fit => 4,
        Purpose::Earlier => 5,
    };
    let seeded = mix(seed);
    let tagged = mix(seeded ^ tag);
    mix(tagged ^ number)
}

/// Mixes all bits into all bits; one to one (the finaliser of SplitMix64), and not fixed at 0.
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The random stream for a purpose and a number.
pub(crate) fn stream(seed: u64, purpose: Purpose, number: u64) -> Pcg64 {
    Pcg64::seed_from_u64(derive(seed, purpose, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_seeds_and_numbers_give_different_streams() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            for number in 0..50 {
                for purpose in [Purpose::Initial, Purpose::Suggest, Purpose::Evaluate] {
                    assert!(seen.insert(derive(seed, purpose, number)));
                }
            }
        }
    }
}
