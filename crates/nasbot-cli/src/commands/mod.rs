//! The commands, one a module, and what several of them share.

pub(crate) mod ask;
mod by_hand;
pub(crate) mod completions;
pub(crate) mod distance;
pub(crate) mod draw;
mod estimate;
pub(crate) mod evaluate;
pub(crate) mod fail;
pub(crate) mod give;
mod going_on;
pub(crate) mod init;
pub(crate) mod inspect;
mod look;
pub(crate) mod man;
mod mending;
mod new_study;
pub(crate) mod predict;
pub(crate) mod propose;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod split;
pub(crate) mod tell;
pub(crate) mod train;
pub(crate) mod validate;

use nasbot_opt::Failure;

/// The names of failures, as [`failure`] reads them.
const FAILURES: &str = "diverged, out-of-memory, impossible-shape, timed-out, crashed and other";

/// A failure by the name that it has in studies.
fn failure(name: &str) -> Option<Failure> {
    serde_json::from_value(name.into()).ok()
}
