//! Writes libtorch's place into the program, so that it finds its libraries by itself.

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if env::var_os("CARGO_CFG_FUZZING").is_some() {
        // Cargo builds the program beside the fuzz targets, which alone have the engine to link with.
        println!("cargo:rustc-link-arg-bins=-Wl,--unresolved-symbols=ignore-all");
    }
    if let Ok(libtorch) = env::var("LIBTORCH") {
        // Beside the repository's own libtorch also by way of the program, so that a clone that
        // is moved still runs, and for a package beside `lib`.
        for path in ["$ORIGIN/../lib/deid-gateway", "$ORIGIN/../../.libtorch/torch/lib"] {
            println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{path}");
        }
        println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
    }
}
