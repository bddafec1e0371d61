//! Checks of `[proposals]`: a file that is there, a command that is none by mistake, and numbers within their ranges.

use nasbot::settings::{Description, Proposals};

use super::super::diagnostic::Problems;
use super::super::raw::Raw;

/// From where networks are proposed. `is_searching` where they will be read.
pub(super) fn proposals(
    raw: &Raw,
    source: &Description,
    is_searching: bool,
    problems: &mut Problems<'_>,
) -> Proposals {
    let mut proposals = Proposals::default();
    let Some(given) = &raw.proposals else {
        return proposals;
    };
    proposals.folder.clone_from(&source.folder);
    if let Some(file) = &given.file {
        let path = source.folder.join(file);
        if is_searching && !path.is_file() {
            problems.add(
                "proposals.file",
                format!("there is no file {}", path.display()),
                "its path is relative to the folder of this file",
            );
        }
        proposals.file = Some(path);
    }
    if let Some(command) = &given.command {
        if command.first().is_none_or(String::is_empty) {
            problems.add(
                "proposals.command",
                "the command is empty",
                "for example command = [\"python3\", \"propose.py\"]; it runs in the folder of this file",
            );
        }
        proposals.command.clone_from(command);
    }
    if given.file.is_none() && given.command.is_none() {
        let help = "give file or command, or remove the section";
        problems.add(
            "proposals",
            "[proposals] says nothing to propose from",
            help,
        );
    }
    if let Some(every) = given.every {
        if every == 0 {
            problems.add("proposals.every", "it must be at least 1", "");
        }
        proposals.every = every;
    }
    if let Some(timeout) = given.timeout {
        proposals.timeout = timeout.0;
    }
    proposals
}
