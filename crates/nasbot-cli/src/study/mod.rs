//! The study: the durable record of one search.
//!
//! One SQLite file with an append-only history of [`Event`]s. Everything else is folded from it
//! ([`Ledger`]): the state of a search that goes on, the progress display, the report years later.
//! One process writes a study at a time ([`lock`]), any number may read.

mod event;
mod ledger;
mod lock;
mod place;
mod store;

pub(crate) use self::event::{Detail, Ending, Event, Stamped};
pub(crate) use self::ledger::{Ledger, Record, State};
pub(crate) use self::lock::is_locked;
pub(crate) use self::place::{Place, default_path, fresh, numbered};
pub(crate) use self::store::{Study, is_study, read};
