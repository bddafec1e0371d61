//! Workers that wait for more: which process does what, and what replaces it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nasbot::backend::{self, Backend, End, Report, Reports, Task};
use nasbot_opt::{Failure, Outcome};
use nn_train::job::Final;

use crate::support::{Make, PATIENCE, Stand, script, training};

/// The tests, by name.
pub(crate) const TESTS: [(&str, fn()); 10] = [
    ("one_process_does_one_work_after_the_other", reuses),
    ("without_reuse_each_work_has_its_process", renews),
    ("what_a_network_does_wrong_keeps_the_worker", keeps),
    ("a_crash_or_a_lack_of_memory_replaces_the_worker", replaces),
    (
        "a_worker_that_ended_while_it_waited_costs_nothing",
        ends_idle,
    ),
    ("a_stop_and_a_time_out_end_the_worker", stops),
    (
        "a_lack_of_memory_that_others_caused_is_tried_again_alone",
        no_room,
    ),
    ("each_log_holds_its_own_work", logs),
    ("a_long_job_reaches_a_worker_that_waits", long_job),
    (
        "no_worker_outlives_its_backend_or_waits_beside_the_last_training",
        leaves_none,
    ),
];

/// A worker that notes its process before each work in `processes`, does what `deeds/EVALUATION` says, and otherwise scores as
/// the other back-ends under test do.
pub(crate) const WORKER: &str = r#"cd "$(dirname "$0")" || exit 1
hello() { echo '{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}'; }
fail() { printf '{"event":"failed","kind":"%s","message":"because"}\n' "$1"; }
hello
while read -r job; do
[ -n "$again" ] && hello
again=yes
n=$(printf '%s' "$job" | sed 's/.*"evaluation":\([0-9]*\).*/\1/')
seed=$(printf '%s' "$job" | sed 's/.*"seed":\([0-9]*\).*/\1/')
echo $$ >> processes
echo "log of $n" >&2
[ -e deeds/$n ] && . ./deeds/$n
sleep $(printf '%d.%03d' $((seed / 1000)) $((seed % 1000)))
layers=$(printf '%s' "$job" | grep -o '"op":' | wc -l)
case $job in *'"stay":true'*) ;; *) last=yes ;; esac
printf '{"event":"done","score":0.%02d,"metrics":{},"seconds":0.1,"parameters":7}\n' "$layers"
[ -n "$last" ] && exit
done
"#;

fn start(folder: &Path, reports: Reports, reuse: bool) -> Box<dyn Backend> {
    let mut settings = training(folder, script(folder, "worker", WORKER));
    settings.workers.reuse = reuse;
    settings.workers.timeout = Some(Duration::from_secs(20));
    backend::backend(&settings, reports).unwrap()
}

/// A back-end whose workers wait for more.
pub(crate) fn warm(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    start(folder, reports, true)
}

const WARM: Make = warm;

/// The worker's process of each work, in the order in which they began.
pub(crate) fn processes(stand: &Stand) -> Vec<u32> {
    let text = fs::read_to_string(stand.folder.path().join("processes")).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// Says what a worker does in an evaluation.
pub(crate) fn deed(stand: &Stand, id: u64, text: &str) {
    let deeds = stand.folder.path().join("deeds");
    fs::create_dir_all(&deeds).unwrap();
    fs::write(deeds.join(id.to_string()), text).unwrap();
}

fn done(stand: &mut Stand, id: u64) -> End {
    stand.submit(id, 0);
    stand.end().1
}

pub(crate) fn is_scored(end: &End) -> bool {
    matches!(end, End::Done(outcome, _) if outcome.score().is_some())
}

fn failure(end: &End) -> Failure {
    match end {
        End::Done(Outcome::Failed(failure), _) => *failure,
        other => panic!("{other:?}"),
    }
}

fn is_alive(process: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = text.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}

fn wait_until_gone(process: u32) {
    let since = Instant::now();
    while is_alive(process) {
        assert!(since.elapsed() < PATIENCE, "{process} is still there");
        thread::sleep(Duration::from_millis(5));
    }
}

fn reuses() {
    let mut stand = Stand::new(&WARM);
    for id in 0..5 {
        let end = done(&mut stand, id);
        let End::Done(outcome, detail) = end else {
            panic!("{end:?}");
        };
        assert_eq!(outcome.score(), Some(0.05));
        // Each work is told who does it.
        assert!(detail.worker.unwrap().contains("nasbot-worker 0.1.0"));
    }
    let found = processes(&stand);
    assert_eq!(found, [found[0]; 5]);
    // Two at once take two, which both wait afterwards.
    for id in 5..9 {
        stand.submit(id, 300);
        if id % 2 == 0 {
            assert!(is_scored(&stand.end().1) && is_scored(&stand.end().1));
        }
    }
    let mut found = processes(&stand);
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 2);
}

