//! A back-end whose work outlives the search that submitted it, as that of a cluster does, and searches over it.
//!
//! Each job is a process in a session of its own, with a folder named after its key. The folder is made before the process
//! is started, and the result is written to another name and renamed, so that it is there as a whole or not at all.

use std::collections::HashMap;
use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nasbot::backend::{Abilities, Backend, End, Handle, Key, Report, Reports, Status, Work};
use nasbot::session::{Observer, run, system_clock};
use nasbot::settings::{Evaluator, Settings};
use nasbot::study::{self, Created, Detail, Event, Ledger, Stamped, Study};
use nasbot::{Error, Stop};
use nasbot_opt::Outcome;

use crate::suite::Test;
use crate::support::{CAPACITY, Make, PATIENCE, Stand, network, script, settings};

/// The tests, by name.
pub(crate) const TESTS: [(&str, Test); 4] = [
    ("a_job_outlives_its_search_which_finds_it_again", outlives),
    (
        "a_job_that_ended_meanwhile_is_not_run_again",
        ended_meanwhile,
    ),
    (
        "a_job_whose_handle_was_never_recorded_is_found_by_its_key",
        found_by_key,
    ),
    (
        "a_search_that_dies_and_attaches_evaluates_nothing_twice",
        search_attaches,
    ),
];

/// Jobs in a folder.
pub(crate) struct Detached {
    folder: PathBuf,
    program: PathBuf,
    reports: Reports,
    /// What is watched, and whether its end has been reported.
    watched: HashMap<Handle, Arc<AtomicBool>>,
    is_alive: Arc<AtomicBool>,
}

impl Detached {
    pub(crate) fn new(folder: &Path, reports: Reports) -> Self {
        fs::create_dir_all(folder.join("jobs")).unwrap();
        let program = script(
            folder,
            "job.sh",
            "cd \"$1\" || exit 1; echo began >> ../../began; end=$(($(date +%s%3N) + $2))\n\
             while [ $(date +%s%3N) -lt $end ]; do [ -e cancelled ] && exit; sleep 0.01; done\n\
             layers=$(grep -o '\"op\":' network.json | wc -l)\n\
             printf '0.%02d\\n' \"$layers\" > part && mv part result\n",
        );
        Self {
            folder: folder.to_owned(),
            program,
            reports,
            watched: HashMap::new(),
            is_alive: Arc::new(AtomicBool::new(true)),
        }
    }

    fn job(&self, key: &Key) -> PathBuf {
        self.folder.join("jobs").join(key.to_string())
    }

