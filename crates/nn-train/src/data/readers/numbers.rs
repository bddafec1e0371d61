//! The numbers of binary arrays, example by example.

use std::io::Read;
use std::path::Path;

use crate::Error;
use crate::data::files::fill;
use crate::data::raw::Sink;

/// Hands over the numbers of `count` examples of `bytes` bytes each, a number in every `size` of them, as `number` reads it.
/// One that is not finite is an error that names example and column.
pub(super) fn hand_over(
    path: &Path,
    reader: &mut impl Read,
    (count, bytes, size): (usize, usize, usize),
    number: impl Fn(&[u8]) -> f64,
    to: &mut impl Sink,
) -> Result<(), Error> {
    to.expect(count.saturating_mul(bytes / size));
    let mut example = vec![0; bytes];
    for row in 1..=count as u64 {
        fill(reader, &mut example, path, "example", row)?;
        for (column, chunk) in example.chunks_exact(size).enumerate() {
            let x = number(chunk);
            if !x.is_finite() {
                return Err(Error::NotANumber {
                    path: path.into(),
                    row,
                    column,
                    value: x.to_string(),
                });
            }
            to.take(x);
        }
    }
    Ok(())
}
