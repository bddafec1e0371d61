//! The files by which a search and its jobs know of each other.
//!
//! Beside the study lies `NAME.nasbot.jobs/`, with a folder for each work and one for the scripts of submissions. Only the
//! search writes a work's `job.json`, `submission.json` and `cancelled`; only the job writes `started`, `progress`, `stopped`,
//! `paused.json`, `state.safetensors` and `result.json`. Files that are read as a whole appear as a whole, by renaming.

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::records::{JobFile, Listed, Paused, ResultFile, Sign, Submission};
use crate::backend::{Task, Work};
use crate::error::Error;
use crate::files::write_atomically;
use crate::study::Place;

/// The folder of scripts.
const BATCHES: &str = "batches";
/// How often a folder is removed to which something is added meanwhile: more often than an ending job has files to write.
const ATTEMPTS: usize = 20;

/// All jobs of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home(pub(super) PathBuf);

impl Home {
    /// Where the jobs of a work's study lie: beside the study, or beside the log of a work without one. Absolute.
    pub(super) fn of(work: &Work) -> Result<Self, Error> {
        let path = match (&work.study, work.log.parent()) {
            (Some(study), _) => Place::of(study).jobs(),
            (None, Some(folder)) => folder.join("jobs"),
            (None, None) => PathBuf::from("jobs"),
        };
        let path = std::path::absolute(&path).map_err(Error::read(&path))?;
        Ok(Self(path))
    }

    /// What the jobs of a study here are called in the queue: a copy of the study elsewhere has the same identity, and jobs of
    /// its own.
    pub(super) fn label(&self, study: &str) -> String {
        // FNV-1a, which gives the same for the same path in every version of this program.
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        let path = self.0.as_os_str().as_encoded_bytes();
        let hash = path.iter().fold(0xcbf2_9ce4_8422_2325, step);
        format!("{study}-{:08x}", hash >> 32)
    }

    pub(super) fn folder(&self, name: &str) -> Folder {
        Folder(self.0.join(name))
    }

    /// The script of a batch.
    pub(super) fn script(&self, token: &str) -> PathBuf {
        self.0.join(BATCHES).join(format!("{token}.sh"))
    }

    /// The list of a batch's works.
    fn list(&self, token: &str) -> PathBuf {
        self.0.join(BATCHES).join(format!("{token}.json"))
    }

    /// What the engine keeps of the output of a job beside the log; `place` is its place in the batch, or an engine's own word for
    /// that.
    pub(super) fn output(&self, token: &str, place: impl Display) -> PathBuf {
        self.0.join(BATCHES).join(format!("{token}-{place}.out"))
    }

