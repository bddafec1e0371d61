//! Random changes of a batch of images, on its device: shift, mirror, cut-out.
//!
//! All three are one gather and one product: every output pixel says from which input pixel it comes.

use tch::{Kind, Tensor};

use crate::{Augmentation, Error};

/// Changes a batch (examples × channels × height × width); draws from libtorch's generator of the batch's device.
pub(super) fn apply(spec: &Augmentation, images: &Tensor) -> Result<Tensor, Error> {
    let (n, channels, height, width) = images.size4()?;
    let integers = (Kind::Int64, images.device());
    let row = Tensor::f_arange(height, integers)?.f_view([1, height, 1])?;
    let column = Tensor::f_arange(width, integers)?.f_view([1, 1, width])?;
    let mut out = images.shallow_clone();
    if spec.shift > 0 || spec.flip {
        let shift = i64::from(spec.shift);
        let draw = || -> Result<Tensor, Error> {
            Ok(Tensor::f_randint(2 * shift + 1, [n, 1, 1], integers)?.f_add_scalar(-shift)?)
        };
        let rows = &row + draw()?;
        let mut columns = &column + draw()?;
        if spec.flip {
            let mirrored = (&columns * -1_i64).f_add_scalar(width - 1)?;
            let coin = Tensor::f_randint(2, [n, 1, 1], integers)?.f_to_kind(Kind::Bool)?;
            columns = mirrored.f_where_self(&coin, &columns)?;
        }
        let inside = inside(&rows, height)?.f_logical_and(&inside(&columns, width)?)?;
        let source = rows.f_clamp(0, height - 1)? * width + columns.f_clamp(0, width - 1)?;
        let source = source
            .f_view([n, 1, height * width])?
            .f_expand([n, channels, height * width], false)?;
        let moved = out
            .f_flatten(2, 3)?
            .f_gather(2, &source, false)?
            .f_view([n, channels, height, width])?;
        // Standardised images have mean 0, so that what is shifted in is the mean pixel.
        out = moved * inside.f_unsqueeze(1)?;
    }
    if spec.cutout > 0 {
        let side = i64::from(spec.cutout);
        let hit = |line: &Tensor, length: i64| -> Result<Tensor, Error> {
            let start =
                Tensor::f_randint(length, [n, 1, 1], integers)?.f_add_scalar(-(side / 2))?;
            let offset = line - start;
            inside(&offset, side)
        };
        let hole = hit(&row, height)?.f_logical_and(&hit(&column, width)?)?;
        return Ok(out * hole.f_logical_not()?.f_unsqueeze(1)?);
    }
    Ok(out)
}

/// Whether each entry lies in 0..length.
fn inside(x: &Tensor, length: i64) -> Result<Tensor, Error> {
    Ok(x.f_ge(0)?.f_logical_and(&x.f_lt(length)?)?)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::apply;
    use crate::Augmentation;

    const SIDE: usize = 5;

    /// Twice the same 64 images, with two channels that differ in sign, so that channels stay together visibly.
    fn images() -> Tensor {
        let one = Tensor::arange_start(1, 1 + (SIDE * SIDE) as i64, (Kind::Float, Device::Cpu));
        let image =
            Tensor::stack(&[one.shallow_clone(), -one], 0).view([1, 2, SIDE as i64, SIDE as i64]);
        image.repeat([64, 1, 1, 1])
    }

    /// The images of a batch, each with its first channel, after checking that the second is its negative.
    fn changed(spec: &Augmentation) -> Vec<Vec<f32>> {
        let out = apply(spec, &images()).unwrap();
        let (first, second) = (out.select(1, 0), out.select(1, 1));
        assert!(
            (first.shallow_clone() + second)
                .abs()
                .max()
                .double_value(&[])
                <= 0.0
        );
        (0..64)
            .map(|i| Vec::try_from(first.get(i).contiguous().view(-1)).unwrap())
            .collect()
    }

    /// The image shifted by (dy, dx), mirrored first if asked, by definition.
    fn moved(dy: i64, dx: i64, mirrored: bool) -> Vec<f32> {
        let side = SIDE as i64;
        let at = |y: i64, x: i64| {
            let inside = (0..side).contains(&y) && (0..side).contains(&x);
            if inside {
                (1 + y * side + x) as f32
            } else {
                0.0
            }
        };
        let pixels = (0..side).flat_map(|y| (0..side).map(move |x| (y, x)));
        pixels
            .map(|(y, x)| {
                at(
                    y + dy,
                    if mirrored {
                        side - 1 - (x + dx)
                    } else {
                        x + dx
                    },
                )
            })
            .collect()
    }

    #[test]
    fn shifts_and_mirrors_are_the_ones_possible_and_all_of_them() {
        for (shift, flip, count) in [(1, false, 9), (0, true, 2), (1, true, 18)] {
            let spec = Augmentation {
                shift,
                flip,
                cutout: 0,
            };
            let s = i64::from(shift);
            let mut possible = Vec::new();
            for dy in -s..=s {
                for dx in -s..=s {
                    possible.push(moved(dy, dx, false));
                    if flip {
                        possible.push(moved(dy, dx, true));
                    }
                }
            }
            let mut seen = vec![false; possible.len()];
            for _ in 0..4 {
                for image in changed(&spec) {
                    let which = possible.iter().position(|p| *p == image);
                    seen[which.unwrap_or_else(|| panic!("{image:?} is no shift"))] = true;
                }
            }
            assert_eq!(seen.iter().filter(|seen| **seen).count(), count);
        }
    }

    #[test]
    fn cutouts_are_squares_of_the_mean() {
        let spec = Augmentation {
            shift: 0,
            flip: false,
            cutout: 2,
        };
        let whole = moved(0, 0, false);
        for image in changed(&spec) {
            let holes: Vec<usize> = (0..SIDE * SIDE)
                .filter(|&i| (image[i] - whole[i]).abs() > 0.0)
                .collect();
            assert!(holes.iter().all(|&i| image[i].abs() <= 0.0));
            let rows: Vec<usize> = holes.iter().map(|i| i / SIDE).collect();
            let columns: Vec<usize> = holes.iter().map(|i| i % SIDE).collect();
            let span = |of: &[usize]| of.iter().max().unwrap() - of.iter().min().unwrap() + 1;
            // Two pixels a side, one where the image ends.
            assert!(
                span(&rows) <= 2
                    && span(&columns) <= 2
                    && holes.len() == span(&rows) * span(&columns)
            );
        }
    }
}
