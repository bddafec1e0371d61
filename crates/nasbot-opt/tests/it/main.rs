//! Integration tests: golden values across crates, and one suite that every strategy must pass.

mod conformance;
mod golden;
mod resume;
mod toy;
