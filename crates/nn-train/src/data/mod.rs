//! Data sets: their declaration ([`DataSpec`]), how they are read, split and standardised ([`load`]), and what is in them
//! ([`describe`]).
//!
//! Everything is checked while reading, and an error names the file and the row. What comes out are plain
//! `f32` vectors, so that this part needs no libtorch. One way, each module using those before it:
//!
//! | module | is |
//! |---|---|
//! | `spec`, `check` | what is declared, and what of it can be checked without a file |
//! | `files`, `examples` | opening files; inputs and targets |
//! | `raw`, `readers` | the formats: each reader gives numbers, and labels as they stand in the file |
//! | `labels`, `table` | labels as classes or targets; all of it as one table |
//! | `cache` | tables kept from one process to the next |
//! | `split`, `scaling`, `dataset` | parts, standardised, ready to train on |

mod cache;
mod check;
mod dataset;
mod examples;
mod files;
mod labels;
mod raw;
mod readers;
mod scaling;
mod spec;
mod split;
mod table;

pub use dataset::{Contents, Dataset, describe, load};
pub use examples::{Examples, InputShape, Targets};
pub use scaling::Scaling;
pub use spec::{
    Cache, Column, DataSpec, Format, ImageShape, OneOrMany, Placement, SplitSpec, Task, TestSpec,
    Transform,
};
