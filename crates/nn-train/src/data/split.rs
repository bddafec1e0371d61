//! Which example belongs to which part.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::examples::Examples;
use super::spec::SplitSpec;
use crate::Error;

/// Deals the examples out to training, validation and test: in random order (of a seed, the same on every machine), or
/// as they stand.
pub(super) fn deal(
    spec: &SplitSpec,
    all: Examples,
    has_test_file: bool,
) -> Result<[Examples; 3], Error> {
    let n = all.len();
    let [first, second, third] = ends(spec, n, has_test_file)?;
    let mut order: Vec<usize> = (0..n).collect();
    if spec.shuffle {
        order.shuffle(&mut Pcg64::seed_from_u64(spec.seed));
    }
    let width = all.inputs.len() / n;
    let mut inputs = all.inputs;
    arrange(&mut inputs, width, &order);
    inputs.truncate(third * width);
    let test = inputs.split_off(second * width);
    let validation = inputs.split_off(first * width);
    let part = |inputs, rows: &[usize]| Examples {
        inputs,
        targets: all.targets.select(rows),
    };
    Ok([
        part(inputs, &order[..first]),
        part(validation, &order[first..second]),
        part(test, &order[second..third]),
    ])
}

/// Where training, validation and test end among `n` examples in the order of dealing.
fn ends(spec: &SplitSpec, n: usize, has_test_file: bool) -> Result<[usize; 3], Error> {
    let shares = spec.shares(has_test_file)?;
    // Rounded sums, so that shares that add up to 1 use every row.
    let end = |share: f64| ((share * n as f64).round() as usize).min(n);
    let first = end(shares[0]);
    let second = end(shares[0] + shares[1]);
    let third = end(shares.iter().sum());
    let least = |length: usize, share: f64| length == 0 && share > 0.0;
    if first < 2 || least(second - first, shares[1]) || least(third - second, shares[2]) {
        return Err(Error::Data {
            field: "split",
            problem: format!("leaves a part without examples: there are only {n}"),
        });
    }
    Ok([first, second, third])
}

/// How many of `n` examples training, validation and test get.
pub(super) fn sizes(spec: &SplitSpec, n: usize, has_test_file: bool) -> Result<[usize; 3], Error> {
    let [first, second, third] = ends(spec, n, has_test_file)?;
    Ok([first, second - first, third - second])
}

/// Moves row `order[i]` to place i for all i, along the cycles of the permutation: a second table would take as much
/// memory again, and the time to get it from the system.
fn arrange(inputs: &mut [f32], width: usize, order: &[usize]) {
    let place = |row: usize| row * width..(row + 1) * width;
    let mut displaced = vec![0.0; width];
    let mut is_done = vec![false; order.len()];
    for start in 0..order.len() {
        if is_done[start] {
            continue;
        }
        displaced.copy_from_slice(&inputs[place(start)]);
        let mut to = start;
        while order[to] != start {
            inputs.copy_within(place(order[to]), to * width);
            is_done[to] = true;
            to = order[to];
        }
        inputs[place(to)].copy_from_slice(&displaced);
        is_done[to] = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_arranged_in_place_are_the_rows_gathered() {
        let mut rng = Pcg64::seed_from_u64(3);
        for n in [1, 2, 3, 10, 101] {
            for width in [1, 3] {
                let before: Vec<f32> = (0..n * width).map(|x| x as f32).collect();
                let mut order: Vec<usize> = (0..n).collect();
                order.shuffle(&mut rng);
                let gathered: Vec<f32> = (order.iter())
                    .flat_map(|row| &before[row * width..(row + 1) * width])
                    .copied()
                    .collect();
                let mut arranged = before;
                arrange(&mut arranged, width, &order);
                assert_eq!(arranged, gathered);
            }
        }
    }
}
