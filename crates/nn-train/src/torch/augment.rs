//! Random changes of a batch of images, on its device: crop, shift, mirror, cut-out, mix-up.
//!
//! The first four are one gather and one product: every output pixel says from which input pixel it comes.

use tch::{Kind, Tensor};

use super::loss::{self, Wanted};
use crate::{Augmentation, Error};

/// What the outputs of a batch are compared with.
#[derive(Debug)]
pub(super) struct Goals {
    wanted: Wanted,
    /// What the other images are compared with, and the share of this image's own loss (a single number on the device).
    blend: Option<(Wanted, Tensor)>,
}

impl Goals {
    /// The training loss; of blended images λ·loss(own) + (1 − λ)·loss(other).
    pub(super) fn loss(&self, outputs: &Tensor, smoothing: f64) -> Result<Tensor, Error> {
        let own = loss::loss(outputs, &self.wanted, smoothing)?;
        match &self.blend {
            None => Ok(own),
            // torch.lerp(a, b, λ) = a + λ·(b − a).
            Some((others, share)) => {
                let other = loss::loss(outputs, others, smoothing)?;
                Ok(other.f_lerp_tensor(&own, share)?)
            }
        }
    }
}

/// Changes a batch (examples × channels × height × width); draws from libtorch's generator of the batch's device.
pub(super) fn apply(
    spec: &Augmentation,
    images: Tensor,
    wanted: Wanted,
) -> Result<(Tensor, Goals), Error> {
    let plain = |wanted| Goals {
        wanted,
        blend: None,
    };
    if spec.is_off() {
        return Ok((images, plain(wanted)));
    }
    let images = change(spec, &images)?;
    if spec.mix_up <= 0.0 {
        return Ok((images, plain(wanted)));
    }
    let device = images.device();
    let order = Tensor::f_randperm(images.size()[0], (Kind::Int64, device))?;
    // Two gamma variates over their sum: the first share has the distribution Beta(α, α).
    let weight = Tensor::f_full([2], spec.mix_up, (Kind::Float, device))?
        .f_internal_sample_dirichlet()?
        .f_get(0)?;
    let blended = images
        .f_index_select(0, &order)?
        .f_lerp_tensor(&images, &weight)?;
    let others = wanted.each(|tensor| Ok(tensor.f_index_select(0, &order)?))?;
    Ok((
        blended,
        Goals {
            wanted,
            blend: Some((others, weight)),
        },
    ))
}

