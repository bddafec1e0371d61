//! Parity with the original: every value of its twelve Gaussian processes on 20 and 40 networks.
//!
//! `tests/golden/gp.json.gz` holds values of the original NASBOT implementation (Gram matrices, likelihoods, posteriors with and
//! without pending points, expected improvements), and raw distances between the same networks from an independent exact
//! solver; normalised distances are raw ones divided by the sum of the two total masses.

use std::collections::BTreeMap;
use std::io::Read;

use gp::{Distances, Exponential, Form, Gp, Indefinite, Kernel, Options, log_marginal_likelihood};
use ndarray::{Array2, Array3};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    ids: Vec<String>,
    total_mass: Vec<f64>,
    /// Below the diagonal, row after row, for each structural coefficient.
    raw: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
#[expect(non_snake_case, reason = "the names of the golden file")]
struct Case {
    name: String,
    group: String,
    kernel_type: String,
    train: Vec<String>,
    test: Vec<String>,
    pending: Vec<String>,
    Y: Vec<f64>,
    mean_value: f64,
    noise_var: f64,
    alphas: Option<Vec<f64>>,
    scale: Option<f64>,
    betas: Vec<f64>,
    powers: Vec<u32>,
    hp_bounds: Vec<(f64, f64)>,
    curr_best: f64,
    K: Vec<Vec<f64>>,
    K_min_eig: f64,
    K_test_train: Vec<Vec<f64>>,
    log_marginal_likelihood: f64,
    lml_at_mid_hp: f64,
    test_mean: Vec<f64>,
    test_std_single: Vec<f64>,
    test_std_joint: Vec<f64>,
    test_covar_joint: Vec<Vec<f64>>,
    halluc_std_single: Vec<f64>,
    halluc_std_joint: Vec<f64>,
    hei_single: Vec<f64>,
}

impl Group {
    fn between(&self, rows: &[String], columns: &[String]) -> Array3<f64> {
        let at: BTreeMap<_, _> = self.ids.iter().enumerate().map(|(i, id)| (id, i)).collect();
        Array3::from_shape_fn((8, rows.len(), columns.len()), |(d, i, j)| {
            let (i, j) = (at[&rows[i]], at[&columns[j]]);
            let (high, low) = (i.max(j), i.min(j));
            if high == low {
                return 0.0;
            }
            let raw = self.raw[d / 2][high * (high - 1) / 2 + low];
            if d % 2 == 0 {
                raw
            } else {
                raw / (self.total_mass[i] + self.total_mass[j])
            }
        })
    }
}

impl Case {
    fn kernel(&self) -> Exponential {
        let form = match self.kernel_type.as_str() {
            "lpemd_sum" => Form::Sum,
            "lpemd_prod" => Form::Product,
            other => panic!("unknown kernel {other}"),
        };
        assert_eq!(self.powers, [1, 2, 1, 2, 1, 2, 1, 2]);
        form.kernel(4)
    }

    fn parameters(&self) -> Vec<f64> {
        let mut positive = vec![self.noise_var];
        positive.extend(self.alphas.iter().flatten());
        positive.extend(self.scale);
        positive.extend(&self.betas);
        positive.iter().map(|p| p.ln()).collect()
    }
}

fn load() -> File {
    let bytes = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/gp.json.gz"
    ))
    .unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Counts comparisons and remembers the largest error.
#[derive(Default)]
struct Tally {
    count: usize,
    largest: f64,
    at: String,
}

impl Tally {
    /// `error` ≤ 1e-7 in units of `scale`.
    fn compare(&mut self, what: &str, found: f64, expected: f64, scale: f64) {
        let error = (found - expected).abs() / scale;
        assert!(
            error <= 1e-7,
            "{what}: {found:e} is not {expected:e} (error {error:e})"
        );
        self.count += 1;
        if error > self.largest {
            (self.largest, self.at) = (error, what.to_owned());
        }
    }

    fn relative(&mut self, what: &str, found: f64, expected: f64) {
        self.compare(what, found, expected, expected.abs());
    }

    fn all<'a>(&mut self, what: &str, found: impl IntoIterator<Item = &'a f64>, expected: &[f64]) {
        let found: Vec<f64> = found.into_iter().copied().collect();
        assert_eq!(found.len(), expected.len(), "{what}");
        for (f, e) in found.iter().zip(expected) {
            self.relative(what, *f, *e);
        }
    }
}

fn flat(rows: &[Vec<f64>]) -> Vec<f64> {
    rows.concat()
}

