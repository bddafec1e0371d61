//! Every set of instructions gives the same bits in every loop, and those are what plain arithmetic gives.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::*;

/// Numbers in every loop: a few chunks, more than one word of bits.
const LEN: usize = 88;
const ROWS: usize = 5;
const WORDS: usize = 2;

/// What the loops work on. Values are drawn from few, so that there are ties.
struct Input {
    values: Vec<f64>,
    others: Vec<f64>,
    rows: Vec<f64>,
    matrix: Vec<f64>,
    words: Vec<u64>,
    terms: Vec<(usize, f64)>,
    heights: (usize, usize),
    bytes: Vec<[u64; LANES]>,
    reals: Vec<[f64; LANES]>,
    above: f64,
}

fn draw(rng: &mut Pcg64) -> Input {
    let number = |rng: &mut Pcg64| match rng.random_range(0..8) {
        0 => NEVER,
        1 => 0.0,
        2 => rng.random::<f64>() - 0.5,
        _ => f64::from(rng.random_range(-4_i8..4)) / 4.0,
    };
    let numbers = |rng: &mut Pcg64, n: usize| (0..n).map(|_| number(rng)).collect::<Vec<f64>>();
    let heights = [(2, 8), (2, 6), (1, 3), (0, 0)][rng.random_range(0..4_usize)];
    let tiles = LEN / LANES;
    Input {
        values: numbers(rng, LEN),
        others: numbers(rng, LEN),
        rows: numbers(rng, ROWS),
        matrix: numbers(rng, ROWS * LEN),
        words: (0..WORDS * LEN).map(|_| rng.random()).collect(),
        terms: (0..20)
            .map(|_| (rng.random_range(0..LEN), number(rng)))
            .collect(),
        heights,
        bytes: (0..tiles * heights.0).map(|_| rng.random()).collect(),
        reals: (0..tiles * heights.1)
            .map(|_| std::array::from_fn(|_| rng.random()))
            .collect(),
        above: [-2.0, 0.0, 0.75, 9.0][rng.random_range(0..4_usize)],
    }
}

/// What comes out of every loop.
#[derive(Debug, PartialEq)]
struct Found {
    structure: Vec<u64>,
    savings: Vec<u64>,
    best: Option<(usize, u64)>,
    best_of_rows: Option<(usize, usize, u64)>,
    largest: Option<(usize, u64)>,
    smallest: Option<(usize, u64)>,
    containing: [u64; WORDS],
    accumulated: Vec<u64>,
    shifted: Vec<u64>,
}

/// The bits of numbers, of which 0 and −0 are the same.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|&x| (x + 0.0).to_bits()).collect()
}

fn place((at, value): (usize, f64)) -> (usize, u64) {
    (at, (value + 0.0).to_bits())
}

const TERMS: Terms = Terms {
    ceiling: 2.0,
    slope: 0.3,
    grid: 6.755_399_441_055_744e15 / 1_048_576.0,
};

impl Kernel for &Input {
    type Output = Found;

    #[inline(always)]
    fn run(self, lanes: impl Lanes) -> Found {
        let features = Features {
            heights: self.heights,
            bytes: &self.bytes,
            reals: &self.reals,
        };
        let mut structure = vec![0.0; 7 * (LEN - LANES)];
        lanes.structure(
            features,
            3..10,
            features,
            LANES,
            LEN - LANES,
            &mut structure,
        );
        let mut savings = vec![0.0; LEN];
        lanes.savings(TERMS, &self.values, &self.others, &mut savings);
        let mut accumulated = vec![1.0; LEN];
        lanes.accumulate(&mut accumulated, &self.words, &self.terms);
        let mut shifted = self.values.clone();
        lanes.shift(&mut shifted, &self.words, 0.3);
        Found {
            structure: bits(&structure),
            savings: bits(&savings),
            best: lanes
                .best(&self.values, &self.others, self.above)
                .map(place),
            best_of_rows: lanes
                .best_of_rows(&self.matrix, &self.others, &self.rows)
                .map(|(row, column, gain)| (row, column, gain.to_bits())),
            largest: lanes.largest(&self.values, self.above).map(place),
            smallest: lanes.smallest(&self.values, self.above).map(place),
            containing: lanes.containing(&self.words[..LEN], 17),
            accumulated: bits(&accumulated),
            shifted: bits(&shifted),
        }
    }
}