/// Moves, mirrors and cuts each image by itself.
fn change(spec: &Augmentation, images: &Tensor) -> Result<Tensor, Error> {
    let (n, channels, height, width) = images.size4()?;
    let integers = (Kind::Int64, images.device());
    let row = Tensor::f_arange(height, integers)?.f_view([1, height, 1])?;
    let column = Tensor::f_arange(width, integers)?.f_view([1, 1, width])?;
    let mut out = images.shallow_clone();
    if spec.shift > 0 || spec.flip || spec.crop > 0 {
        let draw = |most: u32| -> Result<Tensor, Error> {
            let most = i64::from(most);
            Ok(Tensor::f_randint(2 * most + 1, [n, 1, 1], integers)?.f_add_scalar(-most)?)
        };
        let mut rows = &row + draw(spec.shift)?;
        let mut columns = &column + draw(spec.shift)?;
        if spec.flip {
            let mirrored = (&columns * -1_i64).f_add_scalar(width - 1)?;
            let coin = Tensor::f_randint(2, [n, 1, 1], integers)?.f_to_kind(Kind::Bool)?;
            columns = mirrored.f_where_self(&coin, &columns)?;
        }
        let inside = inside(&rows, height)?.f_logical_and(&inside(&columns, width)?)?;
        if spec.crop > 0 {
            rows = reflect(&(rows.f_clamp(0, height - 1)? + draw(spec.crop)?), height)?;
            columns = reflect(&(columns.f_clamp(0, width - 1)? + draw(spec.crop)?), width)?;
        }
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

/// Coordinates beyond a side of `length`, mirrored at its first and last pixel (which are not repeated).
fn reflect(x: &Tensor, length: i64) -> Result<Tensor, Error> {
    let last = length - 1;
    // |x| mirrors at 0; last − |last − x| at the other end.
    let folded = x.f_abs()?.f_neg()?.f_add_scalar(last)?.f_abs()?;
    Ok(folded.f_neg()?.f_add_scalar(last)?)
}

/// Whether each entry lies in 0..length.
fn inside(x: &Tensor, length: i64) -> Result<Tensor, Error> {
    Ok(x.f_ge(0)?.f_logical_and(&x.f_lt(length)?)?)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::super::loss::Wanted;
    use super::{Goals, apply};
    use crate::Augmentation;

    const SIDE: usize = 5;

    fn wanted(targets: Tensor) -> Wanted {
        Wanted {
            targets,
            weights: None,
        }
    }

    /// 64 times the same image, with two channels that differ in sign, so that channels stay together visibly.
    fn images() -> Tensor {
        let one = Tensor::arange_start(1, 1 + (SIDE * SIDE) as i64, (Kind::Float, Device::Cpu));
        let image =
            Tensor::stack(&[one.shallow_clone(), -one], 0).view([1, 2, SIDE as i64, SIDE as i64]);
        image.repeat([64, 1, 1, 1])
    }

    /// The images of a batch, each with its first channel, after checking that the second is its negative.
    fn changed(spec: &Augmentation) -> Vec<Vec<f32>> {
        let targets = Tensor::zeros([64], (Kind::Int64, Device::Cpu));
        let (out, goals) = apply(spec, images(), wanted(targets)).unwrap();
        assert!(goals.blend.is_none());
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

    /// The image whose pixel (y, x) is the one at `from(y, x)`, or 0 where that is nowhere.
    fn image(from: impl Fn(i64, i64) -> (i64, i64)) -> Vec<f32> {
        let side = SIDE as i64;
        let pixels = (0..side).flat_map(|y| (0..side).map(move |x| (y, x)));
        pixels
            .map(|(y, x)| match from(y, x) {
                (y, x) if (0..side).contains(&y) && (0..side).contains(&x) => {
                    (1 + y * side + x) as f32
                }
                _ => 0.0,
            })
            .collect()
    }

    /// Checks that batches hold these images, and all of them.
    fn are_all_of(spec: &Augmentation, mut possible: Vec<Vec<f32>>) {
        possible.sort_by(|a, b| a.partial_cmp(b).unwrap());
        possible.dedup();
        let mut seen = vec![false; possible.len()];
        // 2,048 draws of at most 81 images: one is never drawn once in 10⁹ runs.
        for _ in 0..32 {
            for image in changed(spec) {
                let which = possible.iter().position(|p| *p == image);
                seen[which.unwrap_or_else(|| panic!("{image:?} is none of {spec:?}"))] = true;
            }
        }
        assert!(seen.iter().all(|seen| *seen), "{spec:?}: {seen:?}");
    }

    #[test]
    fn shifts_and_mirrors_are_the_ones_possible_and_all_of_them() {
        for (shift, flip, count) in [(1, false, 9), (0, true, 2), (1, true, 18)] {
            let spec = Augmentation {
                shift,
                flip,
                ..Augmentation::default()
            };
            let s = i64::from(shift);
            let mut possible = Vec::new();
            for (dy, dx) in (-s..=s).flat_map(|dy| (-s..=s).map(move |dx| (dy, dx))) {
                possible.push(image(|y, x| (y + dy, x + dx)));
                if flip {
                    possible.push(image(|y, x| (y + dy, SIDE as i64 - 1 - (x + dx))));
                }
            }
            assert_eq!(possible.len(), count);
            are_all_of(&spec, possible);
        }
    }

    #[test]
    fn crops_are_windows_of_the_mirrored_image() {
        // The line 0 1 2 3 4 mirrored at both ends, as numpy.pad(…, mode="reflect") pads it by 4.
        let line = [4, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0];
        for (crop, flip) in [(1, false), (2, true), (4, false)] {
            let spec = Augmentation {
                crop,
                flip,
                ..Augmentation::default()
            };
            let c = i64::from(crop);
            let mut possible = Vec::new();
            for (dy, dx) in (-c..=c).flat_map(|dy| (-c..=c).map(move |dx| (dy, dx))) {
                let at = |x: i64| line[(x + 4) as usize];
                possible.push(image(|y, x| (at(y + dy), at(x + dx))));
                if flip {
                    possible.push(image(|y, x| (at(y + dy), at(4 - x + dx))));
                }
            }
            are_all_of(&spec, possible);
        }
    }

    #[test]
    fn cutouts_are_squares_of_the_mean() {
        let spec = Augmentation {
            cutout: 2,
            ..Augmentation::default()
        };
        let whole = image(|y, x| (y, x));
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

    /// A batch of constant images 0, 1, …, n − 1 whose targets are their numbers, mixed.
    fn mixed(n: i64, alpha: f64) -> (Vec<f64>, Vec<i64>, f64) {
        let spec = Augmentation {
            mix_up: alpha,
            ..Augmentation::default()
        };
        let numbers = Tensor::arange(n, (Kind::Int64, Device::Cpu));
        let images = numbers
            .to_kind(Kind::Float)
            .view([n, 1, 1, 1])
            .repeat([1, 1, 2, 2]);
        let (out, goals) = apply(&spec, images, wanted(numbers)).unwrap();
        let out = out.amax([1, 2, 3], false).to_kind(Kind::Double);
        let (others, weight) = goals.blend.unwrap();
        (
            Vec::try_from(out).unwrap(),
            Vec::try_from(others.targets).unwrap(),
            weight.double_value(&[]),
        )
    }

    #[test]
    fn mix_up_blends_images_and_targets_alike() {
        tch::manual_seed(3);
        let (out, others, weight) = mixed(32, 1.0);
        assert!(weight > 0.0 && weight < 1.0);
        for (i, (out, other)) in out.iter().zip(&others).enumerate() {
            let expected = weight * i as f64 + (1.0 - weight) * *other as f64;
            assert!((out - expected).abs() < 1e-5, "{out}, not {expected}");
        }
        let mut sorted = others.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..32).collect::<Vec<_>>());
        assert_ne!(others, sorted);
    }

    #[test]
    fn weights_of_mix_up_have_the_moments_of_beta() {
        tch::manual_seed(5);
        for alpha in [0.2, 1.0, 4.0] {
            let weights: Vec<f64> = (0..4000).map(|_| mixed(2, alpha).2).collect();
            let n = weights.len() as f64;
            let mean = weights.iter().sum::<f64>() / n;
            let variance = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / n;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            // Five standard errors of the mean; the variance's are below 3 % of it.
            assert!(
                (mean - 0.5).abs() < 5.0 * (expected / n).sqrt(),
                "α = {alpha}: {mean}"
            );
            assert!(
                (variance / expected - 1.0).abs() < 0.15,
                "α = {alpha}: {variance}"
            );
        }
    }

    #[test]
    fn the_loss_of_a_blend_is_the_blend_of_the_losses() {
        let outputs = Tensor::from_slice(&[0.7_f64, 0.2, 0.1, 0.3, 0.3, 0.4])
            .log()
            .view([2, 3]);
        let goals = Goals {
            wanted: wanted(Tensor::from_slice(&[0_i64, 2])),
            blend: Some((
                wanted(Tensor::from_slice(&[2_i64, 0])),
                Tensor::from(0.75_f64),
            )),
        };
        let own = -(0.7_f64.ln() + 0.4_f64.ln()) / 2.0;
        let other = -(0.1_f64.ln() + 0.3_f64.ln()) / 2.0;
        let loss = goals.loss(&outputs, 0.0).unwrap().double_value(&[]);
        assert!((loss - (0.75 * own + 0.25 * other)).abs() < 1e-12, "{loss}");
    }
}
