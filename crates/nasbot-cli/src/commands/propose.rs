//! `nasbot propose`: networks wait in a study until the search takes them.

use std::{fs, io};

use nasbot::{proposals, report, session};
use serde::Serialize;

use super::by_hand;
use crate::cli::{Format, ProposeArgs};
use crate::error::Error;
use crate::{input, terminal};

/// What became of networks, for programs.
#[derive(Serialize)]
struct Proposed {
    waiting: usize,
    known: usize,
    outside: usize,
    /// Places without a network.
    unread: usize,
}

pub(crate) fn run(args: &ProposeArgs) -> Result<(), Error> {
    let path = &args.networks;
    let text = match input::is_stdin(path) {
        true => io::read_to_string(io::stdin()),
        false => fs::read_to_string(path),
    };
    let read = proposals::read(&text.map_err(Error::read(path))?);
    let complaint = read.complaint();
    if read.networks.is_empty() {
        let why = complaint.unwrap_or_else(|| "it is empty".to_owned());
        return Err(Error::Usage(format!(
            "there is no network in {}: {why}",
            input::name(path)
        )));
    }
    if let Some(complaint) = complaint {
        terminal::say(&format!("{}: {complaint}", input::name(path)));
    }
    let unread = read.unread;
    let mut study = by_hand::open(&args.study, None)?;
    let became = study.propose(read.networks)?;
    terminal::print(&match args.format {
        Format::Json => report::json(&Proposed {
            waiting: became.waiting.len(),
            known: became.known,
            outside: became.outside,
            unread,
        })?,
        Format::Table => session::sentence(&became),
    })
}
