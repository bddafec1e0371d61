//! The surrogate: scales, refits, growth, determinism, errors.

use gp::{Error, Form, Indefinite, Inference, Prediction, Settings, Standardise, Surrogate};
use ndarray::{Array2, Array3, s};
use rand::{RngExt as _, SeedableRng};
use rand_pcg::Pcg64;

use crate::support::Points;

type Model = Surrogate<gp::Exponential>;

fn rng() -> Pcg64 {
    Pcg64::seed_from_u64(11)
}

/// `count` observations of a smooth function, scaled and shifted.
fn model(points: &Points, count: usize, settings: Settings, scale: f64, shift: f64) -> Model {
    let of: Vec<usize> = (0..count).collect();
    let mut model = Surrogate::new(Form::Sum.kernel(points.pairs()), settings).unwrap();
    let scores: Vec<f64> = points
        .values(&of)
        .iter()
        .map(|y| scale * y + shift)
        .collect();
    for (i, score) in scores.iter().enumerate() {
        let row = points.between(&[i], &of[..i]);
        model
            .push(row.index_axis(ndarray::Axis(1), 0), *score)
            .unwrap();
    }
    model
}

fn predict(model: &Model, points: &Points, new: &[usize]) -> Prediction {
    let known: Vec<usize> = (0..model.len()).collect();
    model
        .ensemble()
        .unwrap()
        .predict(points.between(new, &known).view())
        .unwrap()
        .mixture()
}

#[test]
fn the_scale_of_the_scores_does_not_matter() {
    let points = Points::random(40, 2, 1);
    let new: Vec<usize> = (30..40).collect();
    for inference in [Inference::default(), Inference::Maximise { restarts: 2 }] {
        let settings = Settings {
            inference,
            ..Settings::default()
        };
        let [unit, large] = [(1.0, 0.0), (1000.0, -77.0)].map(|(scale, shift)| {
            let mut model = model(&points, 30, settings.clone(), scale, shift);
            model.refit(&mut rng()).unwrap();
            predict(&model, &points, &new)
        });
        for i in 0..new.len() {
            assert!((1000.0 * unit.mean[i] - 77.0 - large.mean[i]).abs() < 1e-3);
            assert!((1000.0 * unit.std[i] - large.std[i]).abs() < 1e-3);
        }
    }
}

#[test]
fn learns_a_smooth_function() {
    let points = Points::random(140, 2, 2);
    let new: Vec<usize> = (100..140).collect();
    let truth = points.values(&new);
    for form in [Form::Sum, Form::Product] {
        let mut surrogate = Surrogate::new(form.kernel(2), Settings::default()).unwrap();
        let of: Vec<usize> = (0..100).collect();
        surrogate
            .set_observations(points.between(&of, &of).view(), &points.values(&of))
            .unwrap();
        surrogate.refit(&mut rng()).unwrap();
        let prediction = predict(&surrogate, &points, &new);
        let errors: f64 = prediction
            .mean
            .iter()
            .zip(&truth)
            .map(|(m, t)| (m - t).powi(2))
            .sum();
        let mean = truth.iter().sum::<f64>() / truth.len() as f64;
        let total: f64 = truth.iter().map(|t| (t - mean).powi(2)).sum();
        assert!(errors < 0.05 * total, "{form}: {errors} of {total}");
    }
}

/// Data drawn from a process with known noise: its posterior must cover the truth.
#[test]
fn finds_the_noise_it_was_given() {
    let points = Points::random(150, 2, 3);
    let of: Vec<usize> = (0..150).collect();
    let clean = points.values(&of);
    let mut noise_rng = rng();
    for noise in [0.02, 0.3] {
        let noisy: Vec<f64> = clean
            .iter()
            .map(|y| {
                let z: f64 =
                    rand_distr::Distribution::sample(&rand_distr::StandardNormal, &mut noise_rng);
                y + noise * z
            })
            .collect();
        let mut surrogate = Surrogate::new(Form::Product.kernel(2), Settings::default()).unwrap();
        surrogate
            .set_observations(points.between(&of, &of).view(), &noisy)
            .unwrap();
        surrogate.refit(&mut rng()).unwrap();
        let found = surrogate.ensemble().unwrap().noise_std();
        assert!((0.5..2.0).contains(&(found / noise)), "{found} for {noise}");
    }
}

