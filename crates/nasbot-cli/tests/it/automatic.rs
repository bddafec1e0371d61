//! What follows from the data: the protocol, and what simple methods reach beside a search.

use serde_json::Value;

use crate::support::Folder;

/// A description of nothing but kind, data and task, and a table of 60 rows whose class is told by one column.
fn small(folder: &Folder) {
    let rows: String = (0..60)
        .map(|i| {
            format!(
                "{},{},{}\n",
                i * 37 % 60,
                i % 7,
                if i * 37 % 60 < 30 { "low" } else { "high" }
            )
        })
        .collect();
    folder.write("rows.csv", &format!("a,b,class\n{rows}"));
    folder.write(
        "search.toml",
        "[space]\nkind = \"mlp-class\"\n[data]\npath = \"rows.csv\"\ntask = \"class\"\n[workers]\nprogram = \"./worker\"\n\
         devices = [\"cpu\"]\n[budget]\nevaluations = 3\n",
    );
}

fn job(folder: &Folder) -> Value {
    serde_json::from_str(&folder.lines("jobs")[0]).unwrap()
}

#[test]
fn a_study_goes_on_with_the_protocol_that_it_began_with() {
    let folder = Folder::new();
    let jobs = folder.path("jobs").display().to_string();
    folder.worker(&format!("printf '%s\\n' \"$job\" >> {jobs}"));
    small(&folder);
    folder.run(&["search", "search.toml"]).ok();
    let before = job(&folder);
    assert_eq!(before["training"]["protocol"], "auto");
    assert_eq!(before["training"]["folds"], 5);
    // Two relu layers come first: the first network is a sensible one.
    assert_eq!(before["network"]["layers"].as_array().unwrap().len(), 5);
    std::fs::remove_file(folder.path("jobs")).unwrap();
    // With so many rows a new search would have no folds.
    let many: String = (0..3_000)
        .map(|i| format!("{i},1,{}\n", ["low", "high"][i % 2]))
        .collect();
    folder.write("rows.csv", &format!("a,b,class\n{many}"));
    folder
        .run(&["resume", "search.nasbot.db", "--evaluations", "4"])
        .ok();
    assert_eq!(job(&folder)["training"], before["training"]);
    // Eight candidates at most, of which there are four.
    let last: Value = serde_json::from_str(folder.lines("jobs").last().unwrap()).unwrap();
    assert_eq!(last["final"]["candidates"].as_array().unwrap().len(), 4);
}

#[test]
fn simple_methods_stand_beside_the_result_and_it_is_said_where_one_is_better() {
    let folder = Folder::new();
    folder.worker("");
    small(&folder);
    let shown = folder.run(&["search", "search.toml"]).ok();
    // The fake worker's networks have an accuracy of 2 %; a line divides the two classes.
    assert!(shown.contains("is better than the search here"), "{shown}");
    let baselines = &folder.summary()["baselines"];
    let methods: Vec<&str> = (baselines.as_array().unwrap().iter())
        .map(|simple| simple["method"].as_str().unwrap())
        .collect();
    assert_eq!(
        methods,
        [
            "the commonest class",
            "logistic regression",
            "nearest neighbours"
        ]
    );
    assert!(baselines[1]["test"]["accuracy"].as_f64().unwrap() > 0.8);
    assert!(baselines[0]["test"]["accuracy"].as_f64().unwrap() < 0.7);
}
