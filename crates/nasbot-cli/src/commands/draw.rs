//! `nasbot draw`: a network, or one of a study, as SVG or for Graphviz.

use std::fs;
use std::path::Path;

use nasbot::study::{self, Ledger};
use nn_graph::{Network, draw};

use crate::cli::{DrawArgs, Drawing};
use crate::error::Error;
use crate::{input, picture, terminal};

pub(crate) fn run(args: &DrawArgs) -> Result<(), Error> {
    let network = source(args)?;
    let drawing = match (args.to, &args.output) {
        (Some(drawing), _) => drawing,
        (None, None) => Drawing::Svg,
        (None, Some(path)) => by_ending(path)?,
    };
    let bytes = match drawing {
        Drawing::Svg => draw::svg(&network).into_bytes(),
        Drawing::Dot => draw::dot(&network).into_bytes(),
        Drawing::Png => picture::png(&draw::svg(&network))?,
    };
    match &args.output {
        Some(path) if !input::is_stdin(path) => fs::write(path, bytes).map_err(Error::write(path)),
        _ => terminal::write(&bytes),
    }
}

fn source(args: &DrawArgs) -> Result<Network, Error> {
    if input::is_stdin(&args.source) || !study::is_study(&args.source)? {
        if args.evaluation.is_some() {
            return Err(Error::Usage(format!(
                "--evaluation needs a study, and {} is none",
                input::name(&args.source)
            )));
        }
        return input::network(&args.source);
    }
    let ledger = Ledger::read(&args.source)?;
    let record = match args.evaluation {
        Some(id) => ledger.evaluation(&args.source, id)?,
        None => ledger.best().ok_or_else(|| nasbot::Error::NothingScored {
            path: args.source.clone(),
        })?,
    };
    let id = record.suggestion.id;
    let network = record.suggestion.candidate.network();
    let network = network.map_err(|source| nasbot::Error::StoredNetwork { id, source })?;
    Ok(network.clone())
}

fn by_ending(path: &Path) -> Result<Drawing, Error> {
    match path.extension().and_then(|ending| ending.to_str()) {
        _ if picture::is_png(path) => Ok(Drawing::Png),
        Some("svg") => Ok(Drawing::Svg),
        Some("dot" | "gv") => Ok(Drawing::Dot),
        _ => Err(Error::Usage(format!(
            "{} ends in none of .svg, .png and .dot: say what to write with --to svg, --to png or --to dot",
            path.display()
        ))),
    }
}
