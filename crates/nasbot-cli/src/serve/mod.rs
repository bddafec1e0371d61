//! The server of the page: read-only, one thread a connection, no runtime.
//!
//! `http` reads requests and writes answers (`message`), `gate` says who may ask, `studies` has the studies and follows them, `pages`
//! answers. What changes is pushed: a page listens for events, and fetches its data anew when one comes.

mod gate;
mod http;
mod message;
mod pages;
mod studies;

pub(crate) use self::gate::Gate;
pub(crate) use self::http::serve;
pub(crate) use self::pages::Pages;
pub(crate) use self::studies::Studies;
