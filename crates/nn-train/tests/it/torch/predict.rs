//! A trained network on raw examples: what it says must be what its score was computed from.

use std::path::Path;

use nn_graph::{Kind, Layer, Op};
use nn_train::data::{Column, DataSpec, Format, Task, TestSpec, Transform};
use nn_train::job::{Device, Event, Final, Job, PROTOCOL};
use nn_train::torch::predict::predict;
use nn_train::torch::train;
use nn_train::{Error, TrainingSpec};

use super::alone;
use crate::image_folders::picture;
use crate::numpy_files::npy;
use crate::support::{chain, digits, write};

/// A table of words, gaps, dates and booleans, with a label and a number that can be learnt from them.
fn table(rows: std::ops::Range<usize>) -> String {
    let mut text = String::from("id;town;weight;since;smokes;cost;state\n");
    for i in rows {
        let town = ["Aarau", "Bern", "Chur", "rare"][if i % 97 == 0 { 3 } else { i * 7 % 3 }];
        let weight = (i * 31 % 50) as f64;
        let cell = if i % 11 == 0 {
            "NA".to_owned()
        } else {
            weight.to_string().replace('.', ",")
        };
        let cost = 1000.0 + 50.0 * weight + if town == "Bern" { 400.0 } else { 0.0 };
        let state = if town == "Bern" || weight > 30.0 {
            "ill"
        } else {
            "well"
        };
        let smokes = ["yes", "no"][i % 2];
        text += &format!(
            "P{i};{town};{cell};2023-{:02}-11;{smokes};{cost};{state}\n",
            1 + i % 12
        );
    }
    text
}

fn trained(
    spec: DataSpec,
    kind: Kind,
    weights: &Path,
) -> (f64, std::collections::BTreeMap<String, f64>) {
    let layers = match kind {
        Kind::Cnn => vec![Layer::conv(Op::Conv3, 16, 1), Layer::conv(Op::Conv3, 32, 2)],
        _ => vec![Layer::dense(Op::Tanh, 16)],
    };
    let job = Job {
        protocol: PROTOCOL,
        evaluation: 0,
        network: chain(kind, &layers),
        task: spec,
        training: TrainingSpec {
            epochs: 10,
            learning_rate: 0.1,
            ..TrainingSpec::default()
        },
        seed: 3,
        device: Device::Cpu,
        save: Some(weights.into()),
        finally: Some(Final::default()),
        stage: None,
        stay: false,
        inherit: None,
        leave: None,
    };
    match train::run(&job, &mut |_| {}).unwrap() {
        Event::Done { score, metrics, .. } => (score, metrics),
        other => panic!("{other:?}"),
    }
}

/// The lines that a model writes, cell by cell.
fn said(weights: &Path, examples: &Path) -> Result<Vec<Vec<String>>, Error> {
    let mut out = Vec::new();
    predict(weights, examples, &mut out)?;
    let text = String::from_utf8(out).unwrap();
    Ok(text
        .lines()
        .map(|line| line.split(',').map(Into::into).collect())
        .collect())
}

#[test]
fn raw_rows_become_classes_by_name() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let mut spec = DataSpec::new(write(&folder, "train.csv", table(0..600)), Task::Class);
    let test = write(&folder, "test.csv", table(600..800));
    spec.ignore = vec![Column::Name("cost".into())];
    spec.test = Some(TestSpec {
        path: test.clone().into(),
        labels: None,
    });
    let weights = folder.path().join("model.safetensors");
    let (score, _) = trained(spec, Kind::MlpClass, &weights);
    assert!(score > 0.8, "{score}");
    let lines = said(&weights, &test).unwrap();
    assert_eq!(lines[0], ["class", "p(ill)", "p(well)"]);
    let labels = table(600..800);
    let labels: Vec<&str> = labels
        .lines()
        .skip(1)
        .filter_map(|line| line.rsplit(';').next())
        .collect();
    let right = lines[1..]
        .iter()
        .zip(&labels)
        .filter(|(line, label)| line[0] == **label)
        .count();
    assert!(
        (right as f64 / 200.0 - score).abs() < 1e-9,
        "{right} {score}"
    );
    for line in &lines[1..] {
        let sum: f64 = line[1..].iter().map(|p| p.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{line:?}");
    }
    // Columns in another order, without the label and with words that are new.
    let moved = "smokes,since,weight,town\nyes,2023-05-11,12.5,Bern\nno,2023-06-11,,Zug\n";
    let moved = write(&folder, "moved.csv", moved);
    assert_eq!(said(&weights, &moved).unwrap()[1][0], "ill");
    for (text, problem) in [
        (
            "smokes,since,town\nyes,2023-05-11,Bern\n",
            "no column 'weight'",
        ),
        (
            "smokes,since,weight,town\nyes,2023-05-11,heavy,Bern\n",
            "column 'weight': 'heavy' is no number",
        ),
    ] {
        let error = said(&weights, &write(&folder, "other.csv", text))
            .unwrap_err()
            .to_string();
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn raw_rows_become_values_in_units() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let mut spec = DataSpec::new(write(&folder, "train.csv", table(0..600)), Task::Reg);
    let test = write(&folder, "test.csv", table(600..800));
    spec.label = Column::Name("cost".into());
    spec.transform = Some(Transform::Log);
    spec.test = Some(TestSpec {
        path: test.clone().into(),
        labels: None,
    });
    let weights = folder.path().join("model.safetensors");
    let (_, metrics) = trained(spec, Kind::MlpReg, &weights);
    let lines = said(&weights, &test).unwrap();
    assert_eq!(lines[0], ["cost"]);
    let truth = table(600..800);
    let truth = truth
        .lines()
        .skip(1)
        .map(|line| line.split(';').nth(5).unwrap().parse::<f64>().unwrap());
    let squares: f64 = (lines[1..].iter().zip(truth))
        .map(|(line, truth)| (line[0].parse::<f64>().unwrap() - truth).powi(2))
        .sum();
    let rmse = (squares / 200.0).sqrt();
    assert!(
        (rmse - metrics["rmse"]).abs() < 1e-4 * rmse,
        "{rmse} {metrics:?}"
    );
}

#[test]
fn pixels_of_a_table_become_classes() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("model.safetensors");
    let mut spec = digits();
    assert_eq!(spec.format(), Some(Format::Csv));
    spec.split.seed = 1;
    let path = spec.path.as_slice()[0].clone();
    trained(spec, Kind::Cnn, &weights);
    let lines = said(&weights, &path).unwrap();
    assert_eq!(lines.len(), 1798);
    // The label is the last of 65 columns; chance is a tenth.
    let mut text = String::new();
    std::io::Read::read_to_string(
        &mut flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap()),
        &mut text,
    )
    .unwrap();
    let labels = text.lines().filter_map(|line| line.rsplit(',').next());
    let right = lines[1..]
        .iter()
        .zip(labels)
        .filter(|(line, label)| line[0] == *label)
        .count();
    assert!(right > 1500, "{right}");
    let error = said(&path, &path).unwrap_err().to_string();
    assert!(error.contains("is no file of weights"), "{error}");
}

