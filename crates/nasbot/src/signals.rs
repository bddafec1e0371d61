//! Which signals this process was started to ignore.

use nix::libc;

/// Whether a signal is ignored by this process, as `nohup` and shells arrange it before they start a program. It should
/// stay so: the person wants the program to survive it.
#[must_use]
#[expect(
    unsafe_code,
    reason = "only the system call tells, and its safe wrappers all change what they ask about"
)]
pub fn is_ignored(signal: i32) -> bool {
    let mut present = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call only writes the present one to the place that it is given, and says whether it
    // has; it is read only then.
    unsafe {
        let asked = libc::sigaction(signal, std::ptr::null(), present.as_mut_ptr());
        asked == 0 && present.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
