//! The commands, one a module.

pub(crate) mod distance;
pub(crate) mod draw;
pub(crate) mod inspect;
pub(crate) mod predict;
pub(crate) mod resume;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod train;
pub(crate) mod validate;
