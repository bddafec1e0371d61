//! What a person sees of a search: everything here is folded from the study's events, live or
//! afterwards.

mod card;
mod compared;
mod contents;
mod errors;
mod line;
mod mending;
mod origin;
mod score;
mod summary;
mod text;

pub use self::card::{Card, Searched};
pub use self::contents::{Figures, contents, contents_json, remarks};
pub use self::line::line;
pub use self::mending::change;
pub use self::origin::origin;
pub use self::score::{MetricFigure, named, score};
pub use self::summary::{Row, Summary, evaluations, sketch_of};
pub(crate) use self::summary::{record_state, state};
pub use self::text::{
    clean, clean_line, counted, failure, failures, human, json, number, quoted, sketch, table,
};
