//! Makes every program, test and benchmark of this package find libtorch where torch-sys found it, by
//! an rpath instead of `LD_LIBRARY_PATH`. Without the feature `torch` there is nothing to do.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Set by torch-sys (its `links` key is "tch"), and only for packages that depend on it directly.
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    }
}