    /// Reports the beginning and the end of a job.
    fn watch(&mut self, key: &Key) -> Handle {
        let (job, id) = (self.job(key), key.evaluation);
        let handle = Handle(key.to_string());
        let is_over = Arc::new(AtomicBool::new(false));
        self.watched.insert(handle.clone(), Arc::clone(&is_over));
        let (slot, device) = (0, "elsewhere".to_owned());
        let (reports, is_alive) = (self.reports.clone(), Arc::clone(&self.is_alive));
        reports.send(Report::Started { id, slot, device });
        thread::spawn(move || {
            while is_alive.load(Ordering::Relaxed) {
                if let Some(end) = end(&job) {
                    is_over.store(true, Ordering::Relaxed);
                    reports.send(Report::Ended { id, end });
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        handle
    }
}

/// The seeds of tests are short times; those of searches are any numbers.
fn milliseconds(seed: u64) -> u64 {
    if seed < 10_000 {
        seed
    } else {
        100 + seed % 200
    }
}

/// What has become of a job that is over.
fn end(job: &Path) -> Option<End> {
    if job.join("cancelled").exists() {
        return Some(End::Stopped);
    }
    let score: f64 = fs::read_to_string(job.join("result"))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(End::Done(Outcome::scored(score), Detail::default()))
}

impl Drop for Detached {
    fn drop(&mut self) {
        self.is_alive.store(false, Ordering::Relaxed);
    }
}

impl Backend for Detached {
    fn abilities(&self) -> Abilities {
        Abilities {
            capacity: CAPACITY,
            trains_finally: false,
            goes_on: false,
            outlives: true,
        }
    }

    fn submit(&mut self, work: Work) -> Result<Handle, Error> {
        let job = self.job(&work.key);
        // A key is never used twice.
        fs::create_dir(&job).unwrap();
        fs::write(job.join("network.json"), work.network.to_json()).unwrap();
        let started = Command::new("setsid")
            .arg("--fork")
            .arg(&self.program)
            .arg(&job)
            .arg(milliseconds(work.seed).to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        assert!(started.unwrap().success());
        Ok(self.watch(&work.key))
    }

    fn poll(&mut self, handle: &Handle) -> Status {
        match self.watched.get(handle) {
            None => Status::Unknown,
            Some(is_over) if is_over.load(Ordering::Relaxed) => Status::Over,
            Some(_) => Status::Running,
        }
    }

    fn cancel(&mut self, handle: &Handle) {
        if self.poll(handle) != Status::Running {
            return;
        }
        let job = self.folder.join("jobs").join(&handle.0);
        // The job looks for this file.
        fs::write(job.join("cancelled"), "").unwrap();
    }

    fn attach(&mut self, work: &Work, _: Option<&Handle>) -> Result<Option<Handle>, Error> {
        let is_there = self.job(&work.key).join("network.json").exists();
        Ok(is_there.then(|| self.watch(&work.key)))
    }
}

/// How many evaluations have begun in a folder.
pub(crate) fn began(folder: &Path) -> usize {
    fs::read_to_string(folder.join("began"))
        .unwrap_or_default()
        .lines()
        .count()
}

fn outlives(make: &Make) {
    let mut first = Stand::new(make);
    let handle = first.submit(0, 2_000);
    let work = first.work(0, 2_000);
    let folder = first.die();
    let mut second = Stand::at(folder, make);
    assert_eq!(second.backend.poll(&handle), Status::Unknown);
    let found = second.backend.attach(&work, Some(&handle)).unwrap();
    assert_eq!(found.as_ref(), Some(&handle));
    // A queue is asked before it is known.
    let since = Instant::now();
    while second.backend.poll(&handle) != Status::Running {
        assert!(since.elapsed() < PATIENCE, "it does not run");
        thread::yield_now();
    }
    let (id, end) = second.end();
    assert!(id == 0 && matches!(end, End::Done(..)), "{end:?}");
    assert_eq!(began(second.folder.path()), 1);
}

fn ended_meanwhile(make: &Make) {
    let mut first = Stand::new(make);
    let handle = first.submit(0, 0);
    let work = first.work(0, 0);
    first.end();
    let mut second = Stand::at(first.die(), make);
    assert!(
        second
            .backend
            .attach(&work, Some(&handle))
            .unwrap()
            .is_some()
    );
    assert!(matches!(second.end(), (0, End::Done(..))));
    assert_eq!(began(second.folder.path()), 1);
}

fn found_by_key(make: &Make) {
    let mut first = Stand::new(make);
    first.submit(0, 300);
    let work = first.work(0, 300);
    let other = first.work(1, 0);
    let mut second = Stand::at(first.die(), make);
    assert_eq!(second.backend.attach(&other, None).unwrap(), None);
    assert!(second.backend.attach(&work, None).unwrap().is_some());
    assert!(matches!(second.end(), (0, End::Done(..))));
    assert_eq!(began(second.folder.path()), 1);
}

/// Stops a search in the midst of it, without the search knowing: it panics while it is told of an event.
struct Dies(usize);

impl Observer for Dies {
    fn event(&mut self, stamped: &Stamped, _: &Ledger) {
        if matches!(stamped.event, Event::Started(_)) {
            self.0 = self
                .0
                .checked_sub(1)
                .unwrap_or_else(|| resume_unwind(Box::new("the search dies here")));
        }
    }

    fn note(&mut self, _: &str) {}
}

fn search(
    make: Make,
    settings: &Settings,
    folder: &Path,
    study: Study,
    deaths: usize,
) -> Result<Ledger, Error> {
    let connect = |reports| -> Result<Box<dyn Backend>, Error> { Ok(make(folder, reports)) };
    run(settings, study, connect, &mut Dies(deaths), &Stop::new())
}

fn search_attaches(make: &Make) {
    assert_eq!(network().len(), 5);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = folder.join("s.nasbot.db");
    let settings = settings(Evaluator::Own);
    let first = Event::Created(Created::new(&settings));
    let study = Study::create(&path, first, system_clock()).unwrap();
    let study = Mutex::new(Some(study));
    let mut deaths = 0;
    for survives in [1, 2, 0, 1, 100, 100] {
        let study = match study.lock().unwrap_or_else(|e| e.into_inner()).take() {
            Some(study) => study,
            None => Study::open(&path, system_clock()).unwrap(),
        };
        let attempt = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            search(*make, &settings, folder, study, survives)
        }));
        match attempt {
            Ok(ledger) => assert_eq!(ledger.unwrap().counted(), 6),
            Err(_) => deaths += 1,
        }
    }
    assert!(deaths >= 3, "{deaths}");
    let since = Instant::now();
    while began(folder) < 6 && since.elapsed() < PATIENCE {
        thread::yield_now();
    }
    // Each evaluation was begun once, however often the search died.
    assert_eq!(began(folder), 6);
    let events = study::read(&path).unwrap();
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|e| wanted(&e.event)).count();
    assert_eq!(count(|e| matches!(e, Event::Finished(_))), 6);
    assert_eq!(count(|e| matches!(e, Event::Interrupted(_))), 0);
    let handles = count(|e| matches!(e, Event::Started(s) if s.handle.is_some()));
    assert!(handles >= 6, "{handles}");
}
