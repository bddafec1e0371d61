//! Optima against an independent solver, certificates, adversarial instances, instructions.

use nn_graph::morph::mutate;
use nn_graph::{Constraints, Kind, Network};
use otmann::transport::{Plan, Problem, certify, solve};
use otmann::{Graph, Instructions, Metric, Mismatch, Profile, Scratch};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::instances::{evolve, pool};
use crate::reference::optimum;

/// Solves, certifies, and compares with the reference; returns the plan.
fn check(problem: &Problem<'_>, what: &str) -> Plan {
    let plan = solve(problem).unwrap();
    let certificate = certify(problem, &plan).unwrap();
    // 1e-12 of the value, and the rounding of a sum over all mass.
    let scale = plan.value + 1e12 * f64::EPSILON * problem.penalty * certificate.mass;
    assert!(
        certificate.error_bound() <= 1e-11 * scale,
        "{what}: {certificate:?}"
    );
    assert!(
        certificate.imbalance <= 1e-15 * certificate.mass,
        "{what}: {certificate:?}"
    );
    assert!(
        (certificate.value - plan.value).abs() <= 1e-12 * scale,
        "{what}: {certificate:?}"
    );
    let other = optimum(
        problem.supply,
        problem.demand,
        problem.cost,
        problem.penalty,
    );
    let difference = (plan.value - other).abs();
    assert!(
        difference <= 1e-12 * scale,
        "{what}: {} but {other}",
        plan.value
    );
    plan
}

/// Every distance of a pair against the reference, which sees the whole cost matrix.
fn check_pair(metric: &Metric, a: &Profile, b: &Profile, what: &str) {
    let distance = metric.distance(a, b).unwrap();
    let (supply, demand) = (a.node_masses(), b.node_masses());
    for (&coefficient, &raw) in metric.coefficients().iter().zip(&distance.raw) {
        let cost = metric.costs(a, b, coefficient).unwrap();
        let other = optimum(&supply, &demand, &cost, metric.null_penalty());
        // Costs are sums of path lengths and are rounded themselves: equal up to that.
        let rounding = f64::EPSILON * (a.total_mass() + b.total_mass());
        assert!(
            (raw - other).abs() <= 1e-12 * other + rounding,
            "{what}: {raw} but {other}"
        );
    }
}

/// Networks of these sizes, strangers to each other but for every third: that one is a mutant of
/// the one before.
fn profiles(kind: Kind, sizes: &[usize], rng: &mut impl Rng) -> (Metric, Vec<Profile>) {
    let metric = Metric::for_kind(kind);
    let mut networks: Vec<Network> = Vec::new();
    for (k, &size) in sizes.iter().enumerate() {
        networks.push(match networks.last() {
            Some(last) if k % 3 == 2 => mutate(last, &Constraints::default(), rng).unwrap(),
            _ => evolve(kind, size, rng),
        });
    }
    let profiles = networks.iter().map(|n| metric.profile(n).unwrap());
    (metric.clone(), profiles.collect())
}

#[test]
fn ten_thousand_pairs_of_evolved_networks() {
    let mut rng = Pcg64::seed_from_u64(1);
    let mut pairs = 0;
    // Few large networks, many small ones: the reference is slow.
    let plans: [(usize, std::ops::Range<usize>); 3] = [(77, 5..16), (30, 16..40), (6, 60..121)];
    for kind in Kind::ALL {
        for (count, range) in plans.clone() {
            let sizes: Vec<usize> = (0..count)
                .map(|_| rng.random_range(range.clone()))
                .collect();
            let (metric, profiles) = profiles(kind, &sizes, &mut rng);
            for (i, a) in profiles.iter().enumerate() {
                for (j, b) in profiles[..=i].iter().enumerate() {
                    check_pair(&metric, a, b, &format!("{kind} {count}: {i} {j}"));
                    pairs += 1;
                }
            }
        }
    }
    assert!(pairs >= 10_000, "{pairs}");
}

