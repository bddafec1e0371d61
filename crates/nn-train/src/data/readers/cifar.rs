//! CIFAR's binary format: a label byte, then the image's bytes channel by channel, row by row.

use std::path::PathBuf;

use crate::Error;
use crate::data::examples::InputShape;
use crate::data::files::{open, read_error, read_up_to};
use crate::data::raw::{Inputs, Keep, Labels, Raw};
use crate::data::spec::{DataSpec, ImageShape};

/// The images of CIFAR-10, unless the specification says otherwise.
const CIFAR10: ImageShape = ImageShape {
    channels: 3,
    height: 32,
    width: 32,
};

/// Reads every record of every file.
pub(super) fn read(spec: &DataSpec, paths: &[PathBuf], keep: Keep) -> Result<Raw, Error> {
    let image = spec.image.unwrap_or(CIFAR10);
    let mut record = vec![0; 1 + image.len()];
    let mut inputs = Inputs::new(keep);
    let mut labels = Vec::new();
    let mut origin = Vec::new();
    for path in paths {
        let mut reader = open(path)?;
        origin.push((labels.len(), path.clone(), 1));
        for row in 1.. {
            let filled = read_up_to(&mut reader, &mut record)
                .map_err(|source| read_error(path, "example", row, source))?;
            if filled == 0 {
                break;
            }
            if filled < record.len() {
                return Err(Error::Truncated {
                    path: path.clone(),
                    what: "example",
                    row,
                });
            }
            labels.push(f64::from(record[0]));
            inputs.extend(record[1..].iter().map(|&byte| f32::from(byte)));
        }
    }
    Ok(Raw {
        shape: InputShape::Image(image),
        inputs,
        labels: Labels::Numbers(labels),
        origin,
        marks: Vec::new(),
        weights: Vec::new(),
    })
}
