//! Data sets: their declaration ([`DataSpec`]), how they are read, split and prepared ([`load`]), what is in them
//! ([`describe`], [`survey`]), and what was done to them ([`Preparation`]).
//!
//! Everything is checked while reading, and an error names the file and the row. What comes out are plain vectors, of `f32`, or of
//! bytes that are still to be scaled, so that this part needs no libtorch. One way, each module using those before it:
//!
//! | module | is |
//! |---|---|
//! | `metric`, `places`, `split_spec`, `spec`, `check` | what is declared, and what of it can be checked without a file |
//! | `files`, `examples` | opening files; inputs and targets |
//! | `values`, `columns`, `problems` | numbers in little room; what a column of a text table is; what is wrong, all at once |
//! | `raw`, `readers` | the formats: each reader gives numbers, and labels as they stand in the file |
//! | `labels`, `table` | labels as classes or targets; all of it as one table |
//! | `cache` | tables kept from one process to the next |
//! | `split`, `split_file`, `dealing`, `weights` | which row belongs to which part, by a rule or by a file, and what it counts for in a training |
//! | `preparation` | what the training part says is to be done to raw examples |
//! | `dataset`, `raw_rows` | parts, prepared, ready to train on; examples to predict for |

mod cache;
mod check;
mod columns;
mod dataset;
mod dealing;
mod examples;
mod files;
mod labels;
mod metric;
mod numbering;
mod places;
mod preparation;
mod problems;
mod raw;
mod raw_rows;
mod readers;
mod spec;
mod split;
mod split_file;
mod split_spec;
mod table;
mod values;
mod weights;

#[cfg(feature = "torch")]
pub(crate) use cache::{Depth, stamp};
pub use columns::Kind;
pub use dataset::{Contents, Dataset, describe, load, split, survey};
pub use dealing::Dealing;
pub use examples::{Examples, InputShape, Targets};
#[cfg(feature = "torch")]
pub(crate) use examples::{Inputs, Pixels, Scale};
pub use preparation::{
    Column as PreparedColumn, Encoding as CellEncoding, Input, LeftOut, Output, Preparation,
};
pub use raw_rows::{Prepared, prepared};
pub(crate) use readers::csv::USUAL_GAPS;
pub use readers::images::Sizes;
pub use spec::{
    Cache, ClassWeights, Column, DataSpec, Encoding, Format, ImageShape, Metric, OneOrMany,
    Placement, Rule, Scaling, SplitSpec, Task, TestSpec, Transform,
};
