//! Files of tensors by name (safetensors).

use std::collections::HashMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};
use tch::{Kind, Tensor};

use crate::Error;
use crate::trained::{ENTRY, Trained};

/// A tensor's bytes, little-endian in C order.
struct Bytes {
    kind: Dtype,
    sizes: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Bytes {
    fn dtype(&self) -> Dtype {
        self.kind
    }

    fn shape(&self) -> &[usize] {
        &self.sizes
    }

    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        self.bytes.as_slice().into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Writes tensors by name: beside and renamed, so that an interrupted worker leaves no half file. `about` is the JSON of a
/// [`Trained`].
pub(super) fn write<S: AsRef<str>>(
    named: &[(S, Tensor)],
    about: Option<String>,
    path: &Path,
) -> Result<(), Error> {
    let io = |source| Error::Write {
        path: path.into(),
        source,
    };
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let views: Vec<(&str, Bytes)> = (named.iter())
        .map(|(name, tensor)| Ok((name.as_ref(), bytes(tensor)?)))
        .collect::<Result<_, Error>>()?;
    let metadata = about.map(|about| HashMap::from([(ENTRY.to_owned(), about)]));
    safetensors::serialize_to_file(views, &metadata, partial.as_ref())
        .map_err(|error| io(std::io::Error::other(error.to_string())))?;
    std::fs::rename(&partial, path).map_err(io)
}

fn bytes(tensor: &Tensor) -> Result<Bytes, Error> {
    let tensor = tensor
        .detach()
        .f_to_device(tch::Device::Cpu)?
        .f_contiguous()?;
    let (kind, size) = match tensor.kind() {
        Kind::Float => (Dtype::F32, 4),
        Kind::Double => (Dtype::F64, 8),
        Kind::Int64 => (Dtype::I64, 8),
        Kind::Uint8 => (Dtype::U8, 1),
        kind => {
            return Err(Error::Torch {
                message: format!("tensors of kind {kind:?} are not written"),
            });
        }
    };
    let mut bytes = vec![0; tensor.numel() * size];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    let sizes = tensor.size().iter().map(|side| *side as usize).collect();
    Ok(Bytes { kind, sizes, bytes })
}

/// What a weights file says of itself.
///
/// # Errors
/// [`Error::Format`] if it can't be read, or says nothing, because another program wrote it.
pub(super) fn about(path: &Path) -> Result<Trained, Error> {
    let format = |message: String| Error::Format {
        path: path.into(),
        message,
    };
    let file = std::fs::read(path).map_err(|source| Error::Io {
        path: path.into(),
        source,
    })?;
    let (_, metadata) = SafeTensors::read_metadata(&file)
        .map_err(|error| format(format!("is no file of weights (safetensors): {error}")))?;
    let text = (metadata.metadata().as_ref()).and_then(|entries| entries.get(ENTRY));
    let text = text.ok_or_else(|| {
        format("says nothing of its network and its data: train the network again with this version of nasbot".into())
    })?;
    Trained::from_json(text)
}
