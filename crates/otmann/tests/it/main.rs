//! Integration tests, in one program.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "helpers of tests: a failure here is a failed test, and some results are exact"
)]

mod exact;
mod golden;
#[path = "../../benches/instances/mod.rs"]
mod instances;
mod matrices;
mod properties;
mod reference;
mod support;
