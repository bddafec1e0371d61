//! Integration tests: golden values of the original NASBOT implementation, properties, and agreement of fast paths with slow ones.

mod golden;
mod properties;
mod support;
mod surrogate;
