//! The study: the durable record of one search.
//!
//! One SQLite file with an append-only history of [`Event`]s. Everything else is folded from it
//! ([`Ledger`]): the state of a search that goes on, the progress display, the report years later.
//! One process writes a study at a time ([`Study`]), any number may read it ([`read`]).

mod event;
mod follow;
mod front;
mod ledger;
mod lock;
mod mending;
mod place;
mod prior;
mod read;
mod rows;
mod store;
mod stored;
mod teaching;

pub use self::event::{
    About, Begins, Closed, Compared, Created, Described, Detail, Ending, Event, Finished, Inherits,
    Lost, Opened, Progress, Promoted, Proposed, Queued, Reached, Simple, Stamped, Started, Told,
};
pub use self::follow::{Follower, News};
pub use self::ledger::{Final, Ledger, Record};
pub(crate) use self::lock::guard;
pub use self::lock::is_owned;
pub use self::mending::{Change, Mending};
pub use self::place::{Place, default_path, fresh, numbered};
pub use self::prior::{Prior, Rated};
pub use self::read::read;
pub use self::store::{Study, is_study};
pub use self::stored::Stored;