#[test]
fn pushing_is_the_same_as_starting_over() {
    let points = Points::random(40, 2, 4);
    let new: Vec<usize> = (36..40).collect();
    for indefinite in [Indefinite::Tolerate, Indefinite::Clip] {
        let settings = Settings {
            indefinite,
            ..Settings::default()
        };
        let mut grown = model(&points, 20, settings.clone(), 1.0, 5.0);
        grown.refit(&mut rng()).unwrap();
        let parameters = grown.parameters().to_vec();
        for i in 20..36 {
            let known: Vec<usize> = (0..i).collect();
            let row = points.between(&[i], &known);
            grown
                .push(
                    row.index_axis(ndarray::Axis(1), 0),
                    points.values(&[i])[0] + 5.0,
                )
                .unwrap();
        }
        let mut fresh = model(&points, 36, settings, 1.0, 5.0);
        fresh.set_parameters(parameters).unwrap();
        let (a, b) = (
            predict(&grown, &points, &new),
            predict(&fresh, &points, &new),
        );
        for i in 0..new.len() {
            assert!((a.mean[i] - b.mean[i]).abs() < 1e-8 && (a.std[i] - b.std[i]).abs() < 1e-8);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_model() {
    let points = Points::random(40, 2, 6);
    let run = || {
        let mut model = model(&points, 30, Settings::default(), 1.0, 0.0);
        let mut rng = rng();
        model.refit(&mut rng).unwrap();
        model.refit(&mut rng).unwrap();
        model.parameters().to_vec()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_mixture_is_at_least_as_wide_as_its_members_on_average() {
    let points = Points::random(40, 2, 7);
    let mut model = model(&points, 30, Settings::default(), 1.0, 0.0);
    model.refit(&mut rng()).unwrap();
    let known: Vec<usize> = (0..30).collect();
    let cross = points.between(&[31, 35, 39], &known);
    let predictions = model.ensemble().unwrap().predict(cross.view()).unwrap();
    assert_eq!(predictions.members.len(), 8);
    let mixture = predictions.mixture();
    for i in 0..3 {
        let mean_variance: f64 = predictions
            .members
            .iter()
            .map(|p| p.std[i].powi(2))
            .sum::<f64>()
            / 8.0;
        let mean: f64 = predictions.members.iter().map(|p| p.mean[i]).sum::<f64>() / 8.0;
        assert!((mixture.mean[i] - mean).abs() < 1e-12);
        assert!(mixture.std[i].powi(2) >= mean_variance);
    }
}

#[test]
fn one_observation_identical_scores_and_identical_points_are_fine() {
    let zeros = |n: usize| Array2::<f64>::zeros((4, n));
    let mut model = Surrogate::new(Form::Sum.kernel(2), Settings::default()).unwrap();
    model.push(zeros(0).view(), 2.5).unwrap();
    for n in 1..6 {
        model.refit(&mut rng()).unwrap();
        let p = model
            .ensemble()
            .unwrap()
            .predict(Array3::ones((4, 1, n)).view())
            .unwrap()
            .mixture();
        assert!((p.mean[0] - 2.5).abs() < 1e-9 && p.std[0].is_finite() && p.std[0] > 0.0);
        model.push(zeros(n).view(), 2.5).unwrap();
    }
    // The same point with another score: noise, not a failure.
    model.push(zeros(6).view(), 3.5).unwrap();
    model.refit(&mut rng()).unwrap();
    let p = model
        .ensemble()
        .unwrap()
        .predict(zeros(7).insert_axis(ndarray::Axis(1)).view())
        .unwrap();
    assert!((2.5..3.5).contains(&p.mixture().mean[0]));
}

#[test]
fn pending_points_narrow_the_ensemble_and_leave_its_mean() {
    let points = Points::random(40, 2, 8);
    let mut model = model(&points, 30, Settings::default(), 3.0, 1.0);
    model.refit(&mut rng()).unwrap();
    let known: Vec<usize> = (0..32).collect();
    let ensemble = model.ensemble().unwrap();
    let pending = ensemble
        .with_pending(
            points.between(&[30, 31], &known[..30]).view(),
            points.between(&[30, 31], &[30, 31]).view(),
        )
        .unwrap();
    let cross = points.between(&[30, 36, 39], &known);
    let before = ensemble
        .predict(cross.slice(s![.., .., ..30]))
        .unwrap()
        .mixture();
    let after = pending.predict(cross.view()).unwrap().mixture();
    for i in 0..3 {
        assert!((before.mean[i] - after.mean[i]).abs() < 1e-12);
        assert!(after.std[i] <= before.std[i] + 1e-12);
    }
    assert!(after.std[0] < 0.9 * before.std[0]);
}

#[test]
fn errors_say_what_is_wrong_and_change_nothing() {
    let points = Points::random(10, 2, 9);
    let mut model = Surrogate::new(Form::Sum.kernel(2), Settings::default()).unwrap();
    assert!(matches!(
        model.refit(&mut rng()),
        Err(Error::NoObservations { .. })
    ));
    assert!(matches!(model.ensemble(), Err(Error::NotFitted)));
    let of: Vec<usize> = (0..8).collect();
    model
        .set_observations(points.between(&of, &of).view(), &points.values(&of))
        .unwrap();
    model.refit(&mut rng()).unwrap();
    let before = predict(&model, &points, &[9]);

    let row = points.between(&[8], &of);
    let row = row.index_axis(ndarray::Axis(1), 0);
    let message = |e: Error| e.to_string();
    let e = model.push(row.slice(s![.., ..7]), 1.0).unwrap_err();
    assert_eq!(
        message(e),
        "the stack of cross distances has 7 columns, but 8 are needed"
    );
    let e = model.push(row.slice(s![..3, ..]), 1.0).unwrap_err();
    assert_eq!(
        message(e),
        "the stack of cross distances has 3 distance functions, but 4 are needed"
    );
    let e = model.push(row, f64::NAN).unwrap_err();
    assert_eq!(
        message(e),
        "the score holds NaN at position 0: only finite numbers are allowed"
    );
    let mut negative = row.to_owned();
    negative[(2, 1)] = -1.0;
    assert!(matches!(
        model.push(negative.view(), 1.0),
        Err(Error::Value { index: 17, .. })
    ));
    assert!(matches!(
        model.set_parameters(vec![vec![0.0; 3]]),
        Err(Error::Shape { expected: 7, .. })
    ));
    assert!(model.set_parameters(Vec::new()).is_err());
    assert_eq!((model.len(), predict(&model, &points, &[9])), (8, before));

    let none = Settings {
        inference: Inference::Sample {
            members: 0,
            sweeps: 1,
        },
        ..Settings::default()
    };
    let e = Surrogate::new(Form::Sum.kernel(1), none).unwrap_err();
    assert_eq!(
        message(e),
        "setting `members` is 0: at least one member is needed"
    );
}

#[test]
fn standardising_centres_where_it_says() {
    let scores = [1.0, 2.0, 9.0];
    let close = |s: Standardise, of: &[f64], centre: f64, scale: f64| {
        let found = s.scaling(of);
        assert!((found.centre - centre).abs() < 1e-14 && (found.scale - scale).abs() < 1e-14);
    };
    close(Standardise::Nothing, &scores, 0.0, 1.0);
    close(Standardise::Median, &scores, 2.0, (50.0f64 / 3.0).sqrt());
    close(Standardise::Mean, &scores, 4.0, (38.0f64 / 3.0).sqrt());
    close(Standardise::Median, &[3.0, 3.0], 3.0, 1.0);
}

/// What a search does on resuming: several observations at once, in any division.
#[test]
fn extending_is_pushing_to_the_last_bit() {
    let points = Points::random(40, 2, 9);
    let of: Vec<usize> = (0..36).collect();
    let scores = points.values(&of);
    for indefinite in [Indefinite::Tolerate, Indefinite::Clip] {
        let settings = Settings {
            indefinite,
            ..Settings::default()
        };
        let mut pushed = model(&points, 20, settings, 1.0, 0.0);
        pushed.refit(&mut rng()).unwrap();
        let start = pushed.clone();
        for i in 20..36 {
            let row = points.between(&[i], &of[..i]);
            pushed
                .push(row.index_axis(ndarray::Axis(1), 0), scores[i])
                .unwrap();
        }
        for steps in [vec![16], vec![3, 1, 12]] {
            let mut extended = start.clone();
            let mut n = 20;
            for p in steps {
                let new = &of[n..n + p];
                let cross = points.between(new, &of[..n]);
                let among = points.between(new, new);
                let values = &scores[n..n + p];
                extended.extend(cross.view(), among.view(), values).unwrap();
                n += p;
            }
            assert_eq!(extended.distances(), pushed.distances());
            let new = [36, 37, 38, 39];
            assert_eq!(
                predict(&extended, &points, &new),
                predict(&pushed, &points, &new)
            );
        }
    }
    let mut model = model(&points, 20, Settings::default(), 1.0, 0.0);
    let before = format!("{model:?}");
    let cross = points.between(&of[20..22], &of[..20]);
    let among = points.between(&of[20..22], &of[20..22]);
    let wrong = |cross: &Array3<f64>, among: &Array3<f64>, scores: &[f64]| {
        model
            .clone()
            .extend(cross.view(), among.view(), scores)
            .unwrap_err()
    };
    wrong(&cross, &among, &[1.0]);
    wrong(&cross, &among, &[1.0, f64::NAN]);
    wrong(&cross, &Array3::zeros((4, 1, 1)), &[1.0, 2.0]);
    wrong(&cross, &(-among.clone()), &[1.0, 2.0]);
    assert!(
        model
            .extend(cross.view(), (-among).view(), &[1.0, 2.0])
            .is_err()
    );
    assert_eq!(format!("{model:?}"), before);
}

/// New scores for the same points: the same as observing them from the beginning.
#[test]
fn scores_can_be_replaced() {
    let points = Points::random(40, 2, 10);
    let of: Vec<usize> = (0..36).collect();
    let new = [36, 37, 38, 39];
    let parameters = vec![vec![-4.0, 0.1, -0.5, 0.2, 0.3, -0.2, 0.1]; 2];
    let other: Vec<f64> = points.values(&of).iter().map(|y| 3.0 - y * y).collect();

    let mut replaced = model(&points, 36, Settings::default(), 1.0, 0.0);
    replaced.set_parameters(parameters.clone()).unwrap();
    let before = predict(&replaced, &points, &new);
    replaced.set_scores(&other).unwrap();
    assert_eq!(replaced.scores(), other);

    let mut fresh = Surrogate::new(Form::Sum.kernel(points.pairs()), Settings::default()).unwrap();
    fresh
        .set_observations(points.between(&of, &of).view(), &other)
        .unwrap();
    fresh.set_parameters(parameters).unwrap();
    assert_eq!(
        predict(&replaced, &points, &new),
        predict(&fresh, &points, &new)
    );
    assert_ne!(predict(&replaced, &points, &new), before);

    for wrong in [&other[1..], &[f64::NAN; 36]] {
        assert!(replaced.set_scores(wrong).is_err());
        assert_eq!(replaced.scores(), other);
    }
}

/// Distances at random are no metric, so that rows have negative eigenvalues clipped anew time and again. What is left of
/// that is where it last happened.
#[test]
fn a_surrogate_is_restored_to_the_last_bit_from_where_its_covariances_were_factored() {
    let mut rng = Pcg64::seed_from_u64(5);
    let mut distances = || Array3::from_shape_simple_fn((2, 60, 60), || rng.random_range(0.5..4.0));
    let (all, cross) = (distances(), distances());
    let scores: Vec<f64> = (0..60)
        .map(|i| f64::from(i % 7) - 0.1 * f64::from(i))
        .collect();
    let parameters = vec![
        vec![-3.0, 0.0, -0.5, 0.5, 0.3],
        vec![-2.0, -0.3, 0.2, 0.1, -0.6],
    ];
    let observed = |n: usize| {
        let mut model = Surrogate::new(Form::Sum.kernel(1), Settings::default()).unwrap();
        let (none, among) = (Array3::zeros((2, n, 0)), all.slice(s![.., ..n, ..n]));
        model.extend(none.view(), among, &scores[..n]).unwrap();
        model
    };
    let mut grown = observed(20);
    grown.set_parameters(parameters.clone()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    // Several times, and not all with the last row.
    let is_all_of = |model: &Model| model.factored().iter().all(|&count| count == model.len());
    while seen.len() < 6 || is_all_of(&grown) {
        let n = grown.len();
        grown.push(all.slice(s![.., n, ..n]), scores[n]).unwrap();
        seen.insert(grown.factored());
    }

    let (n, factored) = (grown.len(), grown.factored());
    let restored = |factored: &[usize]| {
        let mut model = observed(n);
        let restored = model.restore(parameters.clone(), factored);
        restored.map(|()| model)
    };
    let predict = |model: &Model| {
        let ensemble = model.ensemble().unwrap();
        ensemble.predict(cross.slice(s![.., ..9, ..n])).unwrap()
    };
    let same = restored(&factored).unwrap();
    assert_eq!(predict(&same), predict(&grown));
    assert_eq!(same.factored(), factored);
    // Where it was factored does show: the comparison can fail.
    assert_ne!(predict(&restored(&[n, n]).unwrap()), predict(&grown));
    assert!(restored(&[n + 1, n]).is_err() && restored(&[n]).is_err());
}
