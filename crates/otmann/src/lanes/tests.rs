//! Every operation under every set of instructions that this machine has, against plain loops.

use rand::RngExt;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::portable::byte_distance;
use super::{Features, Instructions, Kernel, LANES, Lanes as _, NEVER, Simd, Terms, padded, run};

/// Words of the sets of nodes: enough for the most columns of a case, and one to spare.
const WORDS: usize = 4;

/// Random arguments for all operations.
struct Case {
    heights: (usize, usize),
    bytes: Vec<[u64; LANES]>,
    reals: Vec<[f64; LANES]>,
    /// Layers of the rows, then the tile in which the columns' begin.
    layers: std::ops::Range<usize>,
    first: usize,
    terms: Terms,
    /// Rows by columns, padded: mismatches, structural sums and savings.
    mismatch: Vec<f64>,
    structure: Vec<f64>,
    saving: Vec<f64>,
    rows: Vec<f64>,
    columns: Vec<f64>,
    threshold: f64,
    /// By word, then column.
    sets: Vec<u64>,
    bit: u32,
    summands: Vec<(usize, f64)>,
    by: f64,
}

/// How the numbers of a case are drawn.
#[derive(Clone, Copy, Debug)]
enum Draw {
    /// Any doubles: all differ, and sums are rounded.
    Any,
    /// Few multiples of 1/2: ties everywhere.
    Few,
    /// All the same.
    Same,
    /// None that is positive.
    Negative,
}

impl Draw {
    fn number(self, rng: &mut Pcg64) -> f64 {
        match self {
            Self::Any => rng.random_range(-2.0..2.0),
            // Adding 0.0 makes a zero of either sign +0.0.
            Self::Few => f64::from(rng.random_range(-3..4_i8)) * 0.5 + 0.0,
            Self::Same => 1.0,
            Self::Negative => -f64::from(rng.random_range(1..4_u8)),
        }
    }

    fn numbers(self, rng: &mut Pcg64, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.number(rng)).collect()
    }
}

impl Case {
    fn new(
        draw: Draw,
        heights: (usize, usize),
        (rows, columns): (usize, usize),
        seed: u64,
    ) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let rng = &mut rng;
        let stride = padded(columns);
        let (start, first) = (rng.random_range(0..20), LANES * rng.random_range(0..3));
        let layers = start..start + rows;
        let tiles = padded(layers.end.max(first + stride)) / LANES;
        let extremes = [0, u64::MAX, 0xff00_ff00_ff00_ff00];
        let word = |rng: &mut Pcg64| match draw {
            Draw::Any => rng.random(),
            _ => extremes[rng.random_range(0..extremes.len())],
        };
        let bytes = (0..tiles * heights.0)
            .map(|_| std::array::from_fn(|_| word(rng)))
            .collect();
        let reals = (0..tiles * heights.1)
            .map(|_| std::array::from_fn(|_| draw.number(rng)))
            .collect();
        let mut saving = draw.numbers(rng, rows * stride);
        for (place, saving) in saving.iter_mut().enumerate() {
            if place % stride >= columns || rng.random_bool(0.3) {
                *saving = NEVER;
            }
        }
        let mut potentials = draw.numbers(rng, stride);
        potentials[columns..].fill(0.0);
        if columns > 3 {
            potentials[rng.random_range(0..columns)] = NEVER;
        }
        let density = rng.random_range(0.0..1.0);
        // Sets of columns, padding included.
        let sets = (0..WORDS * stride)
            .map(|k| {
                let members = (0..64).filter(|bit| k / stride * 64 + bit < stride);
                members.fold(0, |set, bit| {
                    set | u64::from(rng.random_bool(density)) << bit
                })
            })
            .collect();
        let summands = (0..if stride == 0 {
            0
        } else {
            rng.random_range(0..20)
        })
            .map(|_| (rng.random_range(0..stride), draw.number(rng)))
            .collect();
        Self {
            heights,
            bytes,
            reals,
            layers,
            first,
            terms: Terms {
                ceiling: 2.0,
                slope: if rng.random() {
                    0.25
                } else {
                    rng.random_range(0.0..1.0)
                },
                grid: 1.5 * 2_f64.powi(rng.random_range(0..53)),
            },
            mismatch: draw.numbers(rng, rows * stride),
            structure: draw.numbers(rng, rows * stride),
            saving,
            rows: draw.numbers(rng, rows),
            columns: potentials,
            threshold: if rng.random() {
                0.0
            } else {
                draw.number(rng).max(0.0)
            },
            sets,
            bit: rng.random_range(0..64),
            summands,
            by: draw.number(rng),
        }
    }

    fn features(&self) -> Features<'_> {
        Features {
            heights: self.heights,
            bytes: &self.bytes,
            reals: &self.reals,
        }
    }
}

