//! Choice of instructions when running.

#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::{Kernel, Portable, Simd as _};
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};

/// Vector instructions. All give the same bits; they differ in speed only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Instructions {
    /// AVX-512 F, BW and DQ.
    Avx512,
    /// AVX2.
    Avx2,
    /// NEON.
    Neon,
    /// Plain Rust.
    Portable,
}

impl Instructions {
    /// Every variant, fastest first.
    pub const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Portable];

    /// Whether this machine has them.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::new().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => Neon::new().is_some(),
            #[cfg(not(target_arch = "aarch64"))]
            Self::Neon => false,
            Self::Portable => true,
        }
    }

    /// The fastest that this machine has.
    #[must_use]
    pub fn best() -> Self {
        (Self::ALL.into_iter().find(|i| i.is_available())).unwrap_or(Self::Portable)
    }
}

/// Runs `kernel` with `instructions`, or plain Rust where they do not exist.
pub(crate) fn run<K: Kernel>(instructions: Instructions, kernel: K) -> K::Output {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => {
            if let Some(lanes) = Avx512::new() {
                return lanes.enter(kernel);
            }
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => {
            if let Some(lanes) = Avx2::new() {
                return lanes.enter(kernel);
            }
        }
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => {
            if let Some(lanes) = Neon::new() {
                return lanes.enter(kernel);
            }
        }
        _ => {}
    }
    Portable.enter(kernel)
}
