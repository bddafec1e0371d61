//! A queue of a few lines of shell, with a folder of its own for each job: what `template` runs in the tests.
//!
//! `submit SCRIPT LOG`, `status ID…` and `cancel ID` are its commands. A job is a process group; files beside it say what became
//! of it. For tests of what goes wrong: while a file `down` is there no command succeeds, a file `refuse` holds how many
//! submissions fail, with a file `deaf` jobs end at once without having run, and `kill ID WORD` ends a job as the engine itself
//! would, with that word for its state.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nasbot::backend::{self, Backend, Reports};
use nasbot::settings::{Engine, Settings, Template};

use crate::jobs;
use crate::support::{CAPACITY, script};

const TEXT: &str = r#"
spool=$(dirname "$0")/spool; mkdir -p "$spool"; what=$1; shift
[ -e "$spool/down" ] && { echo "the queue does not answer" >&2; exit 1; }
case $what in
submit)
  left=$(cat "$spool/refuse" 2> /dev/null || echo 0)
  if [ "$left" -gt 0 ]; then echo $((left - 1)) > "$spool/refuse"; echo "refused" >&2; exit 1; fi
  id=1; while ! mkdir "$spool/$id" 2> /dev/null; do id=$((id + 1)); done
  [ -e "$spool/deaf" ] && set -- /dev/null "$2"
  setsid sh -c 'echo $$ > "$1/pid.new" && mv "$1/pid.new" "$1/pid"
    sh "$2" > "$3" 2>&1
    case $? in 0) word=DONE ;; *) word=EXIT ;; esac
    [ -e "$1/word" ] || echo $word > "$1/word"' - "$spool/$id" "$1" "$2" < /dev/null > /dev/null 2>&1 &
  while ! [ -e "$spool/$id/pid" ]; do sleep 0.01; done
  echo "Job <$id> is submitted." ;;
status)
  for id; do
    if ! [ -d "$spool/$id" ]; then echo "Job <$id> is not found" >&2; missing=1
    elif [ -e "$spool/$id/word" ]; then echo "$id  $(cat "$spool/$id/word")"
    else echo "$id  RUN"; fi
  done
  [ -z "$missing" ] ;;
cancel) set -- "$1" CANCELLED; echo CANCELLED > "$spool/$1/word"; kill -TERM -"$(cat "$spool/$1/pid")" ;;
kill) echo "$2" > "$spool/$1/word"; kill -KILL -"$(cat "$spool/$1/pid")" ;;
esac
"#;

/// The settings of a search over the queue in a folder.
pub(crate) fn queued(folder: &Path, grace: Duration) -> Settings {
    let queue = script(folder, "queue", TEXT);
    let queue = queue.display();
    let text = serde_json::json!({
        "submit": format!("{queue} submit {{script}} {{log}}"),
        "status": format!("{queue} status {{ids}}"),
        "cancel": format!("{queue} cancel {{id}}"),
        "submitted": "Job <{id}> is submitted",
        "missing": "Job <{id}> is not found",
    });
    let mut template: Template = serde_json::from_value(text).unwrap();
    template.folder = folder.to_owned();
    let engine = Engine::Template(Box::new(template));
    jobs::queued(folder, CAPACITY, grace, engine)
}

/// A back-end over the queue in a folder.
pub(crate) fn template(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    let settings = queued(folder, Duration::from_secs(2));
    backend::backend(&settings, reports).unwrap()
}

/// The folder of the queue's jobs.
pub(crate) fn spool(folder: &Path) -> PathBuf {
    let spool = folder.join("spool");
    std::fs::create_dir_all(&spool).unwrap();
    spool
}

/// Ends a job as its engine would, with a word for its state.
pub(crate) fn kill(folder: &Path, id: u32, word: &str) {
    let command = format!("./queue kill {id} {word}");
    let done = Command::new("sh")
        .args(["-c", &command])
        .current_dir(folder)
        .status();
    assert!(done.unwrap().success());
}
