//! `nasbot show`: a study as it stands, replayed from its history.

use std::mem::ManuallyDrop;

use nasbot::report::{self, Listing, Order, Selection, Summary};
use nasbot::study::{self, Ending, Ledger, Place};
use nasbot::{Clock as _, SystemClock};

use crate::cli::{ShowArgs, ShowFormat, Since, Sort};
use crate::error::Error;
use crate::terminal;

/// How many of the best evaluations are listed.
const BEST: usize = 10;

pub(crate) fn run(args: &ShowArgs) -> Result<(), Error> {
    // The process ends with the command: a long history is not freed before.
    let events = ManuallyDrop::new(study::read(&args.study)?);
    if args.events {
        return events
            .iter()
            .try_for_each(|event| terminal::print(&report::json(event)?));
    }
    let ledger = ManuallyDrop::new(Ledger::fold(events.iter()));
    let place = Place::of(&args.study);
    let is_owned = study::is_owned(&args.study);
    let date = SystemClock::new().date();
    let now = is_owned.then_some(date);
    if let Some(id) = args.number.or(args.evaluation) {
        let record = ledger.evaluation(&args.study, id)?;
        let listing = Listing::one(&ledger, &events, is_owned, record);
        return terminal::print(&match args.format {
            ShowFormat::Text => listing.whole(record, &place)?,
            ShowFormat::Json | ShowFormat::Jsonl => listing.json(record)?,
            ShowFormat::Csv => listing.csv()?.trim_end().to_owned(),
        });
    }
    if args.format == ShowFormat::Json && !args.chooses() {
        return terminal::print(&Summary::new(&ledger, &place, now).json()?);
    }
    let listing = Listing::new(&ledger, &events, is_owned, args.selection(date));
    match args.format {
        ShowFormat::Json | ShowFormat::Jsonl => (listing.records().iter())
            .try_for_each(|record| terminal::print(&listing.json(record)?)),
        ShowFormat::Csv => terminal::print(listing.csv()?.trim_end()),
        ShowFormat::Text => text(args, &ledger, &listing, &Summary::new(&ledger, &place, now)),
    }
}

fn text(
    args: &ShowArgs,
    ledger: &Ledger,
    listing: &Listing<'_>,
    summary: &Summary<'_>,
) -> Result<(), Error> {
    terminal::print(&summary.head())?;
    let is_stopped = match ledger.ending {
        Some(ending) => ending == Ending::Interrupted,
        None => ledger.is_open(),
    };
    if is_stopped && !summary.is_running() {
        let study = report::quoted(&args.study);
        terminal::print(&format!("\nit goes on with: nasbot resume {study}"))?;
    }
    let failures = report::causes_text(ledger);
    if !failures.is_empty() {
        let failed = ledger.failed();
        terminal::print(&format!("\nfailures: {failed} of {}", ledger.counted()))?;
        lines(&failures)?;
    }
    if listing.records().is_empty() {
        let is_empty = ledger.records.is_empty() || !args.chooses();
        return match is_empty {
            true => Ok(()),
            false => terminal::print(match (args.failed, args.since) {
                (true, None) => "\nno evaluation has failed",
                (true, Some(_)) => "\nno evaluation has failed since then",
                (false, _) => "\nno evaluation has begun or ended since then",
            }),
        };
    }
    terminal::print("")?;
    lines(&match args.failed {
        true => listing.failures(),
        false => listing.text(terminal::width()),
    })
}

/// Prints a table; on a terminal its lines are cut at the margin.
fn lines(text: &str) -> Result<(), Error> {
    let width = terminal::width();
    (text.lines()).try_for_each(|line| terminal::print(&terminal::cut(line, width)))
}

impl ShowArgs {
    /// Whether it says which evaluations are wanted.
    fn chooses(&self) -> bool {
        self.all
            || self.failed
            || self.reverse
            || self.top.is_some()
            || self.since.is_some()
            || self.sort.is_some()
    }

    fn selection(&self, now: f64) -> Selection {
        // Whoever asks for rows wants all of them, and so does whoever names a time or a kind.
        let is_best =
            self.format == ShowFormat::Text && !(self.all || self.failed || self.since.is_some());
        let order = match self.sort {
            Some(Sort::Score) => Order::Score,
            Some(Sort::Time) => Order::Time,
            Some(Sort::Parameters) => Order::Parameters,
            Some(Sort::Number) => Order::Number,
            Some(Sort::End) => Order::End,
            None if is_best || self.top.is_some() => Order::Score,
            None => Order::Number,
        };
        Selection {
            order,
            reverse: self.reverse,
            failed: self.failed,
            scored: is_best && order == Order::Score,
            since: self.since.map(|since| match since {
                Since::Date(date) => date,
                Since::Ago(span) => now - span.as_secs_f64(),
            }),
            top: self.top.or(is_best.then_some(BEST)),
        }
    }
}
