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
