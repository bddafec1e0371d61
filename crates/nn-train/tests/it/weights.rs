//! What examples count for: read, checked, and 1 on average over the training part.

use nn_train::data::{ClassWeights, Column, DataSpec, Metric, Rule, SplitSpec, Task};

use crate::support::{load, write};

/// Twenty rows as they stand: twelve to train on, four each for the other parts. Every fourth is of class `rare`.
fn table(folder: &tempfile::TempDir) -> DataSpec {
    let rows: String = (0..20)
        .map(|i| {
            let class = if i % 4 == 3 { "rare" } else { "usual" };
            format!("{i},{},{},{class}\n", i % 3, i % 5)
        })
        .collect();
    let path = write(folder, "rows.csv", format!("a,b,importance,class\n{rows}"));
    DataSpec {
        split: SplitSpec {
            shuffle: false,
            ..SplitSpec::default()
        },
        ..DataSpec::new(path, Task::Class)
    }
}

fn close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (f64::from(*found) - expected).abs() < 1e-6,
            "{found} {expected}"
        );
    }
}

#[test]
fn a_column_says_what_rows_count_for_and_is_no_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = table(&folder);
    assert_eq!(load(&spec).unwrap().train.weights, None);
    spec.weight = Some(Column::Name("importance".into()));
    let data = load(&spec).unwrap();
    assert_eq!(data.shape.len(), 2);
    // The first twelve: 0 1 2 3 4 0 1 2 3 4 0 1, 21 together.
    let of = |rows: std::ops::Range<i32>| -> Vec<f64> {
        rows.map(|i| f64::from(i % 5) * 12.0 / 21.0).collect()
    };
    close(&data.train.weights.clone().unwrap(), &of(0..12));
    close(&data.validation.weights.clone().unwrap(), &of(12..16));
    close(&data.test.weights.clone().unwrap(), &of(16..20));
    // The last training has both parts, a fold some of each.
    let mut both = data.train.clone();
    both.append(&data.validation).unwrap();
    close(&both.run(10..14).weights.unwrap(), &of(10..14));
}

#[test]
fn classes_count_the_same_together_or_as_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = table(&folder);
    spec.class_weights = Some(ClassWeights::Rule(Rule::Balanced));
    let weights = load(&spec).unwrap().train.weights.unwrap();
    // Nine usual rows and three rare ones: 12/(2·9) and 12/(2·3).
    let balanced = |i: usize| if i % 4 == 3 { 2.0 } else { 2.0 / 3.0 };
    close(&weights, &(0..12).map(balanced).collect::<Vec<_>>());
    // Numbers of one's own, times those of rows; 1 for a class that is not named.
    spec.class_weights = Some(ClassWeights::Given([("rare".to_owned(), 10.0)].into()));
    spec.weight = Some(Column::Number(2));
    let weights = load(&spec).unwrap().train.weights.unwrap();
    let plain = |i: usize| (i % 5) as f64 * if i % 4 == 3 { 10.0 } else { 1.0 };
    let mean = (0..12).map(plain).sum::<f64>() / 12.0;
    close(
        &weights,
        &(0..12).map(|i| plain(i) / mean).collect::<Vec<_>>(),
    );
}

#[test]
fn what_is_no_weight_is_named_with_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        &folder,
        "rows.csv",
        "a,w,y\n1,1,2\n2,-1,3\n3,,4\n4,much,5\n5,0,1\n",
    );
    let mut spec = DataSpec::new(path, Task::Reg);
    spec.weight = Some(Column::Name("w".into()));
    let message = load(&spec).unwrap_err().to_string();
    for part in [
        "row 3: the weight '-1'",
        "row 4: the weight ''",
        "row 5: the weight 'much'",
    ] {
        assert!(message.contains(part), "{message}");
    }
    spec.weight = Some(Column::Name("y".into()));
    let message = load(&spec).unwrap_err().to_string();
    assert!(message.contains("the column of the label"), "{message}");
    let path = write(
        &folder,
        "zeros.csv",
        "a,w,y\n1,0,2\n2,0,3\n3,0,4\n4,0,5\n5,0,1\n",
    );
    let mut spec = DataSpec::new(path, Task::Reg);
    spec.weight = Some(Column::Name("w".into()));
    let message = load(&spec).unwrap_err().to_string();
    assert!(
        message.contains("is 0 for all examples of the training part"),
        "{message}"
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(&folder);
    let refused = |change: &dyn Fn(&mut DataSpec)| {
        let mut spec = spec.clone();
        change(&mut spec);
        load(&spec).unwrap_err().to_string()
    };
    for (message, part) in [
        (
            refused(&|spec| spec.metric = Some(Metric::Rmse)),
            "can't be \"rmse\" with task = \"class\"",
        ),
        (
            refused(&|spec| spec.metric = Some(Metric::Top(2))),
            "top-2, which is 1 for every network, as there are 2 classes",
        ),
        (
            refused(&|spec| {
                let weights = [("often".to_owned(), 2.0)].into();
                spec.class_weights = Some(ClassWeights::Given(weights));
            }),
            "names 'often', which is no class: classes are rare, usual",
        ),
        (
            refused(&|spec| {
                let weights = [("rare".to_owned(), 0.0)].into();
                spec.class_weights = Some(ClassWeights::Given(weights));
            }),
            "gives class 'rare' the weight 0",
        ),
        (
            // Rows 12 to 14 are usual.
            refused(&|spec| {
                spec.metric = Some(Metric::Auc);
                spec.split.train = Some(0.6);
                spec.split.validation = Some(0.15);
            }),
            "all examples of the validation part are of one class",
        ),
        (
            refused(&|spec| {
                spec.metric = Some(Metric::Auc);
                spec.split.test = Some(0.05);
            }),
            "all examples of the test part are of one class",
        ),
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_description_says_all_of_it_in_toml() {
    let spec: DataSpec = toml::from_str(
        r#"
        path = "a.csv"
        task = "class"
        metric = "top-5"
        weight = "importance"
        class-weights = { 0 = 2, cat = 0.5 }
        "#,
    )
    .unwrap();
    assert_eq!(spec.metric(), Metric::Top(5));
    let weights = [("0".to_owned(), 2.0), ("cat".to_owned(), 0.5)].into();
    assert_eq!(spec.class_weights, Some(ClassWeights::Given(weights)));
    let text = toml::to_string(&spec).unwrap();
    assert_eq!(toml::from_str::<DataSpec>(&text).unwrap(), spec);
    let plain = DataSpec::new("a.csv", Task::Reg);
    assert_eq!(plain.metric(), Metric::Mse);
    assert!(!toml::to_string(&plain).unwrap().contains("metric"));
    let balanced: DataSpec =
        toml::from_str("path = \"a.csv\"\ntask = \"class\"\nclass-weights = \"balanced\"").unwrap();
    assert_eq!(
        balanced.class_weights,
        Some(ClassWeights::Rule(Rule::Balanced))
    );
    for (wrong, part) in [
        (
            "class-weights = \"even\"",
            "expected \"balanced\" or weights by the names of classes",
        ),
        ("metric = \"f1\"", "can't be 'f1': give accuracy"),
    ] {
        let text = format!("path = \"a.csv\"\ntask = \"class\"\n{wrong}");
        let message = toml::from_str::<DataSpec>(&text).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}