    /// Writes what a batch needs, before it is submitted.
    pub(super) fn write_batch(
        &self,
        token: &str,
        script: &str,
        works: &[Listed],
    ) -> Result<(), Error> {
        let folder = self.0.join(BATCHES);
        fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
        write(&self.list(token), &works)?;
        let path = self.script(token);
        write_atomically(&path, script)?;
        let may_run = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, may_run).map_err(Error::write(&path))
    }

    pub(super) fn read_batch(&self, token: &str) -> Result<Vec<Listed>, Error> {
        let path = self.list(token);
        read(&path)?.ok_or_else(|| Error::read(&path)(io::ErrorKind::NotFound.into()))
    }

    /// Removes a work's folder, and batches of which no work is left.
    pub(super) fn remove(&self, name: &str) {
        self.folder(name).remove();
        for token in self.batches() {
            let is_over = |listed: &Listed| !self.folder(&listed.folder).0.exists();
            let works = self.read_batch(&token);
            if works.is_ok_and(|works| works.iter().all(is_over)) {
                self.remove_batch(&token);
            }
        }
        let _ = fs::remove_dir(self.0.join(BATCHES));
        let _ = fs::remove_dir(&self.0);
    }

    /// The names of all batches.
    fn batches(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.0.join(BATCHES)) else {
            return Vec::new();
        };
        let names = entries.flatten().map(|entry| entry.file_name());
        names
            .filter_map(|name| Some(name.to_str()?.strip_suffix(".json")?.to_owned()))
            .collect()
    }

    fn remove_batch(&self, token: &str) {
        let Ok(entries) = fs::read_dir(self.0.join(BATCHES)) else {
            return;
        };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(token) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The files of one work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    /// What the folder of a work is called.
    pub(super) fn name(work: &Work) -> String {
        match &work.task {
            Task::Evaluate => work.key.to_string(),
            Task::GoOn(stage) => format!("{}-until-{}", work.key, stage.until),
            Task::Inherit { .. } => format!("{}-inherits", work.key),
            Task::TrainFinally { .. } => format!("{}-final", work.key),
        }
    }

    /// Removes it with all that is in it. A job that is ending may add a file meanwhile.
    fn remove(&self) {
        // What cannot be removed costs space and nothing else.
        let _ = fs::remove_file(self.0.join("job.json"));
        let is_left = |_: &usize| {
            let removed = fs::remove_dir_all(&self.0);
            removed.is_err_and(|error| error.kind() == io::ErrorKind::DirectoryNotEmpty)
        };
        (0..ATTEMPTS).take_while(is_left).for_each(drop);
    }

    /// Writes down what is to be done, before anything is submitted.
    pub(super) fn write_job(&self, job: &JobFile) -> Result<(), Error> {
        fs::create_dir_all(&self.0).map_err(Error::write(&self.0))?;
        write(&self.0.join("job.json"), job)
    }

    pub(super) fn job(&self) -> Result<Option<JobFile>, Error> {
        read(&self.0.join("job.json"))
    }

    pub(super) fn write_submission(&self, submission: &Submission) -> Result<(), Error> {
        write(&self.0.join("submission.json"), submission)
    }

    pub(super) fn submission(&self) -> Result<Option<Submission>, Error> {
        read(&self.0.join("submission.json"))
    }

    pub(super) fn write_result(&self, result: &ResultFile) -> Result<(), Error> {
        write(&self.0.join("result.json"), result)
    }

    pub(super) fn result(&self) -> Result<Option<ResultFile>, Error> {
        read(&self.0.join("result.json"))
    }

    /// Writes that the job of a submission left a checkpoint and wants to go on in another.
    pub(super) fn write_paused(&self, paused: &Paused) -> Result<(), Error> {
        write(&self.0.join("paused.json"), paused)
    }

    pub(super) fn paused(&self) -> Result<Option<Paused>, Error> {
        read(&self.0.join("paused.json"))
    }

    /// Marks a work that is not wanted any more: its job ends by itself when it sees this.
    pub(super) fn cancel(&self) -> Result<(), Error> {
        let path = self.0.join("cancelled");
        fs::write(&path, "").map_err(Error::write(&path))
    }

    /// The state of a training that is cut short; absolute.
    pub(super) fn state(&self) -> PathBuf {
        self.0.join("state.safetensors")
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.0.join("cancelled").exists()
    }

    /// Whether the job of this submission is still wanted. What cannot be read is.
    pub(super) fn wants(&self, number: u32) -> bool {
        let is_gone = matches!(fs::metadata(self.0.join("job.json")),
            Err(error) if error.kind() == io::ErrorKind::NotFound);
        let later = self.submission().ok().flatten();
        let is_superseded = later.is_some_and(|submission| submission.number > number);
        !is_gone && !is_superseded && !self.is_cancelled() && !self.0.join("result.json").exists()
    }

    /// Adds that a job has begun.
    pub(super) fn add_sign(&self, sign: &Sign) -> Result<(), Error> {
        append(
            &self.0.join("started"),
            &(serde_json::to_string(sign)? + "\n"),
        )
    }

    /// The last job that has begun.
    pub(super) fn sign(&self) -> Option<Sign> {
        let text = fs::read_to_string(self.0.join("started")).ok()?;
        serde_json::from_str(text.lines().last()?).ok()
    }

    /// Notes that the job of a submission ends since it was asked to.
    pub(super) fn write_stopped(&self, number: u32) -> Result<(), Error> {
        write_atomically(&self.0.join("stopped"), &number.to_string())
    }

    /// The submission whose job was last asked to end.
    pub(super) fn stopped(&self) -> Option<u32> {
        let text = fs::read_to_string(self.0.join("stopped")).ok()?;
        text.parse().ok()
    }

    pub(super) fn add_progress(&self, line: &str) -> Result<(), Error> {
        append(&self.0.join("progress"), &format!("{line}\n"))
    }

    /// The lines of progress from a place in the file on, and the place after them. Half a line waits for its end.
    pub(super) fn progress(&self, from: u64) -> (Vec<String>, u64) {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = fs::File::open(self.0.join("progress"))?;
            if file.metadata()?.len() <= from {
                return Ok(Vec::new());
            }
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let Ok(mut bytes) = read() else {
            return (Vec::new(), from);
        };
        let end = bytes.iter().rposition(|&byte| byte == b'\n');
        bytes.truncate(end.map_or(0, |end| end + 1));
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().map(str::to_owned).collect();
        (lines, from + bytes.len() as u64)
    }
}

