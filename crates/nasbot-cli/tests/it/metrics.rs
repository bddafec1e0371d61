//! What a search is scored by: said in the description, recorded, and shown without the minus sign of a loss.

use serde_json::{Value, json};

use crate::support::Folder;

/// A description of a regression with a metric, a table of 60 rows, and a worker whose networks have the RMSE 100 − n of the n-th.
fn regression(folder: &Folder, data: &str) {
    let rows: String = (0..60)
        .map(|i| format!("{},{},{}\n", i * 37 % 60, i % 7, 1000 + i * 37 % 60))
        .collect();
    folder.write("rows.csv", &format!("a,b,y\n{rows}"));
    describe(folder, data);
    let jobs = folder.path("jobs").display().to_string();
    folder.script(
        "worker",
        &format!(
            r#"#!/bin/sh
read -r job
printf '%s\n' "$job" >> {jobs}
n=$(printf '%s' "$job" | sed 's/.*"evaluation":\([0-9]*\).*/\1/')
more=
case $job in *'"final":{{'*)
    save=$(printf '%s' "$job" | sed 's/.*"save":"\([^"]*\)".*/\1/')
    echo weights > "$save"
    more=',"members":[0,1],"breakdown":{{"residuals":{{"rows":12,"mean":-1.5,"quantiles":[[0,-40],[0.5,2],[1,38.5]]}}}}' ;;
esac
echo '{{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}}'
echo '{{"event":"progress","epoch":1,"epochs":2,"loss":0.5,"score":-250}}'
rmse=$((100 - n))
echo '{{"event":"done","score":-'$rmse',"metrics":{{"rmse":'$rmse',"r2":0.25,"mse":0.5,"epochs":7,"noise":3.25,"rmse-noise":3.25}},"seconds":0.1,"parameters":1234'$more'}}'
"#
        ),
    );
}

fn describe(folder: &Folder, data: &str) {
    folder.write(
        "search.toml",
        &format!(
            "[space]\nkind = \"mlp-reg\"\n[data]\npath = \"rows.csv\"\ntask = \"reg\"\n{data}\n[workers]\nprogram = \"./worker\"\n\
             devices = [\"cpu\"]\n[budget]\nevaluations = 3\n"
        ),
    );
}