#[test]
fn certificates_hold_on_the_evolved_pool() {
    let metric = Metric::for_kind(Kind::Cnn);
    let profiles: Vec<Profile> = pool().iter().map(|n| metric.profile(n).unwrap()).collect();
    for pair in profiles.windows(2) {
        for &coefficient in metric.coefficients() {
            let cost = metric.costs(&pair[0], &pair[1], coefficient).unwrap();
            let (supply, demand) = (pair[0].node_masses(), pair[1].node_masses());
            let problem = Problem {
                supply: &supply,
                demand: &demand,
                cost: &cost,
                penalty: 1.0,
            };
            let plan = check(&problem, "pool");
            let matching = metric.matching(&pair[0], &pair[1], coefficient).unwrap();
            assert!((matching.value - plan.value).abs() <= 1e-13 * plan.value);
        }
    }
}

/// Labelled DAGs with one group of labels: their features have other heights than networks'.
fn random_graphs(count: usize, rng: &mut impl Rng) -> (Metric, Vec<Profile>) {
    let mismatch = Mismatch::new(["a", "b"])
        .and_then(|m| m.with("a", "b", 0.25))
        .unwrap();
    let metric = Metric::new(mismatch);
    let profiles = (0..count).map(|_| {
        let n = rng.random_range(1..90);
        let labels: Vec<usize> = (0..n).map(|_| rng.random_range(0..2)).collect();
        let masses: Vec<f64> = (0..n)
            .map(|_| f64::from(rng.random_range(0..5_u8)))
            .collect();
        let edges: Vec<(usize, usize)> = (1..n).map(|to| (rng.random_range(0..to), to)).collect();
        let graph = Graph {
            labels: &labels,
            masses: &masses,
            edges: &edges,
        };
        Profile::from_graph(&graph, &metric).unwrap()
    });
    let profiles = profiles.collect();
    (metric, profiles)
}

#[test]
fn instructions_give_the_same_bits() {
    let mut rng = Pcg64::seed_from_u64(11);
    let cnn = Metric::for_kind(Kind::Cnn);
    let of_pool = pool()[..60]
        .iter()
        .map(|n| cnn.profile(n).unwrap())
        .collect();
    // Instructions that this machine lacks run as plain Rust.
    let mut scratches = Instructions::ALL.map(Scratch::with_instructions);
    for (metric, profiles) in [
        (cnn, of_pool),
        profiles(Kind::MlpReg, &[5, 7, 9, 17, 40, 70, 130], &mut rng),
        random_graphs(30, &mut rng),
    ] {
        for a in &profiles {
            for b in &profiles {
                let results = scratches.each_mut().map(|scratch| {
                    let mut raw = vec![0.0; metric.coefficients().len()];
                    metric.raw_into(scratch, a, b, &mut raw).unwrap();
                    raw.iter().map(|raw| raw.to_bits()).collect::<Vec<u64>>()
                });
                assert!(results.iter().all(|r| *r == results[0]));
            }
        }
    }
}

/// Random problems of a shape; `mass` and `cost` make the numbers.
fn random_problems(
    count: usize,
    (rows, columns): (usize, usize),
    seed: u64,
    mass: impl Fn(&mut Pcg64) -> f64,
    cost: impl Fn(&mut Pcg64) -> f64,
) {
    let mut rng = Pcg64::seed_from_u64(seed);
    for round in 0..count {
        let supply: Vec<f64> = (0..rows).map(|_| mass(&mut rng)).collect();
        let demand: Vec<f64> = (0..columns).map(|_| mass(&mut rng)).collect();
        let costs: Vec<f64> = (0..rows * columns).map(|_| cost(&mut rng)).collect();
        let problem = Problem {
            supply: &supply,
            demand: &demand,
            cost: &costs,
            penalty: 1.0,
        };
        let _ = check(&problem, &format!("{rows} × {columns}, round {round}"));
    }
}

