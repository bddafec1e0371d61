//! Reading networks: from files, and from JSON lines where errors name the line.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use nn_graph::Network;

use crate::error::Error;

/// Whether a path means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads one network from a file, or from standard input for `-`.
pub(crate) fn network(path: &Path) -> Result<Network, Error> {
    let text = if is_stdin(path) {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(Error::read(path))?;
    text.parse().map_err(|source| Error::Network {
        place: name(path),
        source,
    })
}

/// The numbered lines of a file or of standard input; empty ones are left out.
///
/// Each is handed over as soon as it is there, so that a program can talk with `nasbot` line by line.
pub(crate) fn for_each_line(
    path: &Path,
    mut each: impl FnMut(&str, String) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut reader: Box<dyn BufRead> = if is_stdin(path) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(Error::read(path))?))
    };
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if reader.read_line(&mut line).map_err(Error::read(path))? == 0 {
            break;
        }
        if !line.trim().is_empty() {
            each(line.trim(), format!("{}, line {number}", name(path)))?;
        }
    }
    Ok(())
}

/// Reads a network from a line; `place` says where it stands.
pub(crate) fn parse_network(line: &str, place: &str) -> Result<Network, Error> {
    line.parse().map_err(|source| Error::Network {
        place: place.to_owned(),
        source,
    })
}

/// How a file is named in messages.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}
