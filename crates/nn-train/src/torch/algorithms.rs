//! Which of libtorch's algorithms are taken, which no function of `tch` says; the other half is `algorithms.cpp`.

use crate::Error;

#[expect(unsafe_code, reason = "these are the functions of algorithms.cpp")]
unsafe extern "C" {
    fn nasbot_set_deterministic(wanted: bool) -> i32;
    fn nasbot_is_deterministic() -> bool;
}

/// Takes those that give the same bits each time, where there are such, or whatever is fastest again. Holds for the whole process.
///
/// # Errors
/// [`Error::Torch`] if libtorch refuses.
pub fn set_deterministic(wanted: bool) -> Result<(), Error> {
    // SAFETY: the function takes a truth value.
    #[expect(unsafe_code, reason = "a foreign function")]
    let done = unsafe { nasbot_set_deterministic(wanted) };
    match done {
        0 => Ok(()),
        _ => Err(Error::Torch {
            message: "libtorch does not take deterministic algorithms".into(),
        }),
    }
}

/// Whether those are taken that give the same bits each time.
#[must_use]
pub fn are_deterministic() -> bool {
    // SAFETY: the function takes nothing.
    #[expect(unsafe_code, reason = "a foreign function")]
    unsafe {
        nasbot_is_deterministic()
    }
}
