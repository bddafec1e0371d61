//! Makes every program, test and benchmark of this package find libtorch where torch-sys found it, by
//! an rpath instead of `LD_LIBRARY_PATH`, and builds the C++ files in `src/torch` against its headers. Without the feature `torch` there is
//! nothing to do.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Set by torch-sys (its `links` key is "tch"), and only for packages that depend on it directly.
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
        #[cfg(feature = "torch")]
        build_shims(std::path::Path::new(&lib));
    }
}

#[cfg(feature = "torch")]
fn build_shims(lib: &std::path::Path) {
    const SOURCES: [&str; 3] = [
        "src/torch/algorithms.cpp",
        "src/torch/allocator.cpp",
        "src/torch/step.cpp",
    ];
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    println!("cargo:rerun-if-env-changed=LIBTORCH_INCLUDE");
    // As torch-sys looks for them: where the variable says, else beside the libraries.
    let home = std::env::var("LIBTORCH_INCLUDE").map_or_else(|_| lib.join(".."), Into::into);
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        // As headers of the system, of which the compiler's warnings are not ours.
        .flag(format!("-isystem{}", home.join("include").display()))
        .files(SOURCES)
        .compile("nasbot_torch");
    println!("cargo:rustc-link-search=native={}", lib.display());
    println!("cargo:rustc-link-lib=c10");
    println!("cargo:rustc-link-lib=torch_cpu");
}
