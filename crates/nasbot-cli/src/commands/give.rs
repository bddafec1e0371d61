//! `nasbot give`: a network of one's own enters a study.

use nasbot::report;
use serde::Serialize;

use super::by_hand;
use crate::cli::{Format, GiveArgs};
use crate::error::Error;
use crate::{input, terminal};

/// What was done with a network, for programs.
#[derive(Serialize)]
struct Given {
    id: u64,
    /// Why it is outside of the space, if it is.
    outside: Option<String>,
}

pub(crate) fn run(args: &GiveArgs) -> Result<(), Error> {
    let network = input::network(&args.network)?;
    let mut study = by_hand::open(&args.study, args.evaluations)?;
    let outside = study.outside(&network);
    let id = study.give(network, args.anywhere)?;
    terminal::print(&match args.format {
        Format::Json => report::json(&Given { id, outside })?,
        Format::Table => {
            let remark = outside.map_or_else(String::new, |reason| {
                format!("; it is outside of the space: {reason}")
            });
            format!("evaluation {id}: it waits to be run{remark}")
        }
    })
}
