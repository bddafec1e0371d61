//! The log of one evaluation: the beginning and the end of what its program wrote.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;

/// What is kept of the beginning, and of the end, in bytes.
const BEGINNING: usize = 4 << 20;
const END: usize = 64 << 10;
/// How many lines, and at most how many bytes, of a log's end are quoted in messages.
const QUOTED_LINES: usize = 8;
const QUOTED: usize = 2000;

/// A log that is being written. A program that prints without end fills neither the disk nor the memory.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    written: usize,
    end: VecDeque<u8>,
    left_out: u64,
}

impl Log {
    /// Opens a log to add to it; a symbolic link is not followed.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(path)?;
        Ok(Self {
            file,
            written: 0,
            end: VecDeque::new(),
            left_out: 0,
        })
    }

    /// Adds what a program wrote. A log that can't be written to costs nothing but the log.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let room = BEGINNING.saturating_sub(self.written).min(bytes.len());
        let (now, later) = bytes.split_at(room);
        if !now.is_empty() {
            let _ = self.file.write_all(now);
            self.written += now.len();
        }
        self.end
            .extend(later.iter().skip(later.len().saturating_sub(END)));
        self.left_out += later.len().saturating_sub(END) as u64;
        while self.end.len() > END {
            self.end.pop_front();
            self.left_out += 1;
        }
    }

    /// Writes what was kept of the end.
    pub(super) fn finish(mut self) {
        if self.left_out > 0 {
            let _ = write!(
                self.file,
                "\n… {} bytes are left out here …\n",
                self.left_out
            );
        }
        let (a, b) = self.end.as_slices();
        let _ = self.file.write_all(a).and_then(|()| self.file.write_all(b));
    }
}

/// What lines of ours in a log begin with.
const OURS: &str = "[nasbot] ";

/// Adds lines of ours to a log: names and what they are. Continued lines are indented below their name.
pub(super) fn note(path: &Path, lines: &[(&str, String)]) {
    let Ok(mut log) = Log::open(path) else {
        // A log that can't be written to costs nothing but the log.
        return;
    };
    log.write(as_ours(lines).as_bytes());
}

/// Lines of ours as they stand in a log.
pub(super) fn as_ours(lines: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (name, text) in lines {
        let mut name = *name;
        for line in text.lines() {
            out += format!("{OURS}{name:<10} {line}").trim_end();
            out.push('\n');
            name = "";
        }
    }
    out
}

/// The last lines of a log, for messages; ours left out, which say nothing of what the program wrote.
pub(super) fn tail(path: &Path) -> String {
    let Ok(bytes) = read_end(path) else {
        return String::new();
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with(OURS))
        .collect();
    let last = lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n");
    end_of(&last, QUOTED)
}

/// The last `most` bytes of a log, or a few less, or nothing where there is none.
pub(crate) fn end_of_log(path: &Path, most: usize) -> String {
    match read_end(path) {
        Ok(bytes) => end_of(String::from_utf8_lossy(&bytes).trim_end(), most),
        Err(_) => String::new(),
    }
}

fn read_end(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END as u64)))?;
    let mut bytes = Vec::new();
    file.take(END as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The last `most` bytes of a text, or a few less, so that no character is cut.
pub(super) fn end_of(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let start = (text.len() - most..=text.len()).find(|&at| text.is_char_boundary(at));
    format!("…{}", &text[start.unwrap_or(text.len())..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_its_beginning_and_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs").join("a.log");
        let mut log = Log::open(&path).unwrap();
        log.write(b"first\n");
        for _ in 0..100 {
            log.write(&[b'x'; 100_000]);
        }
        log.write(b"\nlast\n");
        log.finish();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("first\n") && text.ends_with("\nlast\n"));
        assert!(text.contains("bytes are left out here"));
        assert!(text.len() < BEGINNING + END + 100, "{}", text.len());
        assert_eq!(tail(&path).lines().last(), Some("last"));
        assert!(tail(&path).len() < QUOTED + 10);
    }

    #[test]
    fn a_link_in_the_place_of_a_log_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("mine"), folder.path().join("a.log"));
        fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(Log::open(&link).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    }

    #[test]
    fn the_end_of_a_text_cuts_no_character() {
        assert_eq!(end_of("äöü", 3), "…ü");
        assert_eq!(end_of("äöü", 6), "äöü");
    }
}