fn renews() {
    let make: Make = |folder, reports| start(folder, reports, false);
    let mut stand = Stand::new(&make);
    for id in 0..3 {
        assert!(is_scored(&done(&mut stand, id)));
    }
    let mut found = processes(&stand);
    found.dedup();
    assert_eq!(found.len(), 3);
}

fn keeps() {
    let mut stand = Stand::new(&WARM);
    for (id, kind, expected) in [
        (0, "diverged", Failure::Diverged),
        (1, "impossible-shape", Failure::ImpossibleShape),
        (2, "timed-out", Failure::TimedOut),
    ] {
        deed(&stand, id, &format!("fail {kind}; continue"));
        assert_eq!(failure(&done(&mut stand, id)), expected);
    }
    assert!(is_scored(&done(&mut stand, 3)));
    let found = processes(&stand);
    assert_eq!(found, [found[0]; 4]);
}

fn replaces() {
    let mut stand = Stand::new(&WARM);
    assert!(is_scored(&done(&mut stand, 0)));
    for (id, text, expected) in [
        (1, "kill -SEGV $$", Failure::Crashed),
        (3, "fail out-of-memory; sleep 60", Failure::OutOfMemory),
        (5, "kill -KILL $$", Failure::OutOfMemory),
        (7, "fail internal; exit", Failure::Other),
    ] {
        deed(&stand, id, text);
        assert_eq!(failure(&done(&mut stand, id)), expected);
        // It cost this evaluation alone.
        assert!(is_scored(&done(&mut stand, id + 1)));
        let found = processes(&stand);
        let [.., before, after] = found[..] else {
            panic!("{found:?}");
        };
        assert_ne!(before, after);
        assert!(!is_alive(before) && is_alive(after));
    }
}

fn ends_idle() {
    let mut stand = Stand::new(&WARM);
    // Whether it is seen that the first one has ended, or the second one hears nothing from it.
    deed(&stand, 0, "last=yes");
    deed(&stand, 1, "last=yes");
    assert!(is_scored(&done(&mut stand, 0)));
    assert!(is_scored(&done(&mut stand, 1)));
    wait_until_gone(processes(&stand)[1]);
    thread::sleep(Duration::from_millis(100));
    assert!(is_scored(&done(&mut stand, 2)));
    // Killed with its guard, as by someone who tidies up.
    let waiting = processes(&stand)[2];
    let kill = std::process::Command::new("kill")
        .args(["-KILL", &waiting.to_string()])
        .status();
    assert!(kill.unwrap().success());
    assert!(is_scored(&done(&mut stand, 3)));
    let mut found = processes(&stand);
    assert_eq!(found.len(), 4);
    found.dedup();
    assert_eq!(found.len(), 4);
}

fn stops() {
    let mut stand = Stand::new(&WARM);
    assert!(is_scored(&done(&mut stand, 0)));
    let handle = stand.submit(1, 10_000);
    let since = Instant::now();
    while processes(&stand).len() < 2 {
        assert!(since.elapsed() < PATIENCE, "it does not begin");
        thread::sleep(Duration::from_millis(5));
    }
    stand.backend.cancel(&handle);
    assert!(matches!(stand.end(), (1, End::Stopped)));
    let found = processes(&stand);
    assert_eq!(found[0], found[1]);
    wait_until_gone(found[1]);
    assert!(is_scored(&done(&mut stand, 2)));
    let make: Make = |folder, reports| {
        let mut settings = training(folder, script(folder, "worker", WORKER));
        settings.workers.timeout = Some(Duration::from_millis(700));
        backend::backend(&settings, reports).unwrap()
    };
    let mut stand = Stand::new(&make);
    assert!(is_scored(&done(&mut stand, 0)));
    // A limit is one of each evaluation, not of the process; a stopped process is ended too.
    deed(&stand, 1, "kill -STOP $$");
    assert_eq!(failure(&done(&mut stand, 1)), Failure::TimedOut);
    assert!(is_scored(&done(&mut stand, 2)));
    thread::sleep(Duration::from_millis(800));
    assert!(is_scored(&done(&mut stand, 3)));
    let found = processes(&stand);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[2], found[3]);
    wait_until_gone(found[1]);
}

