//! Reading networks: from files, and from JSON lines where errors name the line.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use nn_graph::Network;

use crate::config;
use crate::error::Error;
use crate::excerpt::Excerpt;

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
    let text = text.map_err(|source| match other_than_network(path) {
        Some(other) if source.kind() == io::ErrorKind::InvalidData => Error::Usage(other),
        _ => Error::read(path)(source),
    })?;
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with('{') {
        let what = match path.extension().is_some_and(|ending| ending == "toml") {
            true => "is a search description (TOML)",
            false => "is no JSON object",
        };
        return Err(Error::Usage(format!(
            "{} {what}, and a network is wanted here, such as {{\"kind\":\"cnn\",\"layers\":[…],\"edges\":[…]}}",
            name(path)
        )));
    }
    parse(text).map_err(|source| {
        let place = name(path);
        let shown = Excerpt::new(&place, text, &source);
        Error::Network {
            place,
            source,
            shown: shown.map(Box::new),
        }
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

/// What a file is that is no text.
fn other_than_network(path: &Path) -> Option<String> {
    let mut start = [0; 16];
    let mut file = File::open(path).ok()?;
    file.read_exact(&mut start).ok()?;
    start.starts_with(b"SQLite format 3\0").then(|| {
        let quoted = nasbot::report::quoted(path);
        format!(
            "{} is a study, and a network (JSON) is wanted here: `nasbot show {quoted} --evaluation N` prints one",
            name(path)
        )
    })
}

/// Reads a network from a text; `place` says where it stands.
pub(crate) fn parse_network(text: &str, place: &str) -> Result<Network, Error> {
    parse(text).map_err(|source| Error::Network {
        place: place.to_owned(),
        source,
        shown: None,
    })
}

fn parse(text: &str) -> Result<Network, nn_graph::Error> {
    text.parse().map_err(|error| match error {
        nn_graph::Error::Json { message } => nn_graph::Error::Json {
            message: config::in_plain_words(&message),
        },
        error => error,
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
