//! Tensors as nothing but numbers of bytes.

/// Tensors by their bytes, each as long as something holds it.
#[derive(Debug, Default)]
pub(super) struct Heap {
    tensors: Vec<(u64, u32)>,
    now: u64,
    pub(super) peak: u64,
}

/// A tensor's place in the heap.
pub(super) type Id = usize;

impl Heap {
    pub(super) fn make(&mut self, bytes: u64) -> Id {
        self.now += bytes;
        self.peak = self.peak.max(self.now);
        self.tensors.push((bytes, 1));
        self.tensors.len() - 1
    }

    /// Another one holds it too.
    pub(super) fn hold(&mut self, id: Id) -> Id {
        self.tensors[id].1 += 1;
        id
    }

    pub(super) fn is_shared(&self, id: Id) -> bool {
        self.tensors[id].1 > 1
    }

    /// One holds it no more.
    pub(super) fn drop(&mut self, id: Id) {
        let (bytes, holders) = &mut self.tensors[id];
        *holders -= 1;
        if *holders == 0 {
            self.now -= *bytes;
        }
    }

    /// Something that is there for a moment only.
    pub(super) fn pass_by(&mut self, bytes: u64) {
        let id = self.make(bytes);
        self.drop(id);
    }
}