/// What an operation returned, by its name, as bits.
type Results = Vec<(&'static str, Vec<u64>)>;

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn place(found: Option<(usize, f64)>) -> Vec<u64> {
    found.map_or(vec![], |(at, value)| vec![at as u64, value.to_bits()])
}

fn row_and_column(found: Option<(usize, usize, f64)>) -> Vec<u64> {
    found.map_or(vec![], |(row, column, gain)| {
        vec![row as u64, column as u64, gain.to_bits()]
    })
}

/// All operations on a case.
struct All<'a>(&'a Case);

impl Kernel for All<'_> {
    type Output = Results;

    #[inline(always)]
    fn run(self, lanes: impl Simd) -> Results {
        let case = self.0;
        let stride = case.columns.len();
        // What buffers hold before is of no consequence.
        let mut structure = vec![f64::NAN; case.rows.len() * stride];
        let (features, rows) = (case.features(), case.layers.clone());
        lanes.structure(features, rows, features, case.first, stride, &mut structure);
        let mut savings = vec![f64::NAN; case.mismatch.len()];
        lanes.savings(case.terms, &case.mismatch, &case.structure, &mut savings);
        let mut sums = vec![f64::NAN; stride];
        lanes.accumulate(&mut sums, &case.sets, &case.summands);
        let mut shifted = case.columns.clone();
        lanes.shift(
            &mut shifted,
            &case.sets[..WORDS.min(case.sets.len())],
            case.by,
        );
        let word = &case.sets[..stride];
        let first_row = &case.saving[..stride.min(case.saving.len())];
        vec![
            ("structure", bits(&structure)),
            ("savings", bits(&savings)),
            (
                "best",
                place(lanes.best(first_row, &case.columns, case.threshold)),
            ),
            (
                "best_of_rows",
                row_and_column(lanes.best_of_rows(&case.saving, &case.columns, &case.rows)),
            ),
            (
                "largest",
                place(lanes.largest(&case.columns, case.threshold)),
            ),
            (
                "smallest",
                place(lanes.smallest(&case.columns, -case.threshold)),
            ),
            (
                "all_containing",
                lanes.all_containing::<WORDS>(word, case.bit).to_vec(),
            ),
            ("accumulate", bits(&sums)),
            ("shift", bits(&shifted)),
        ]
    }
}

/// The first of the largest values, if that exceeds `above`.
fn first_largest(values: impl Iterator<Item = f64>, above: f64) -> Option<(usize, f64)> {
    let mut found = None;
    let mut most = above;
    for (at, value) in values.enumerate() {
        if value > most {
            most = value;
            found = Some((at, value));
        }
    }
    found
}

fn is_in(set: &[u64], member: usize) -> bool {
    set[member / 64] >> (member % 64) & 1 == 1
}

