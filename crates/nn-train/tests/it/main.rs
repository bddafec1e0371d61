//! Integration tests of nn-train. Those in `torch` need the feature `torch`.

#[cfg(test)]
mod automatic;
#[cfg(test)]
mod baselines;
#[cfg(test)]
mod binary_files;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod columns;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod folders;
#[cfg(test)]
mod image_folders;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod numpy_files;
#[cfg(test)]
mod parquet;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod protocols;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod split_files;
#[cfg(test)]
mod splits;
#[cfg(test)]
mod support;
#[cfg(test)]
mod surveys;
#[cfg(test)]
mod tables;
#[cfg(feature = "torch")]
#[cfg(test)]
mod torch;
#[cfg(test)]
mod weights;
