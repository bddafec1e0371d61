//! Whose fault a lack of memory is: the network's, or that of others on the same card.

use super::allocator::{self, DeviceMemory};
use crate::Error;
use crate::job::Device;

/// The share of a card's memory that a training can have if it is alone: drivers and libraries have the rest.
const MOST: f64 = 0.9;

/// A lack of memory as what it is, for a training that needs so many bytes: [`Error::NoRoom`] where others have what it lacked.
pub(super) fn explained(error: Error, needed: Option<u64>, device: Device) -> Error {
    let (Error::OutOfMemory { message }, Some(needed), Device::Cuda(index)) =
        (&error, needed, device)
    else {
        return error;
    };
    let Some(memory) = allocator::cuda(index as usize) else {
        return error;
    };
    // Without its own share, all that is not free is others'.
    let own = allocator::cuda_held(index as usize).map_or(0, |(_, reserved)| reserved);
    match others(needed, memory, own) {
        Some(others) => Error::NoRoom {
            message: format!(
                "the training needs {} MB of the {} MB of {device}, of which others have {} MB: {message}",
                needed >> 20,
                memory.all >> 20,
                others >> 20
            ),
        },
        None => error,
    }
}

/// What others have of a card, if the training would fit without them and does not with them; `own` is what this process has of it.
fn others(needed: u64, memory: DeviceMemory, own: u64) -> Option<u64> {
    let room = memory.free.saturating_add(own).min(memory.all);
    let fits_alone = needed as f64 <= MOST * memory.all as f64;
    (fits_alone && needed > room).then(|| memory.all - room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_to_blame_where_a_training_would_fit_without_it() {
        let memory = |free| DeviceMemory { free, all: 1000 };
        // A neighbour has 700 of 1000.
        assert_eq!(others(500, memory(100), 200), Some(700));
        // It fits beside the neighbour: something else went wrong.
        assert_eq!(others(250, memory(100), 200), None);
        // It would not fit alone either.
        assert_eq!(others(950, memory(100), 200), None);
        // No neighbour.
        assert_eq!(others(850, memory(0), 1000), None);
        let error = || Error::OutOfMemory {
            message: "no".into(),
        };
        let same = explained(error(), Some(1), Device::Cpu);
        assert!(matches!(same, Error::OutOfMemory { .. }));
        // A worker without a card says what it said.
        let same = explained(error(), Some(1), Device::Cuda(0));
        assert!(matches!(same, Error::OutOfMemory { .. }) || tch::Cuda::is_available());
    }
}