fn no_room() {
    let mut stand = Stand::new(&WARM);
    stand.submit(0, 400);
    // Once only: the second try finds no such deed.
    deed(&stand, 1, "rm deeds/1; fail no-room; exit");
    stand.submit(1, 0);
    let mut ended = Vec::new();
    let mut notes = Vec::new();
    while ended.len() < 2 {
        match stand.report() {
            Report::Note(text) => notes.push(text),
            Report::Ended { id, end } => {
                assert!(is_scored(&end), "{end:?}");
                ended.push(id);
            }
            _ => {}
        }
    }
    assert_eq!(ended, [0, 1], "it did not wait until it was alone");
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].starts_with("evaluation 1 is tried again alone")
            && notes[0].ends_with(": because"),
        "{notes:?}"
    );
    // The try, the other evaluation, and the try alone in a process of its own, which then stays.
    let found = processes(&stand);
    assert_eq!(found.len(), 3);
    assert!(!found[..2].contains(&found[2]));
    assert!(is_alive(found[2]) && !found[..2].iter().any(|process| is_alive(*process)));
    // A work that waits for its turn can be stopped.
    deed(&stand, 2, "fail no-room; exit");
    let handle = stand.submit(2, 0);
    while !matches!(stand.report(), Report::Note(_)) {}
    stand.backend.cancel(&handle);
    assert!(matches!(stand.end(), (2, End::Stopped)));
    assert!(is_scored(&done(&mut stand, 3)));
}

fn logs() {
    let mut stand = Stand::new(&WARM);
    for id in 0..4 {
        assert!(is_scored(&done(&mut stand, id)));
    }
    for id in 0..4 {
        let log = stand.folder.path().join("logs").join(format!("{id}.log"));
        let text = fs::read_to_string(log).unwrap();
        let own = format!("log of {id}");
        let found: Vec<&str> = (text.lines())
            .filter(|line| line.starts_with("log of"))
            .collect();
        assert_eq!(found, [own.as_str()], "{text}");
        assert!(text.starts_with("[nasbot] nasbot"), "{text}");
        assert!(text.contains("[nasbot] end"), "{text}");
    }
}

fn long_job() {
    let mut stand = Stand::new(&WARM);
    assert!(is_scored(&done(&mut stand, 0)));
    // More than a pipe holds.
    let mut work = stand.work(1, 0);
    let layers: Vec<String> = (0..6_000)
        .map(|_| r#"{"op":"relu","units":8}"#.to_owned())
        .collect();
    let edges: Vec<String> = (0..6_002).map(|i| format!("[{i},{}]", i + 1)).collect();
    let text = format!(
        r#"{{"kind":"mlp-class","layers":[{{"op":"ip"}},{},{{"op":"softmax"}},{{"op":"op"}}],"edges":[{}]}}"#,
        layers.join(","),
        edges.join(",")
    );
    work.network = text.parse().unwrap();
    assert!(work.network.to_json().len() > 200_000);
    stand.backend.submit(work).unwrap();
    let end = stand.end().1;
    assert!(is_scored(&end), "{end:?}");
    assert!(is_scored(&done(&mut stand, 2)));
    let found = processes(&stand);
    assert_eq!(found, [found[0]; 3]);
}

fn leaves_none() {
    let mut stand = Stand::new(&WARM);
    stand.submit(0, 300);
    stand.submit(1, 300);
    assert!(is_scored(&stand.end().1) && is_scored(&stand.end().1));
    let waiting = processes(&stand);
    assert!(waiting.iter().all(|process| is_alive(*process)));
    let mut last = stand.work(2, 0);
    last.task = Task::TrainFinally {
        weights: stand.folder.path().join("best.safetensors"),
        how: Final::default(),
    };
    stand.backend.submit(last).unwrap();
    assert!(matches!(stand.report(), Report::Started { id: 2, .. }));
    assert!(waiting.iter().all(|process| !is_alive(*process)));
    assert!(is_scored(&stand.end().1));
    assert!(is_scored(&done(&mut stand, 3)));
    let found = processes(&stand);
    assert_ne!(found[2], found[3]);
    assert!(!is_alive(found[2]) && is_alive(found[3]));
    drop(stand);
    assert!(!is_alive(found[3]));
}
