//! The studies that are served, each read once and followed while it grows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nasbot::page::{Folded, Map, StudyData};
use nasbot::report;
use nasbot::study::{self, Follower, News, Place};
use nasbot::{Clock as _, SystemClock};

/// How long what was read counts as new.
const FRESH: Duration = Duration::from_millis(900);
/// How deep folders are searched.
const DEEPEST: usize = 4;
/// Networks on a map that is made anew while a search goes on.
const MOST_MAPPED: usize = 400;

/// The studies that are served.
#[derive(Debug)]
pub(crate) struct Studies {
    root: PathBuf,
    is_folder: bool,
    known: Mutex<BTreeMap<String, Arc<Mutex<Watched>>>>,
}

/// A study that is followed.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    follower: Follower,
    folded: Folded,
    is_owned: bool,
    problem: Option<String>,
    looked: Option<Instant>,
    /// Rises whenever something changes.
    version: u64,
    /// Data as JSON and the version that they are of.
    data: Option<(u64, Arc<str>)>,
    map: Option<(u64, Arc<str>)>,
}

impl Studies {
    /// A study, or those in a folder.
    pub(crate) fn new(root: &Path, is_folder: bool) -> Self {
        Self {
            root: root.to_owned(),
            is_folder,
            known: Mutex::default(),
        }
    }

    /// Reads a study that is served alone, so that the first page comes at once.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) fn warm(&self) -> Result<(), nasbot::Error> {
        if self.is_folder {
            return Ok(());
        }
        let alone = self.names().iter().find_map(|name| self.get(name));
        alone.map_or(Ok(()), |study| lock(&study).read())
    }

    /// Whether it is a folder that is served.
    pub(super) fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// What is served.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The names of all studies, in their order: paths as seen from the folder.
    pub(super) fn names(&self) -> Vec<String> {
        if !self.is_folder {
            let name = self.root.file_name();
            return vec![name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())];
        }
        let mut found = Vec::new();
        collect(&self.root, "", 0, &mut found);
        found.sort();
        found
    }

    /// The study of a name that [`Self::names`] lists; no other path can be asked for.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Mutex<Watched>>> {
        if let Some(known) = lock(&self.known).get(name) {
            return Some(Arc::clone(known));
        }
        if !self.names().iter().any(|known| known == name) {
            return None;
        }
        let path = match self.is_folder {
            true => self.root.join(name),
            false => self.root.clone(),
        };
        let watched = Arc::new(Mutex::new(Watched::new(path)));
        let mut all = lock(&self.known);
        let watched = all.entry(name.to_owned()).or_insert(watched);
        Some(Arc::clone(watched))
    }
}

/// What a thread that panicked held is as good as before: each change is whole before the next begins.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn collect(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<String>) {
    // A folder that cannot be read has no study that could be.
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() && depth < DEEPEST {
            collect(&entry.path(), &format!("{prefix}{name}/"), depth + 1, found);
        } else if !kind.is_dir() && name.ends_with(".nasbot.db") {
            found.push(format!("{prefix}{name}"));
        }
    }
}

impl Watched {
    fn new(path: PathBuf) -> Self {
        Self {
            follower: Follower::new(&path),
            folded: Folded::new(Place::of(&path)),
            path,
            is_owned: false,
            problem: None,
            looked: None,
            version: 0,
            data: None,
            map: None,
        }
    }

    /// Looks for what is new, and keeps the problem where it cannot be read.
    pub(super) fn look(&mut self) {
        if self.looked.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        let before = (self.folded.events(), self.is_owned, self.problem.clone());
        let read = self.read();
        self.problem = read.err().map(|error| report::clean(&error.to_string()));
        self.is_owned = study::is_owned(&self.path);
        if before != (self.folded.events(), self.is_owned, self.problem.clone()) {
            self.version += 1;
        }
        self.looked = Some(Instant::now());
    }

    /// Reads what is new.
    fn read(&mut self) -> Result<(), nasbot::Error> {
        let events = match self.follower.news()? {
            News::Events(events) => events,
            News::Another(events) => {
                self.folded = Folded::new(Place::of(&self.path));
                self.version += 1;
                events
            }
        };
        self.folded.extend(&events);
        Ok(())
    }

    /// Why it cannot be read now.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Rises whenever something changes.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// What a page shows of it.
    pub(super) fn page_data(&self) -> StudyData {
        let now = self.is_owned.then(|| SystemClock::new().date());
        StudyData::new(&self.folded, now, None, None)
    }

    /// The same as JSON.
    pub(super) fn data(&mut self) -> Result<Arc<str>, nasbot::Error> {
        if let Some((version, text)) = &self.data
            && *version == self.version
        {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = report::json(&self.page_data())?.into();
        self.data = Some((self.version, Arc::clone(&text)));
        Ok(text)
    }

    /// The map of its networks as JSON.
    pub(super) fn map(&mut self) -> Result<Arc<str>, nasbot::Error> {
        if let Some((version, text)) = &self.map
            && *version == self.version
        {
            return Ok(Arc::clone(text));
        }
        let map = Map::new(&self.folded, MOST_MAPPED);
        let text: Arc<str> = report::json(&map)?.into();
        self.map = Some((self.version, Arc::clone(&text)));
        Ok(text)
    }

    /// What it is folded to.
    pub(super) fn folded(&self) -> &Folded {
        &self.folded
    }
}