#[test]
fn every_value_of_the_original_is_reproduced() {
    let file = load();
    assert_eq!(file.cases.len(), 12);
    let mut tally = Tally::default();
    let mut clipped = 0;
    for case in &file.cases {
        let group = file.groups.iter().find(|g| g.name == case.group).unwrap();
        clipped += usize::from(check(case, group, &mut tally));
    }
    println!(
        "{} golden values, largest error {:e} ({}); {clipped} of 12 Gram matrices clipped",
        tally.count, tally.largest, tally.at
    );
    // Nothing may silently drop out of the comparison.
    assert_eq!(tally.count, 24_564);
    assert_eq!(clipped, 4);
}

/// Compares one case; whether its Gram matrix had to be clipped.
fn check(case: &Case, group: &Group, tally: &mut Tally) -> bool {
    let name = |what: &str| format!("{} {what}", case.name);
    let kernel = case.kernel();
    let parameters = case.parameters();
    let train = group.between(&case.train, &case.train);
    let cross = group.between(&case.test, &case.train);
    let among = group.between(&case.test, &case.test);
    let distances = Distances::from_stack(train.view()).unwrap();

    // The kernel itself.
    let evaluate = |stack: &Array3<f64>| {
        let (_, m, n) = stack.dim();
        let slices: Vec<&[f64]> = stack.as_slice().unwrap().chunks(m * n).collect();
        let mut out = Array2::zeros((m, n));
        kernel.evaluate(&parameters[1..], &slices, out.as_slice_mut().unwrap());
        out
    };
    let gram = evaluate(&train);
    tally.all(&name("K"), &gram, &flat(&case.K));
    tally.all(
        &name("K_test_train"),
        &evaluate(&cross),
        &flat(&case.K_test_train),
    );

    // Likelihoods.
    let options = Options {
        mean: case.mean_value,
        indefinite: Indefinite::Clip,
    };
    let gp = Gp::fit(kernel.clone(), &parameters, &distances, &case.Y, options).unwrap();
    let lml = case.log_marginal_likelihood;
    tally.relative(
        &name("log marginal likelihood"),
        gp.log_marginal_likelihood(),
        lml,
    );
    let middle: Vec<f64> = case
        .hp_bounds
        .iter()
        .map(|(low, high)| 0.5 * (low + high))
        .collect();
    let residuals: Vec<f64> = case.Y.iter().map(|y| y - case.mean_value).collect();
    let at_middle =
        log_marginal_likelihood(&kernel, &middle, &distances, &residuals, Indefinite::Clip)
            .unwrap();
    tally.relative(
        &name("likelihood in the middle of the bounds"),
        at_middle,
        case.lml_at_mid_hp,
    );

    // Predictions one by one and jointly.
    let single = gp.predict(cross.view()).unwrap();
    tally.all(&name("mean"), &single.mean, &case.test_mean);
    tally.all(&name("std, single"), &single.std, &case.test_std_single);
    let joint = gp.predict_joint(cross.view(), among.view()).unwrap();
    tally.all(&name("mean, joint"), &joint.mean, &case.test_mean);
    tally.all(&name("std, joint"), &joint.std(), &case.test_std_joint);
    for ((i, j), found) in joint.covariance.indexed_iter() {
        // Relative to the two standard deviations: a covariance may be 0.
        let scale = case.test_std_joint[i] * case.test_std_joint[j];
        tally.compare(
            &name("covariance"),
            *found,
            case.test_covar_joint[i][j],
            scale,
        );
    }

    // Pending points.
    let reached: Vec<String> = case.train.iter().chain(&case.pending).cloned().collect();
    let pending = gp
        .with_pending(
            group.between(&case.pending, &case.train).view(),
            group.between(&case.pending, &case.pending).view(),
        )
        .unwrap();
    let cross = group.between(&case.test, &reached);
    let single = pending.predict(cross.view()).unwrap();
    tally.all(&name("mean, pending"), &single.mean, &case.test_mean);
    tally.all(
        &name("std, pending, single"),
        &single.std,
        &case.halluc_std_single,
    );
    let joint = pending.predict_joint(cross.view(), among.view()).unwrap();
    tally.all(
        &name("std, pending, joint"),
        &joint.std(),
        &case.halluc_std_joint,
    );

    // Expected improvement, relative to the standard deviation: far below the incumbent the original's own formula has no
    // correct digit left.
    for (i, expected) in case.hei_single.iter().enumerate() {
        let std = single.std[i];
        let z = (single.mean[i] - case.curr_best) / std;
        let found = std * (z * normal_cdf(z) + normal_pdf(z));
        tally.compare(&name("expected improvement"), found, *expected, std);
    }
    let eigenvalue_was_negative = case.K_min_eig < -1e-12;
    assert_eq!(
        gp.posterior().is_clipped(),
        eigenvalue_was_negative,
        "{}",
        case.name
    );
    eigenvalue_was_negative
}

fn normal_pdf(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}
