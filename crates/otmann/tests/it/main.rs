//! Integration tests, in one program.

mod golden;
mod matrices;
mod support;