fn jobs(folder: &Folder) -> Vec<Value> {
    let lines = folder.lines("jobs");
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_loss_is_minimised_and_shown_as_it_is() {
    let folder = Folder::new();
    regression(&folder, "metric = \"rmse\"");
    let shown = folder.run(&["search", "search.toml"]).ok();
    assert!(
        shown.contains("#2, RMSE 98 ± 3.2 (R² 0.250) in validation"),
        "{shown}"
    );
    assert!(
        shown.contains("nearest neighbours") && shown.contains("(RMSE, test)"),
        "{shown}"
    );
    assert!(!shown.contains("-98"), "{shown}");
    for part in [
        "predicted less actual values of 12 rows of the test data, in the target's units",
        "  mean  least  median  most",
        "  -1.5    -40       2  38.5",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(jobs(&folder)[0]["task"]["metric"], "rmse");
    let summary = folder.summary();
    assert_eq!(
        summary["metric"],
        json!({"name": "rmse", "direction": "minimise"})
    );
    assert_eq!(summary["best"]["id"], 2);
    assert_eq!(summary["best"]["score"].as_f64(), Some(-98.0));
    assert_eq!(summary["best"]["value"].as_f64(), Some(98.0));
    // The last training tells the number of a candidate, 0.
    assert_eq!(summary["test"]["value"].as_f64(), Some(100.0));
    assert_eq!(summary["test"]["breakdown"]["residuals"]["rows"], 12);
    let table = folder.run(&["show", "search.nasbot.db", "--all"]).ok();
    assert!(
        table.contains(" RMSE ") && table.contains(" 99 ") && !table.contains("-99"),
        "{table}"
    );
    let events = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    assert!(
        events
            .lines()
            .next()
            .unwrap()
            .contains("\"metric\":\"rmse\""),
        "{events}"
    );
    let row = folder
        .run(&[
            "show",
            "search.nasbot.db",
            "--evaluation",
            "1",
            "--format",
            "json",
        ])
        .ok();
    let row: Value = serde_json::from_str(&row).unwrap();
    assert_eq!(row["value"].as_f64(), Some(99.0));
}

#[test]
fn lines_of_a_running_search_name_the_metric() {
    let folder = Folder::new();
    regression(&folder, "metric = \"rmse\"");
    let said = folder.run(&["search", "search.toml"]).stderr;
    assert!(said.contains("RMSE 99  best so far"), "{said}");
    // What a network learns is no unit of a person's: the error in units is shown for it.
    let folder = Folder::new();
    regression(&folder, "");
    let said = folder.run(&["search", "search.toml"]).stderr;
    assert!(said.contains("RMSE 99  best so far"), "{said}");
    let summary = folder.summary();
    assert_eq!(
        summary["metric"],
        json!({"name": "mse", "direction": "minimise"})
    );
}

#[test]
fn a_study_goes_on_with_its_metric() {
    let folder = Folder::new();
    regression(&folder, "metric = \"rmse\"");
    folder.run(&["search", "search.toml"]).ok();
    describe(&folder, "metric = \"mae\"");
    let resumed = folder.run(&["resume", "search.nasbot.db", "--evaluations", "4"]);
    let said = resumed.stderr;
    assert!(
        said.contains("depend on: data.metric = \"mae\" (was \"rmse\")"),
        "{said}"
    );
    assert_eq!(folder.summary()["metric"]["name"], "rmse");
    assert!(
        jobs(&folder)
            .iter()
            .all(|job| job["task"]["metric"] == "rmse")
    );
}

#[test]
fn a_metric_of_another_task_is_refused_where_it_stands() {
    let folder = Folder::new();
    regression(&folder, "metric = \"auc\"");
    let error = folder.run(&["validate", "search.toml"]).stderr;
    assert!(
        error.contains("can't be \"auc\" with task = \"reg\""),
        "{error}"
    );
    assert!(error.contains("search.toml:6"), "{error}");
    describe(&folder, "metric = \"mae\"\nweight = \"b\"");
    let shown = folder.run(&["validate", "search.toml"]).ok();
    assert!(
        shown.contains(
            "score: MAE, the lower the better; examples are weighed in the training alone"
        ),
        "{shown}"
    );
}

#[test]
fn a_card_tells_the_metric_the_errors_and_that_it_is_an_ensemble() {
    let folder = Folder::new();
    regression(
        &folder,
        "metric = \"rmse\"\n[training]\nfinal = \"ensemble\"\npatience = 3\nfolds = 5",
    );
    folder.run(&["search", "search.toml"]).ok();
    let trained = folder
        .run(&[
            "train",
            "search.nasbot.db",
            "-o",
            "model",
            "--format",
            "json",
        ])
        .ok();
    let figures: Value = serde_json::from_str(&trained).unwrap();
    assert_eq!(
        figures["metric"],
        json!({"name": "rmse", "direction": "minimise"})
    );
    assert_eq!(figures["value"].as_f64(), Some(100.0));
    assert_eq!(
        figures["breakdown"]["residuals"]["mean"].as_f64(),
        Some(-1.5)
    );
    let card = folder.read("model/README.md");
    for part in [
        "RMSE 100",
        "one ensemble of 2 trainings; the spread over seeds was not measured",
        "| mean | least | median | most |\n|---|---|---|---|\n| -1.5 | -40 | 2 | 38.5 |",
        "it was chosen by: RMSE 98",
    ] {
        assert!(card.contains(part), "{part}\n{card}");
    }
    // The evaluation's epochs are those of its protocol, not of another description's.
    folder.write(
        "other.toml",
        &folder
            .read("search.toml")
            .replace("patience = 3", "patience = 5"),
    );
    let epochs = |folder: &Folder| jobs(folder).last().unwrap()["final"]["epochs"].clone();
    assert_eq!(epochs(&folder), 7);
    folder
        .run(&[
            "train",
            "search.nasbot.db",
            "-o",
            "other",
            "--config",
            "other.toml",
        ])
        .ok();
    assert_eq!(epochs(&folder), Value::Null);
}

#[test]
fn folds_of_folders_that_have_a_part_for_validation_are_refused() {
    let folder = Folder::new();
    folder.worker("");
    let picture = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../nn-train/tests/data/pictures/grey.png"
    ))
    .unwrap();
    let fill = |part: &str| {
        for (class, name) in ["a", "b"].iter().flat_map(|c| (0..6).map(move |i| (c, i))) {
            let place = folder.path(&format!("pictures/{part}/{class}"));
            std::fs::create_dir_all(&place).unwrap();
            std::fs::write(place.join(format!("{name}.png")), &picture).unwrap();
        }
    };
    fill("train");
    fill("test");
    folder.write(
        "search.toml",
        "[space]\nkind = \"cnn\"\n[data]\npath = \"pictures\"\ntask = \"class\"\nimage = [1, 8, 8]\n[training]\nfolds = 3\n\
         [workers]\nprogram = \"./worker\"\ndevices = [\"cpu\"]\n[budget]\nevaluations = 3\n",
    );
    // Without one, any example for training may be held out.
    folder.run(&["validate", "search.toml"]).ok();
    fill("val");
    let error = folder.run(&["validate", "search.toml"]).stderr;
    assert!(
        error.contains("the data have a part of their own for validation"),
        "{error}"
    );
    assert!(error.contains("search.toml:8"), "{error}");
}
