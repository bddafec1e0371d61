//! Devices: which one a job means, and how CUDA is switched on.

use std::ffi::{CStr, c_int};

use tch::Cuda;

use crate::Error;
use crate::job::Device;

/// libtorch's CUDA half. The linker drops it from programs that name none of its symbols, and the same program must
/// start where there is none: it is loaded when the first job asks for it (0.9 s).
const CUDA_LIBRARY: &CStr = c"libtorch_cuda.so";

/// The device as libtorch knows it.
///
/// # Errors
/// [`Error::NoDevice`] if it is not there, and why.
pub fn resolve(device: Device) -> Result<tch::Device, Error> {
    let Device::Cuda(index) = device else {
        return Ok(tch::Device::Cpu);
    };
    let missing = |problem: String| Error::NoDevice {
        name: device.to_string(),
        problem,
    };
    if !load_cuda() {
        return Err(missing(
            "this worker was built with a libtorch without CUDA; run scripts/libtorch.sh --kind cuda and build it again".into(),
        ));
    }
    let count = Cuda::device_count();
    if i64::from(index) >= count {
        return Err(missing(format!(
            "libtorch sees {count} CUDA devices; check the driver and CUDA_VISIBLE_DEVICES"
        )));
    }
    Ok(tch::Device::Cuda(index as usize))
}

/// Loads libtorch's CUDA half, found by this program's rpath; whether it is there.
fn load_cuda() -> bool {
    const FLAGS: c_int = libc::RTLD_NOW | libc::RTLD_GLOBAL;
    #[expect(
        unsafe_code,
        reason = "dlopen is foreign; the name is a constant C string and libtorch's initialisers are meant to run so"
    )]
    let handle = unsafe { libc::dlopen(CUDA_LIBRARY.as_ptr(), FLAGS) };
    !handle.is_null()
}
