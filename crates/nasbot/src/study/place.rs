//! Where a study and what belongs to it lie on disk.

use std::path::{Path, PathBuf};

use nasbot_opt::Rung;

/// What the name of a study ends with.
const ENDING: &str = ".nasbot.db";

/// The files that belong to one study, all beside each other.
#[derive(Clone, Debug)]
pub struct Place {
    /// The study itself.
    pub study: PathBuf,
    /// Results and logs.
    pub out: PathBuf,
}

impl Place {
    /// The files of the study at `study`.
    pub fn of(study: &Path) -> Self {
        Self {
            study: study.to_owned(),
            out: sibling(study, ".nasbot.out"),
        }
    }

    /// The log of an evaluation.
    pub fn log(&self, id: u64) -> PathBuf {
        self.out
            .join("logs")
            .join(format!("evaluation-{id:04}.log"))
    }

    /// The state of a training that stopped at a rung.
    pub fn checkpoint(&self, id: u64) -> PathBuf {
        let name = format!("evaluation-{id:04}.safetensors");
        self.out.join("checkpoints").join(name)
    }

    /// The weights that an evaluation left at a rung, for others to inherit.
    pub fn weights(&self, id: u64, rung: Rung) -> PathBuf {
        let name = format!("evaluation-{id:04}-{rung}.safetensors");
        self.out.join("weights").join(name)
    }

    /// The jobs of evaluations that run in a queue.
    pub fn jobs(&self) -> PathBuf {
        sibling(&self.study, ".nasbot.jobs")
    }

    /// A result file.
    pub fn result(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }
}

/// The default path of a study: in the current directory, named after the search.
pub fn default_path(name: &str) -> PathBuf {
    format!("{name}{ENDING}").into()
}

/// `path`, or the first of NAME-2, NAME-3, … that does not exist.
pub fn fresh(path: &Path) -> PathBuf {
    numbered(path, ENDING)
}

/// `path`, or the first of NAME-2, NAME-3, … that does not exist, each with its ending.
pub fn numbered(path: &Path, ending: &str) -> PathBuf {
    match path.exists() {
        true => second(path, ending),
        false => path.to_owned(),
    }
}

/// The first of NAME-2, NAME-3, … that does not exist, even if `path` does not: another program may be about to write it.
pub(super) fn beside(path: &Path) -> PathBuf {
    second(path, ENDING)
}

fn second(path: &Path, ending: &str) -> PathBuf {
    let name = (path.file_name())
        .map(|name| name.to_string_lossy())
        // A path without a name is that of a folder, which no study can be written to.
        .unwrap_or_default();
    let stem = match name.strip_suffix(ending) {
        Some(stem) => stem.to_owned(),
        None => name.strip_suffix(".db").unwrap_or(&name).to_owned(),
    };
    let mut number = 2_u64;
    loop {
        let out = path.with_file_name(format!("{stem}-{number}{ending}"));
        if !out.exists() {
            return out;
        }
        number += 1;
    }
}

/// Beside `path`, with its ending replaced.
fn sibling(path: &Path, ending: &str) -> PathBuf {
    // A path without a name is that of a folder, which no study can be written to.
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy())
        .unwrap_or_default();
    let stem = name
        .strip_suffix(ENDING)
        .or(name.strip_suffix(".db"))
        .unwrap_or(&name);
    path.with_file_name(format!("{stem}{ending}"))
}

/// The name of the network file system that `path` lies on, if it does.
#[cfg(target_os = "linux")]
pub(super) fn network_file_system(path: &Path) -> Option<&'static str> {
    /// Magic numbers from statfs(2) and the kernel's headers.
    const NETWORK: [(u32, &str); 12] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB2"),
        (0x0bd0_0bd0, "Lustre"),
        (0x4750_4653, "GPFS"),
        (0x1983_0326, "BeeGFS"),
        (0x00c3_6400, "Ceph"),
        (0x5346_414f, "AFS"),
        (0x0102_1997, "9P"),
        (0x7461_636f, "OCFS2"),
        (0x0116_1970, "GFS2"),
    ];
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let stat = nix::sys::statfs::statfs(folder.unwrap_or(Path::new("."))).ok()?;
    // The type is 64 bits wide and signed in places; the magic numbers have 32 bits.
    let found = stat.filesystem_type().0 as u32;
    NETWORK
        .iter()
        .find(|(magic, _)| *magic == found)
        .map(|(_, name)| *name)
}

/// Elsewhere there is no telling.
#[cfg(not(target_os = "linux"))]
pub(super) fn network_file_system(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_study_lies_beside_it() {
        let place = Place::of(Path::new("runs/a.nasbot.db"));
        assert_eq!(place.out, Path::new("runs/a.nasbot.out"));
        assert_eq!(
            place.log(7),
            Path::new("runs/a.nasbot.out/logs/evaluation-0007.log")
        );
        assert_eq!(Place::of(Path::new("b.db")).out, Path::new("b.nasbot.out"));
        assert_eq!(Place::of(Path::new("c")).out, Path::new("c.nasbot.out"));
    }

    #[test]
    fn a_fresh_study_takes_the_next_free_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nasbot.db");
        assert_eq!(fresh(&path), path);
        std::fs::write(&path, "").unwrap();
        assert_eq!(fresh(&path), folder.path().join("a-2.nasbot.db"));
        std::fs::write(folder.path().join("a-2.nasbot.db"), "").unwrap();
        assert_eq!(fresh(&path), folder.path().join("a-3.nasbot.db"));
    }
}