#[test]
fn adversarial_problems() {
    let any = |rng: &mut Pcg64| rng.random_range(0.0..3.0);
    // Equal masses: every pivot is degenerate.
    random_problems(60, (20, 20), 1, |_| 1.0, any);
    random_problems(20, (40, 40), 2, |_| 0.1, any);
    // Ties everywhere, in masses and costs.
    let few = |rng: &mut Pcg64| f64::from(rng.random_range(0..4_u8)) * 0.5;
    random_problems(
        60,
        (25, 25),
        3,
        |rng| f64::from(rng.random_range(1..4_u8)),
        few,
    );
    random_problems(20, (30, 30), 4, |_| 1.0, |_| 0.0);
    // One against many, either way round.
    random_problems(20, (1, 120), 5, |rng| rng.random_range(0.1..10.0), any);
    random_problems(20, (120, 1), 6, |rng| rng.random_range(0.1..10.0), any);
    // Nothing can be matched.
    random_problems(
        5,
        (30, 30),
        7,
        |rng| rng.random_range(0.1..10.0),
        |_| f64::INFINITY,
    );
    // Masses from 1e-3 to 1e12.
    let spread = |rng: &mut Pcg64| 10_f64.powf(rng.random_range(-3.0..12.0));
    random_problems(60, (20, 20), 8, spread, any);
    // Some masses are 0.
    random_problems(
        30,
        (15, 15),
        9,
        |rng| f64::from(rng.random_range(0..3_u8)),
        any,
    );
    // Larger than the sets of the fast path.
    random_problems(1, (150, 140), 10, |rng| rng.random_range(0.1..10.0), any);
}

#[test]
fn tiny_differences_beside_huge_masses_survive() {
    // A layer of 1e12 matches itself at no cost; the distance is what little else differs.
    let problem = Problem {
        supply: &[1e12, 3e-3],
        demand: &[1e12, 1e-3],
        cost: &[0.0, 5.0, 5.0, 0.5],
        penalty: 1.0,
    };
    let plan = solve(&problem).unwrap();
    let expected = 0.5e-3 + 2e-3;
    assert!(
        (plan.value - expected).abs() < 1e-15 * expected * 10.0,
        "{}",
        plan.value
    );
    assert!(certify(&problem, &plan).unwrap().error_bound() < 1e-2);
}

#[test]
fn certificates_reject_wrong_plans() {
    let problem = Problem {
        supply: &[1.0, 1.0],
        demand: &[1.0, 1.0],
        cost: &[0.1, 0.2, 0.2, 0.1],
        penalty: 1.0,
    };
    let good = solve(&problem).unwrap();
    assert!(certify(&problem, &good).unwrap().error_bound() < 1e-14);
    let mut crossed = good.clone();
    for m in &mut crossed.matches {
        m.column = 1 - m.column;
    }
    assert!(certify(&problem, &crossed).unwrap().gap > 0.1);
    let mut proud = good.clone();
    proud.row_duals[0] += 0.5;
    assert!(certify(&problem, &proud).unwrap().violation > 0.4);
    let mut short = good;
    short.matches.pop();
    assert!(certify(&problem, &short).unwrap().imbalance > 0.9);
}

#[test]
fn long_paths_and_odd_coefficients() {
    // Chains with path lengths beyond a byte, against short graphs: both layouts of features.
    let mismatch = Mismatch::new(["a", "b"])
        .unwrap()
        .with("a", "b", 0.25)
        .unwrap();
    let metric = Metric::new(mismatch)
        .with_coefficients([0.0, 1e-3, 0.1, 1e6])
        .unwrap();
    let chain = |n: usize| {
        // Mass on every tenth node only, so that the reference stays fast.
        let labels: Vec<usize> = (0..n).map(|i| i % 2).collect();
        let masses: Vec<f64> = (0..n)
            .map(|i| if i % 10 == 0 { 1.0 + i as f64 } else { 0.0 })
            .collect();
        let edges: Vec<(usize, usize)> = (1..n).map(|i| (i - 1, i)).collect();
        let graph = Graph {
            labels: &labels,
            masses: &masses,
            edges: &edges,
        };
        Profile::from_graph(&graph, &metric).unwrap()
    };
    let profiles = [chain(300), chain(290), chain(40), chain(55)];
    for a in &profiles {
        for b in &profiles {
            check_pair(&metric, a, b, "chains");
        }
    }
}
