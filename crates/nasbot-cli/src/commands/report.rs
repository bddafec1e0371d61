//! `nasbot report`: studies as one HTML file.

use std::fs;
use std::path::{Path, PathBuf};

use nasbot::page::{self, Folded, MOST_DETAILED, Map, Page, StudyData};
use nasbot::study::{self, Place};
use nasbot::{Clock as _, SystemClock};

use crate::cli::ReportArgs;
use crate::error::Error;
use crate::{input, terminal};

pub(crate) fn run(args: &ReportArgs) -> Result<(), Error> {
    let now = SystemClock::new().date();
    let most = MOST_DETAILED / args.studies.len().max(1);
    let studies = args.studies.iter().map(|path| data(path, now, most));
    let studies = studies.collect::<Result<Vec<_>, Error>>()?;
    let html = page::html(&Page::new(&studies, now, None))?;
    let path = match &args.output {
        Some(path) if input::is_stdin(path) => return terminal::print(html.trim_end()),
        Some(path) => path.clone(),
        None => default(&studies),
    };
    fs::write(&path, html).map_err(Error::write(&path))?;
    terminal::print(&path.display().to_string())
}

fn data(path: &Path, now: f64, most: usize) -> Result<StudyData, Error> {
    let mut folded = Folded::new(Place::of(path));
    folded.extend(&study::read(path)?);
    let map = Map::new(&folded, most);
    let now = study::is_owned(path).then_some(now);
    Ok(StudyData::new(&folded, now, map, Some(most)))
}

/// Where the page goes unless that is said: into this folder.
fn default(studies: &[StudyData]) -> PathBuf {
    match studies {
        [one] => format!("{}.html", one.name).into(),
        _ => "report.html".into(),
    }
}
