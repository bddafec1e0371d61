//! Integration tests of nn-graph: golden values, refusals, properties.

mod constraints;
#[cfg(test)]
mod golden;
mod measures;
mod refusals;
