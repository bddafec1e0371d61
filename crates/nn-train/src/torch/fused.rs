//! An optimiser's step in few launches: the gradients of all parameters are copied into one vector by one of libtorch's functions, or two
//! where some are of 16 bits; another one moves the parameters, or two where some of them decay and others do not. The other half is
//! `step.cpp`: `tch` does not have these functions.

use tch::Tensor;
use torch_sys::C_tensor;

use crate::Error;

#[expect(unsafe_code, reason = "these are the functions of step.cpp")]
unsafe extern "C" {
    fn nasbot_take_gradients(
        leaves: *const *const C_tensor,
        views: *const *const C_tensor,
        n: i64,
    ) -> i32;
    fn nasbot_fused_sgd(
        flat: *const C_tensor,
        gradient: *const C_tensor,
        first: *const C_tensor,
        decaying: i64,
        decay: f64,
        momentum: f64,
        rate: f64,
        nesterov: bool,
    ) -> i32;
    fn nasbot_fused_adamw(
        flat: *const C_tensor,
        gradient: *const C_tensor,
        first: *const C_tensor,
        second: *const C_tensor,
        decaying: i64,
        decay: f64,
        beta1: f64,
        beta2: f64,
        eps: f64,
        rate: f64,
        number: i32,
    ) -> i32;
}

/// Copies the gradients of `leaves` to `views`, one for each, and takes them from the leaves; whether it was done. Where it was not,
/// nothing has changed.
///
/// # Errors
/// [`Error::Torch`] if it was done in part.
pub(super) fn take_gradients<'a>(
    leaves: impl Iterator<Item = &'a Tensor>,
    views: &[Tensor],
) -> Result<bool, Error> {
    let leaves: Vec<*const C_tensor> = leaves.map(|leaf| leaf.as_ptr()).collect();
    let views: Vec<*const C_tensor> = (views.iter()).map(|view| view.as_ptr()).collect();
    if leaves.len() != views.len() {
        return Ok(false);
    }
    // SAFETY: both lists have the same length, and the tensors outlive the call.
    #[expect(unsafe_code, reason = "a foreign function")]
    was_done(unsafe { nasbot_take_gradients(leaves.as_ptr(), views.as_ptr(), leaves.len() as i64) })
}

/// The vectors of a step: parameters, gradients and moments in the same order, those that decay first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vectors<'a> {
    pub(super) flat: &'a Tensor,
    pub(super) gradient: &'a Tensor,
    pub(super) first: &'a Tensor,
    /// Length of the part that decays, and how much.
    pub(super) decaying: i64,
    pub(super) decay: f64,
}

/// SGD; whether it was done. Where it was not, nothing has changed.
///
/// # Errors
/// [`Error::Torch`] if it was done in part.
pub(super) fn sgd(v: Vectors<'_>, momentum: f64, nesterov: bool, rate: f64) -> Result<bool, Error> {
    let Vectors {
        flat,
        gradient,
        first,
        decaying,
        decay,
    } = v;
    // SAFETY: the tensors outlive the call.
    #[expect(unsafe_code, reason = "a foreign function")]
    was_done(unsafe {
        nasbot_fused_sgd(
            flat.as_ptr(),
            gradient.as_ptr(),
            first.as_ptr(),
            decaying,
            decay,
            momentum,
            rate,
            nesterov,
        )
    })
}

/// The constants of AdamW in a step of this number, from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adamw {
    pub(super) betas: [f64; 2],
    pub(super) eps: f64,
    pub(super) rate: f64,
    pub(super) number: i32,
}

/// AdamW; as [`sgd`].
///
/// # Errors
/// [`Error::Torch`] if it was done in part.
pub(super) fn adamw(v: Vectors<'_>, second: &Tensor, how: Adamw) -> Result<bool, Error> {
    let Vectors {
        flat,
        gradient,
        first,
        decaying,
        decay,
    } = v;
    let [beta1, beta2] = how.betas;
    // SAFETY: the tensors outlive the call.
    #[expect(unsafe_code, reason = "a foreign function")]
    was_done(unsafe {
        nasbot_fused_adamw(
            flat.as_ptr(),
            gradient.as_ptr(),
            first.as_ptr(),
            second.as_ptr(),
            decaying,
            decay,
            beta1,
            beta2,
            how.eps,
            how.rate,
            how.number,
        )
    })
}

fn was_done(done: i32) -> Result<bool, Error> {
    match done {
        0 => Ok(true),
        -1 => Ok(false),
        _ => Err(Error::Torch {
            message: "an optimiser's step ended in its middle".into(),
        }),
    }
}