/// What the operations ought to return.
fn expected(case: &Case) -> Results {
    let stride = case.columns.len();
    let (words, reals) = case.heights;
    let mut structure = Vec::new();
    for x in case.layers.clone() {
        for y in case.first..case.first + stride {
            let [(i, k), (j, l)] = [x, y].map(|layer| (layer / LANES, layer % LANES));
            let counts =
                (0..words).map(|n| (case.bytes[i * words + n][k], case.bytes[j * words + n][l]));
            let differences =
                (0..reals).map(|n| case.reals[i * reals + n][k] - case.reals[j * reals + n][l]);
            let count: u64 = counts.map(|(x, y)| slow_byte_distance(x, y)).sum();
            structure
                .push(differences.fold(count as f64, |sum, difference| sum + difference.abs()));
        }
    }
    let savings: Vec<f64> = (case.mismatch.iter().zip(&case.structure))
        .map(|(&mismatch, &structure)| case.terms.saving(mismatch, structure))
        .collect();
    let gains = (case.saving.iter().enumerate())
        .map(|(k, saving)| (saving + case.columns[k % stride]) - case.rows[k / stride]);
    let best_of_rows = first_largest(gains, 0.0).map(|(at, gain)| (at / stride, at % stride, gain));
    let sums = case.saving.iter().zip(&case.columns).map(|(a, b)| a + b);
    let negated = case.columns.iter().map(|value| -value);
    let smallest = first_largest(negated, case.threshold).map(|(at, value)| (at, -value));
    let mut containing = [0; WORDS];
    for (k, word) in case.sets[..stride].iter().enumerate() {
        containing[k / 64] |= (word >> case.bit & 1) << (k % 64);
    }
    let accumulated: Vec<f64> = (0..stride)
        .map(|k| {
            let mut sum = 0.0;
            for &(node, term) in &case.summands {
                if is_in(&[case.sets[k / 64 * stride + node]], k % 64) {
                    sum += term;
                }
            }
            sum
        })
        .collect();
    let shifted: Vec<f64> = (case.columns.iter().enumerate())
        .map(|(k, value)| {
            if is_in(&case.sets, k) {
                value + case.by
            } else {
                *value
            }
        })
        .collect();
    vec![
        ("structure", bits(&structure)),
        ("savings", bits(&savings)),
        ("best", place(first_largest(sums, case.threshold))),
        ("best_of_rows", row_and_column(best_of_rows)),
        (
            "largest",
            place(first_largest(case.columns.iter().copied(), case.threshold)),
        ),
        ("smallest", place(smallest)),
        ("all_containing", containing.to_vec()),
        ("accumulate", bits(&accumulated)),
        ("shift", bits(&shifted)),
    ]
}

#[test]
fn instructions_give_the_bits_of_plain_loops() {
    let shapes = [
        (0, 0),
        (3, 0),
        (0, 5),
        (1, 1),
        (2, 8),
        (5, 9),
        (16, 23),
        (7, 40),
        (17, 200),
    ];
    let heights = [(2, 8), (2, 6), (0, 0), (1, 0), (0, 3), (3, 5)];
    let available: Vec<Instructions> = (Instructions::ALL.into_iter())
        .filter(|instructions| instructions.is_available())
        .collect();
    assert!(available.contains(&Instructions::Portable));
    let mut seed = 0;
    for draw in [Draw::Any, Draw::Few, Draw::Same, Draw::Negative] {
        for shape in shapes {
            for heights in heights {
                for _ in 0..8 {
                    seed += 1;
                    let case = Case::new(draw, heights, shape, seed);
                    let expected = expected(&case);
                    for &instructions in &available {
                        let results = run(instructions, All(&case));
                        for (result, expected) in results.iter().zip(&expected) {
                            assert_eq!(
                                result, expected,
                                "{instructions:?}, {draw:?}, {shape:?}, {heights:?}, seed {seed}"
                            );
                        }
                    }
                }
            }
        }
    }
}

fn slow_byte_distance(x: u64, y: u64) -> u64 {
    let pairs = x.to_le_bytes().into_iter().zip(y.to_le_bytes());
    pairs.map(|(x, y)| u64::from(x.abs_diff(y))).sum()
}

#[test]
fn byte_distance_is_the_sum_of_absolute_differences() {
    let mut rng = Pcg64::seed_from_u64(1);
    for round in 0..10_000 {
        let (x, y) = match round {
            0 => (0, u64::MAX),
            1 => (u64::MAX, 0),
            2 => (u64::MAX, u64::MAX),
            _ => (rng.random(), rng.random()),
        };
        assert_eq!(byte_distance(x, y), slow_byte_distance(x, y), "{x:x} {y:x}");
    }
}
