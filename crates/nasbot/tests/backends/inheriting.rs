//! Trainings that begin with the weights of another one, as jobs of a queue: weights that one job leaves reach another, and a search that
//! goes on finds such a job again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nasbot::backend::{self, Backend, Reports, Task, Work};
use nasbot::settings::Settings;
use nn_train::job::Inherit;

use crate::jobs::{is_scored, wait};
use crate::support::{Make, Stand, network, script, training};
use crate::{fake_queue, ray};

/// A test of a queue, with its name.
type Test = (&'static str, fn(&Make));

/// The tests.
pub(crate) const TESTS: [Test; 3] = [
    ("weights_of_one_job_reach_another", reaches),
    ("a_search_that_goes_on_finds_it_again", found_again),
    ("weights_that_are_gone_fail_the_training_alone", gone),
];

/// The queues that they run over.
pub(crate) fn queues() -> Vec<(&'static str, Make)> {
    let mut queues: Vec<(&str, Make)> = vec![("template", template)];
    if ray::is_there() {
        queues.push(("ray", over_ray));
    }
    queues
}

fn template(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    inheriting(
        folder,
        fake_queue::queued(folder, Duration::from_secs(2)),
        reports,
    )
}

fn over_ray(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    inheriting(folder, ray::settings(folder), reports)
}

/// A worker that notes its evaluation, its epochs and what it begins with in `began`, and leaves its evaluation as its weights.
const WORKER: &str = r#"cd "$(dirname "$0")" || exit 1
read -r job
value() { printf '%s' "$job" | sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
echo '{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}'
n=$(value evaluation) from=nothing
case $job in *'"inherit":'*)
    from=$(cat "$(value weights)") || { echo '{"event":"failed","kind":"other","message":"no weights"}'; exit; } ;;
esac
echo "$n $(value epochs) $from" >> began
[ -e hold ] && while [ ! -e go ]; do sleep 0.02; done
case $job in *'"leave":'*) mkdir -p "$(dirname "$(value leave)")"; echo "$n" > "$(value leave)" ;; esac
echo '{"event":"done","score":0.5,"metrics":{"inherited":0.9},"seconds":0.1,"parameters":7}'
"#;

fn inheriting(folder: &Path, settings: Settings, reports: Reports) -> Box<dyn Backend> {
    let program = script(folder, "inheriting", WORKER);
    let settings = Settings {
        evaluator: training(folder, program).evaluator,
        ..settings
    };
    backend::backend(&settings, reports).unwrap()
}

/// A training of three epochs that begins with the weights of an evaluation.
fn inherits(stand: &Stand, id: u64, parent: u64) -> Work {
    let from = Inherit {
        network: network(),
        weights: weights(stand, parent),
        matches: (0..5).map(|layer| (layer, layer)).collect(),
    };
    Work {
        task: Task::Inherit {
            from: Box::new(from),
            epochs: 3,
        },
        ..stand.work(id, 0)
    }
}

fn weights(stand: &Stand, id: u64) -> std::path::PathBuf {
    let folder = stand.folder.path().join("weights");
    folder.join(format!("{id}.safetensors"))
}

fn began(stand: &Stand) -> Vec<String> {
    let text = fs::read_to_string(stand.folder.path().join("began")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn reaches(make: &Make) {
    let mut stand = Stand::new(make);
    let parent = Work {
        leave: Some(weights(&stand, 0)),
        ..stand.work(0, 0)
    };
    stand.backend.submit(parent).unwrap();
    assert!(is_scored(&stand.end().1));
    assert_eq!(fs::read_to_string(weights(&stand, 0)).unwrap(), "0\n");
    let child = inherits(&stand, 1, 0);
    stand.backend.submit(child).unwrap();
    let end = stand.end().1;
    assert!(is_scored(&end), "{end:?}");
    // Trained from nothing afterwards, it is another job of the same evaluation.
    let again = Work {
        leave: Some(weights(&stand, 1)),
        ..stand.work(1, 0)
    };
    stand.backend.submit(again).unwrap();
    assert!(is_scored(&stand.end().1));
    let all = nn_train::TrainingSpec::default().epochs;
    let expected = [
        format!("0 {all} nothing"),
        "1 3 0".to_owned(),
        format!("1 {all} nothing"),
    ];
    assert_eq!(began(&stand), expected);
    assert_eq!(fs::read_to_string(weights(&stand, 1)).unwrap(), "1\n");
}

fn found_again(make: &Make) {
    let mut stand = Stand::new(make);
    let folder = stand.folder.path().to_owned();
    fs::create_dir_all(folder.join("weights")).unwrap();
    fs::write(weights(&stand, 0), "parent\n").unwrap();
    fs::write(folder.join("hold"), "").unwrap();
    let work = inherits(&stand, 1, 0);
    let handle = stand.backend.submit(work.clone()).unwrap();
    wait("the training to begin", || began(&stand) == ["1 3 parent"]);
    let mut next = Stand::at(stand.die(), make);
    let found = next.backend.attach(&work, Some(&handle)).unwrap();
    assert_eq!(found, Some(handle));
    fs::write(folder.join("go"), "").unwrap();
    let (id, end) = next.end();
    assert!(id == 1 && is_scored(&end), "{end:?}");
    assert_eq!(began(&next), ["1 3 parent"]);
}

fn gone(make: &Make) {
    let mut stand = Stand::new(make);
    let work = inherits(&stand, 1, 0);
    stand.backend.submit(work).unwrap();
    let end = stand.end().1;
    let text = format!("{end:?}");
    assert!(!is_scored(&end) && text.contains("no weights"), "{text}");
    assert!(began(&stand).is_empty());
}
