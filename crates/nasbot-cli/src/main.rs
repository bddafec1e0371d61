//! nasbot: search neural architectures from the command line.

fn main() {}
