//! Integration tests: golden values of the original NASBOT implementation, properties, and agreement of fast paths with slow ones.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: a failure here is a failed test"
)]

mod golden;
mod properties;
mod support;
mod surrogate;
