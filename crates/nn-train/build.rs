//! Makes every program, test and benchmark of this package find libtorch where torch-sys found it, by
//! an rpath instead of `LD_LIBRARY_PATH`, and builds `src/torch/allocator.cpp` against its headers. Without the feature `torch` there is
//! nothing to do.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Set by torch-sys (its `links` key is "tch"), and only for packages that depend on it directly.
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
        #[cfg(feature = "torch")]
        build_allocator(std::path::Path::new(&lib));
    }
}

#[cfg(feature = "torch")]
fn build_allocator(lib: &std::path::Path) {
    const SOURCE: &str = "src/torch/allocator.cpp";
    println!("cargo:rerun-if-changed={SOURCE}");
    println!("cargo:rerun-if-env-changed=LIBTORCH_INCLUDE");
    // As torch-sys looks for them: where the variable says, else beside the libraries.
    let home = std::env::var("LIBTORCH_INCLUDE").map_or_else(|_| lib.join(".."), Into::into);
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        // As headers of the system, of which the compiler's warnings are not ours.
        .flag(format!("-isystem{}", home.join("include").display()))
        .file(SOURCE)
        .compile("nasbot_allocator");
    println!("cargo:rustc-link-search=native={}", lib.display());
    println!("cargo:rustc-link-lib=c10");
}
