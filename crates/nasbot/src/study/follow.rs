//! Reading a study while it grows: each event once.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::event::Stamped;
use super::read;
use super::rows::Read;
use crate::error::Error;

/// A file that was changed so long ago has another time stamp once it is changed again.
const SETTLED: Duration = Duration::from_secs(2);

/// Reads what is new in a study, whichever process owns it, without ever writing beside it.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    /// The number of the last event that was read.
    last: i64,
    /// The file that it was read from.
    file: Option<(u64, u64)>,
    /// Size and time of the file, and of what SQLite keeps beside it, before it was last read.
    before: Vec<Option<(u64, SystemTime)>>,
}

/// What is new in a study.
#[derive(Debug)]
pub enum News {
    /// These events; none, where nothing is new.
    Events(Vec<Stamped>),
    /// Another study stands there now, of which these are the events.
    Another(Vec<Stamped>),
}

impl Follower {
    /// Follows the study at `path`, of which nothing has been read yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            last: 0,
            file: None,
            before: Vec::new(),
        }
    }

    /// What is new since the last call. A file that has not changed is not opened.
    ///
    /// # Errors
    ///
    /// There is no study, or it is damaged. What was read before stands.
    pub fn news(&mut self) -> Result<News, Error> {
        let file = fs::metadata(&self.path).ok().map(|m| (m.dev(), m.ino()));
        let is_another = self.file.is_some() && file != self.file;
        let states = read::states(&self.path);
        let is_settled = (states.iter().flatten())
            .all(|(_, changed)| changed.elapsed().is_ok_and(|since| since > SETTLED));
        if !is_another && is_settled && states == self.before {
            return Ok(News::Events(Vec::new()));
        }
        let after = if is_another { 0 } else { self.last };
        let Read { events, last } = read::since(&self.path, after)?;
        self.last = last.unwrap_or(after);
        self.file = file;
        self.before = states;
        Ok(match is_another {
            true => News::Another(events),
            false => News::Events(events),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::SystemClock;
    use crate::study::{About, Event, Study};

    #[test]
    fn each_event_is_read_once_and_a_study_in_its_place_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nasbot.db");
        let event = |id| Event::Retraining(About { id });
        let numbers = |news| match news {
            News::Events(events) => (false, ids(&events)),
            News::Another(events) => (true, ids(&events)),
        };
        fn ids(events: &[Stamped]) -> Vec<u64> {
            let id = |stamped: &Stamped| match stamped.event {
                Event::Retraining(about) => about.id,
                _ => 99,
            };
            events.iter().map(id).collect()
        }
        let mut study = Study::create(&path, event(0), Arc::new(SystemClock::new())).unwrap();
        let mut follower = Follower::new(&path);
        assert_eq!(numbers(follower.news().unwrap()), (false, vec![0]));
        assert_eq!(numbers(follower.news().unwrap()), (false, vec![]));
        study.append(vec![event(1), event(2)]).unwrap();
        assert_eq!(numbers(follower.news().unwrap()), (false, vec![1, 2]));
        drop(study);
        fs::rename(&path, folder.path().join("old")).unwrap();
        assert!(follower.news().is_err());
        let study = Study::create(&path, event(7), Arc::new(SystemClock::new())).unwrap();
        assert_eq!(numbers(follower.news().unwrap()), (true, vec![7]));
        drop(study);
    }
}
