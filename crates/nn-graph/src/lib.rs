//! Neural networks as labelled DAGs: layers, masses, path lengths, morphs, constraints, drawings
