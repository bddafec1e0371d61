//! What libtorch's allocators hold, which no function of `tch` tells; the other half is `allocator.cpp`.
//!
//! The processor's allocator counts nothing by itself. [`count`] puts one before it that does, and that can refuse what would go beyond
//! a limit, as a card does that is full: for measurements and tests. Devices count by themselves.

use crate::Error;

#[expect(unsafe_code, reason = "these are the functions of allocator.cpp")]
unsafe extern "C" {
    fn nasbot_count(limit: u64) -> i32;
    fn nasbot_counted(held: &mut u64, most: &mut u64) -> i32;
    fn nasbot_forget_most() -> i32;
    fn nasbot_cuda_memory(device: i8, free: &mut u64, all: &mut u64) -> i32;
    fn nasbot_cuda_held(device: i8, held: &mut u64, most: &mut u64, reserved: &mut u64) -> i32;
    fn nasbot_cuda_give_back() -> i32;
}

/// Bytes that an allocator holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Now.
    pub now: u64,
    /// At the most since that was last forgotten.
    pub most: u64,
}

/// Memory of a device, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceMemory {
    /// What no process has.
    pub free: u64,
    /// All that there is.
    pub all: u64,
}

/// Counts what the processor's allocator hands out from the first call on, and refuses what would be more than `limit` bytes.
///
/// # Errors
/// [`Error::Torch`] if libtorch's allocator can't be replaced.
pub fn count(limit: Option<u64>) -> Result<(), Error> {
    // SAFETY: the function takes a number.
    #[expect(unsafe_code, reason = "a foreign function")]
    told(unsafe { nasbot_count(limit.unwrap_or(0)) })
}

/// What the processor's allocator holds since it is [counted](count).
///
/// # Errors
/// [`Error::Torch`] if it is not counted.
pub fn held() -> Result<Held, Error> {
    let mut held = Held::default();
    // SAFETY: both numbers outlive the call.
    #[expect(unsafe_code, reason = "a foreign function")]
    told(unsafe { nasbot_counted(&mut held.now, &mut held.most) })?;
    Ok(held)
}

/// From now on, the most that is held is counted anew.
///
/// # Errors
/// [`Error::Torch`] if nothing is counted.
pub fn forget_most() -> Result<(), Error> {
    // SAFETY: the function takes nothing.
    #[expect(unsafe_code, reason = "a foreign function")]
    told(unsafe { nasbot_forget_most() })
}

/// The memory of a CUDA device; `None` where there is none, or its driver does not say.
#[must_use]
pub fn cuda(device: usize) -> Option<DeviceMemory> {
    let mut memory = DeviceMemory::default();
    let device = i8::try_from(device).ok()?;
    // SAFETY: both numbers outlive the call.
    #[expect(unsafe_code, reason = "a foreign function")]
    told(unsafe { nasbot_cuda_memory(device, &mut memory.free, &mut memory.all) }).ok()?;
    Some(memory)
}

/// What this process holds of a CUDA device, and the bytes that it keeps in reserve; the most is forgotten. `None` where there is none.
#[must_use]
pub fn cuda_held(device: usize) -> Option<(Held, u64)> {
    let (mut held, mut reserved) = (Held::default(), 0);
    let device = i8::try_from(device).ok()?;
    // SAFETY: the numbers outlive the call.
    #[expect(unsafe_code, reason = "a foreign function")]
    let done = unsafe { nasbot_cuda_held(device, &mut held.now, &mut held.most, &mut reserved) };
    told(done).ok()?;
    Some((held, reserved))
}

/// Gives back what this process keeps of CUDA devices without using it. Without such a device nothing happens.
pub fn give_back() {
    // SAFETY: the function takes nothing.
    #[expect(unsafe_code, reason = "a foreign function")]
    // Without a device there is nothing to give.
    let _ = unsafe { nasbot_cuda_give_back() };
}

fn told(done: i32) -> Result<(), Error> {
    match done {
        0 => Ok(()),
        _ => Err(Error::Torch {
            message: "libtorch does not say what its allocator holds".into(),
        }),
    }
}
