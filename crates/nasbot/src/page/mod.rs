//! A study as a page for a browser: one HTML file that holds everything, or the same page that a server keeps up to date.
//!
//! ```text
//!  events ─→ Folded ─→ StudyData ─┐
//!               └────→ Map ───────┴─→ html: frame + style + script + JSON
//! ```
//!
//! [`Folded`] takes events in one by one, so that a server reads each of them once. [`StudyData`] is what the page shows of a
//! study, as JSON; the page's script makes the charts of it. What an outsider wrote (names, messages, logs) reaches the page
//! as JSON only, and from there as text, never as HTML; the page's policy lets no other script run and nothing be fetched
//! from elsewhere.
//!
//! What grows with the study is bounded: the charts show at most [`MOST_SHOWN`] evaluations, and at most [`MOST_DETAILED`] of
//! them have a drawing, a curve, a log and a place on the map. The page says where something was left out.
//!
//! A study of several objectives has a section more, with its Pareto front.

mod chosen;
mod data;
mod detail;
mod fold;
mod front;
mod group;
mod html;
mod map;
mod rounded;
mod scoring;
#[cfg(test)]
mod tests;

pub use self::chosen::{MOST_DETAILED, MOST_SHOWN};
pub use self::data::{EvaluationData, StudyData};
pub use self::detail::{DetailData, Drawing};
pub use self::fold::Folded;
pub use self::front::FrontData;
pub use self::html::{Live, Page, Row, html, list};
pub use self::map::Map;
pub use self::scoring::ScoreData;
