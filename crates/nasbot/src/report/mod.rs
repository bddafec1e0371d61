//! What a person sees of a search: everything here is folded from the study's events, live or
//! afterwards.

mod card;
mod causes;
mod compared;
mod contents;
mod curve;
mod dates;
mod detailed;
mod errors;
mod line;
mod listing;
mod mending;
mod origin;
mod pace;
mod score;
mod sheet;
mod summary;
mod text;
mod whole;

pub use self::card::{Card, Searched};
pub use self::causes::{Cause, causes, causes_text};
pub use self::contents::{Figures, contents, contents_json, remarks};
pub use self::curve::{Curve, curves};
pub use self::dates::{date, read_date};
pub use self::detailed::detailed;
pub use self::line::line;
pub use self::listing::{Listing, Order, Selection};
pub use self::mending::change;
pub use self::origin::origin;
pub use self::pace::{Left, Pace};
pub use self::score::{MetricFigure, named, score};
pub use self::summary::{Row, Summary, sketch_of};
pub(crate) use self::summary::{record_state, state};
pub use self::text::{
    clean, clean_line, counted, failure, failures, human, json, number, quoted, seconds, sketch,
    table,
};
