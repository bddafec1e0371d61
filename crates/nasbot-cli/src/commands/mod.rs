//! The commands, one a module, and what several of them share.

pub(crate) mod ask;
mod by_hand;
pub(crate) mod distance;
pub(crate) mod draw;
pub(crate) mod fail;
pub(crate) mod give;
mod going_on;
pub(crate) mod inspect;
pub(crate) mod predict;
pub(crate) mod replay;
pub(crate) mod resume;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod tell;
pub(crate) mod train;
pub(crate) mod validate;
