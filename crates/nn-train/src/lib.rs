//! Training networks on libtorch: data sets, jobs, modules, and the worker program
