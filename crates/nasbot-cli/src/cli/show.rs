//! What is typed to look at a study.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use nasbot::report::read_date;

use crate::config::Span;

/// Show a study: progress, the best networks, failures by cause. Works while it is being searched.
///
/// Without options it shows where the search stands, what failed and why, and the ten best evaluations with their curves. With a
/// number it shows one evaluation whole, with its network and its log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot show digits-cnn.nasbot.db                        summary, failures and the best networks
  nasbot show digits-cnn.nasbot.db 17                     one evaluation whole, with its log
  nasbot show digits-cnn.nasbot.db --failed               what failed, and why
  nasbot show digits-cnn.nasbot.db --top 20 --sort time   the twenty that took longest
  nasbot show digits-cnn.nasbot.db --all --since 2h       what ended in the last two hours
  nasbot show digits-cnn.nasbot.db --format csv > a.csv   every evaluation, for spreadsheets and pandas
  nasbot show digits-cnn.nasbot.db --format jsonl         … one JSON object a line
  nasbot show digits-cnn.nasbot.db --format json          the summary for programs
  nasbot show digits-cnn.nasbot.db --events               the whole history, one JSON object a line

In Python: pandas.read_csv(\"a.csv\"), or pandas.read_json(\"a.jsonl\", lines=True).")]
pub(crate) struct ShowArgs {
    /// The study.
    pub(crate) study: PathBuf,
    /// One evaluation, by its number.
    #[arg(value_name = "N", conflicts_with_all = ["events", "all", "failed", "top", "since", "sort", "reverse"])]
    pub(crate) number: Option<u64>,
    /// Every evaluation rather than the best ten.
    #[arg(long, conflicts_with = "events")]
    pub(crate) all: bool,
    /// The same as N.
    #[arg(long, value_name = "N", conflicts_with_all = ["number", "events", "all", "failed", "top", "since", "sort", "reverse"])]
    pub(crate) evaluation: Option<u64>,
    /// Only evaluations that failed, with their causes.
    #[arg(long, conflicts_with = "events")]
    pub(crate) failed: bool,
    /// Only so many evaluations, the first of the order.
    #[arg(long, value_name = "N", conflicts_with = "events")]
    pub(crate) top: Option<usize>,
    /// Only evaluations that began or ended since then: a time ago (90s, 30m, 2h, 1d), or a date in UTC (2026-11-28,
    /// "2026-11-28 14:30").
    #[arg(long, value_name = "WHEN", conflicts_with = "events")]
    pub(crate) since: Option<Since>,
    /// What evaluations are ordered by [default: number where all are shown, else score].
    #[arg(long, value_enum, conflicts_with = "events")]
    pub(crate) sort: Option<Sort>,
    /// The other way round.
    #[arg(long, conflicts_with = "events")]
    pub(crate) reverse: bool,
    /// The history as it was recorded, one JSON object a line.
    #[arg(long)]
    pub(crate) events: bool,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ShowFormat,
}

/// What evaluations are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// The best first; what failed or has no score comes last.
    Score,
    /// Those that took longest first.
    Time,
    /// The largest first.
    Parameters,
    /// As they were suggested.
    Number,
    /// As they ended.
    End,
}

/// How a study is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// For a person.
    #[value(alias = "table")]
    Text,
    /// For a program: the summary as one JSON object; evaluations that are asked for one a line.
    Json,
    /// For a program: evaluations, one JSON object a line.
    Jsonl,
    /// For spreadsheets and data frames: evaluations, one a row.
    Csv,
}

/// A moment: a date, or a time ago.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Since {
    /// Seconds since 1970.
    Date(f64),
    /// So long ago.
    Ago(Duration),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(date) = read_date(text) {
            return Ok(Self::Date(date));
        }
        let span: Result<Span, _> = text.parse();
        span.map(|span| Self::Ago(span.0)).map_err(|_| {
            format!(
                "'{text}' is no time ago such as 90s, 30m, 2h or 1d, and no date such as 2026-11-28"
            )
        })
    }
}
