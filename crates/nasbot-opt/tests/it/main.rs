//! Integration tests: golden values across crates, and one suite that every strategy must pass.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: a failure here is a failed test"
)]

mod bench_search;
mod conformance;
mod earlier;
mod examples;
mod failures;
mod golden;
mod halving;
mod proposals;
mod resume;
mod rungs;
mod several;
mod toy;
mod tuned;
mod wrong_spaces;