/// The first of the largest values, if it exceeds `above`.
fn first_largest(values: &[f64], above: f64) -> Option<(usize, u64)> {
    let best = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let at = values.iter().position(|&x| x >= best)?;
    (best > above).then_some(place((at, best)))
}

/// The same by plain arithmetic, one number at a time.
fn expected(input: &Input) -> Found {
    let tile = |i: usize| (i / LANES, i % LANES);
    let (words, reals) = input.heights;
    let structure = (3..10)
        .flat_map(|i| (LANES..LEN).map(move |j| (i, j)))
        .map(|(i, j)| {
            let ((t, x), (u, y)) = (tile(i), tile(j));
            let bytes = (0..words).map(|k| {
                let (a, b) = (input.bytes[t * words + k][x], input.bytes[u * words + k][y]);
                let pairs = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
                pairs.map(|(a, b)| u64::from(a.abs_diff(b))).sum::<u64>()
            });
            let start = bytes.sum::<u64>() as f64;
            (0..reals).fold(start, |sum, k| {
                sum + (input.reals[t * reals + k][x] - input.reals[u * reals + k][y]).abs()
            })
        });
    let structure: Vec<f64> = structure.collect();
    let pairs = || input.values.iter().zip(&input.others);
    let savings: Vec<f64> = pairs().map(|(&m, &s)| TERMS.saving(m, s)).collect();
    let sums: Vec<f64> = pairs().map(|(a, b)| a + b).collect();
    let negated: Vec<f64> = input.values.iter().map(|x| -x).collect();
    let is_set = |word: usize, bit: usize| input.words[word] >> bit & 1 == 1;
    let accumulated: Vec<f64> = (0..LEN)
        .map(|i| {
            let terms = input
                .terms
                .iter()
                .filter(|&&(node, _)| is_set(i / 64 * LEN + node, i % 64));
            terms.fold(0.0, |sum, &(_, term)| sum + term)
        })
        .collect();
    let shifted: Vec<f64> = (input.values.iter().enumerate())
        .map(|(i, x)| if is_set(i / 64, i % 64) { x + 0.3 } else { *x })
        .collect();
    let mut containing = [0; WORDS];
    (0..LEN)
        .filter(|&i| is_set(i, 17))
        .for_each(|i| containing[i / 64] |= 1 << (i % 64));
    // By row, then by column: the first row with the largest gain, and its first column that reaches it.
    let row_of = |row: usize| input.matrix[row * LEN..][..LEN].iter().zip(&input.others);
    let best = |row: usize| {
        row_of(row)
            .map(|(s, c)| s + c)
            .fold(f64::NEG_INFINITY, f64::max)
    };
    let gains: Vec<f64> = (0..ROWS).map(|row| best(row) - input.rows[row]).collect();
    let best_of_rows = first_largest(&gains, 0.0).and_then(|(row, gain)| {
        let target = f64::from_bits(gain) + input.rows[row];
        let column = row_of(row).position(|(s, c)| s + c >= target)?;
        Some((row, column, gain))
    });
    Found {
        structure: bits(&structure),
        savings: bits(&savings),
        best: first_largest(&sums, input.above),
        best_of_rows,
        largest: first_largest(&input.values, input.above),
        smallest: first_largest(&negated, -input.above)
            .map(|(at, value)| place((at, -f64::from_bits(value)))),
        containing,
        accumulated: bits(&accumulated),
        shifted: bits(&shifted),
    }
}

#[test]
fn all_instructions_give_the_bits_of_plain_arithmetic() {
    let mut rng = Pcg64::seed_from_u64(5);
    for round in 0..2000 {
        let input = draw(&mut rng);
        let expected = expected(&input);
        for instructions in Instructions::ALL.into_iter().filter(|i| i.is_available()) {
            assert_eq!(
                run(instructions, &input),
                expected,
                "{round} {instructions:?}"
            );
        }
    }
}

#[test]
fn nothing_has_no_largest_number() {
    struct Empty;
    impl Kernel for Empty {
        type Output = [bool; 3];

        #[inline(always)]
        fn run(self, lanes: impl Lanes) -> [bool; 3] {
            [
                lanes.largest(&[], f64::NEG_INFINITY).is_some(),
                lanes.smallest(&[], f64::INFINITY).is_some(),
                lanes.best(&[], &[], f64::NEG_INFINITY).is_some(),
            ]
        }
    }
    for instructions in Instructions::ALL {
        assert_eq!(run(instructions, Empty), [false; 3]);
    }
}
