//! How many functions of libtorch launch something: what a card waits for where networks are small. Functions that only look at memory
//! in another way, or call others, do not count. For measurements and tests; the other half is `step.cpp`.

use crate::Error;

#[expect(unsafe_code, reason = "these are the functions of step.cpp")]
unsafe extern "C" {
    fn nasbot_count_launches(wanted: bool) -> i32;
    fn nasbot_launched() -> u64;
}

/// Counts while `act` runs, in all threads of this process.
///
/// # Errors
/// [`Error::Torch`] if libtorch does not let itself be counted, or what `act` says.
pub fn counted<T>(act: impl FnOnce() -> Result<T, Error>) -> Result<(T, u64), Error> {
    count(true)?;
    let done = act();
    // SAFETY: the function takes nothing.
    #[expect(unsafe_code, reason = "a foreign function")]
    let launched = unsafe { nasbot_launched() };
    count(false)?;
    Ok((done?, launched))
}

fn count(wanted: bool) -> Result<(), Error> {
    // SAFETY: the function takes a number.
    #[expect(unsafe_code, reason = "a foreign function")]
    match unsafe { nasbot_count_launches(wanted) } {
        0 => Ok(()),
        _ => Err(Error::Torch {
            message: "libtorch does not count its calls".into(),
        }),
    }
}
