//! Tests that need libtorch.