/// Adds to a file in one write.
fn append(path: &Path, text: &str) -> Result<(), Error> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(Error::write(path))?;
    file.write_all(text.as_bytes()).map_err(Error::write(path))
}

/// Writes a file as a whole.
fn write(path: &Path, what: &impl Serialize) -> Result<(), Error> {
    write_atomically(path, &serde_json::to_string(what)?)
}

/// A file that is there as a whole or not at all.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(serde_json::from_str(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::read(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_of_progress_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder(folder.path().to_owned());
        assert_eq!(folder.progress(0), (Vec::new(), 0));
        folder.add_progress("one").unwrap();
        append(&folder.0.join("progress"), "tw").unwrap();
        let (lines, place) = folder.progress(0);
        assert_eq!((lines, place), (vec!["one".to_owned()], 4));
        append(&folder.0.join("progress"), "o\nthree\n").unwrap();
        let (lines, place) = folder.progress(place);
        assert_eq!(lines, ["two", "three"]);
        assert_eq!(folder.progress(place), (Vec::new(), place));
    }

    #[test]
    fn a_folder_goes_although_files_are_added_to_it_meanwhile() {
        let top = tempfile::tempdir().unwrap();
        for _ in 0..50 {
            let folder = Folder(top.path().join("a"));
            fs::create_dir(&folder.0).unwrap();
            for number in 0..100 {
                fs::write(folder.0.join(number.to_string()), "").unwrap();
            }
            std::thread::scope(|scope| {
                // As an ending job does: it makes no folder.
                let writer = scope.spawn(|| {
                    (0..10)
                        .map(|number| folder.write_stopped(number))
                        .filter(Result::is_ok)
                        .count()
                });
                folder.remove();
                writer.join().unwrap()
            });
            assert!(!folder.0.exists());
        }
    }

    #[test]
    fn a_job_is_wanted_until_it_is_superseded_cancelled_over_or_gone() {
        let top = tempfile::tempdir().unwrap();
        let folder = Folder(top.path().join("a"));
        assert!(!folder.wants(1));
        fs::create_dir(&folder.0).unwrap();
        fs::write(folder.0.join("job.json"), "{}").unwrap();
        assert!(folder.wants(1));
        let submission = Submission {
            number: 2,
            ..Submission::default()
        };
        folder.write_submission(&submission).unwrap();
        // A node may see an earlier state of the file.
        assert!(folder.wants(3) && folder.wants(2) && !folder.wants(1));
        folder.cancel().unwrap();
        assert!(!folder.wants(2));
        fs::remove_file(folder.0.join("cancelled")).unwrap();
        let message = "no".to_owned();
        folder
            .write_result(&ResultFile::Unusable { message })
            .unwrap();
        assert!(!folder.wants(2));
    }
}