#[test]
fn pictures_of_any_size_are_answered_by_name() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    for (class, source) in [("a", "grey.png"), ("b", "colour.png")] {
        std::fs::create_dir_all(folder.path().join("seen").join(class)).unwrap();
        for i in 0..6 {
            let to = folder.path().join(format!("seen/{class}/{i}.png"));
            std::fs::copy(picture(source), to).unwrap();
        }
    }
    let mut spec = DataSpec::new(folder.path().join("seen"), Task::Class);
    spec.image = Some([3, 8, 8].into());
    let weights = folder.path().join("model.safetensors");
    trained(spec, Kind::Cnn, &weights);
    let new = folder.path().join("new");
    std::fs::create_dir_all(new.join("more")).unwrap();
    for (name, source) in [
        ("2.png", "colour.png"),
        ("1.png", "grey.png"),
        ("more/0.jpg", "halves.jpg"),
    ] {
        std::fs::copy(picture(source), new.join(name)).unwrap();
    }
    let lines = said(&weights, &new).unwrap();
    assert_eq!(lines[0], ["file", "class", "p(a)", "p(b)"]);
    let names: Vec<&str> = lines[1..]
        .iter()
        .filter_map(|line| line[0].rsplit("new/").next())
        .collect();
    assert_eq!(names, ["1.png", "2.png", "more/0.jpg"]);
    let alone = said(&weights, &new.join("1.png")).unwrap();
    assert_eq!(alone[1][1], lines[1][1]);
    std::fs::create_dir(folder.path().join("none")).unwrap();
    let error = said(&weights, &folder.path().join("none"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("holds no example"), "{error}");
}

#[test]
fn arrays_become_classes() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    // Bright pictures and dark ones.
    let labels: Vec<u8> = (0..60).map(|i| i / 2 % 2).collect();
    let pixels = |i: usize| (0..64).map(move |j| (i * 64 + j) * 37 % 90);
    let bytes: Vec<u8> = (labels.iter().enumerate())
        .flat_map(|(i, label)| pixels(i).map(move |x| x as u8 + 160 * label))
        .collect();
    let array = |bytes: &[u8], sizes: &str| npy("|u1", "False", sizes, bytes);
    let path = write(&folder, "x.npy", array(&bytes, "(60, 8, 8)"));
    let weights = folder.path().join("model.safetensors");
    let mut spec = DataSpec::new(path.clone(), Task::Class);
    spec.labels = Some(write(&folder, "y.npy", array(&labels, "(60,)")));
    for (kind, new) in [
        (Kind::Cnn, array(&bytes, "(60, 1, 8, 8)")),
        (Kind::MlpClass, array(&bytes, "(60, 64)")),
    ] {
        trained(spec.clone(), kind, &weights);
        let lines = said(&weights, &write(&folder, "new.npy", new)).unwrap();
        assert_eq!(lines[0], ["class", "p(0)", "p(1)"]);
        let classes: Vec<&str> = lines[1..].iter().map(|line| line[0].as_str()).collect();
        let right = classes
            .iter()
            .zip(&labels)
            .filter(|(class, label)| **class == label.to_string());
        assert!(classes.len() == 60 && right.count() > 55, "{classes:?}");
        assert_eq!(said(&weights, &path).unwrap(), lines);
    }
    let table = write(&folder, "new.csv", "1,2\n");
    let error = said(&weights, &table).unwrap_err().to_string();
    assert!(error.contains("is a table"), "{error}");
}
