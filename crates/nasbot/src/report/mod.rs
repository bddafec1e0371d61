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
mod front;
mod line;
mod listing;
mod mending;
mod origin;
mod pace;
mod score;
mod sheet;
mod states;
mod summary;
mod text;
mod whole;

pub use self::card::{Card, Searched};
pub use self::causes::{Cause, causes, causes_text};
pub use self::contents::{Figures, contents, contents_json, remarks};
pub use self::curve::{Curve, curves};
pub use self::dates::{date, read_date};
pub use self::detailed::detailed;
pub(crate) use self::front::FRONT;
pub use self::front::{OnFront, front};
pub use self::line::line;
pub use self::listing::{Listing, Order, Selection};
pub use self::mending::change;
pub use self::origin::origin;
pub use self::pace::{Left, Pace};
pub use self::score::{MetricFigure, named, score};
pub(crate) use self::states::{record_state, state};
pub use self::summary::{Row, Summary};
pub use self::text::{
    clean, clean_line, counted, failure, failures, human, json, number, quoted, seconds, sketch,
    sketch_of, sketch_with, table,
};
