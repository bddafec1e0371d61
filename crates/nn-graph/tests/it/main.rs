//! Integration tests of nn-graph: golden values, refusals, properties.

#[cfg(test)]
mod constraints;
#[cfg(test)]
mod draw;
#[cfg(test)]
mod extremes;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod hash;
#[cfg(test)]
mod measures;
#[cfg(test)]
mod morphs;
#[cfg(test)]
mod pool;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod union;
