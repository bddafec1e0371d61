//! The surrogate: refits, extensions, determinism.
