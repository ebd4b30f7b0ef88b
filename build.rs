//! Writes libtorch's place into the program, so that it finds its libraries by itself.

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let Ok(libtorch) = env::var("LIBTORCH") {
        // Beside the repository's own libtorch also by way of the program, so that a clone that
        // is moved still runs, and for a package beside `lib`.
        for path in ["$ORIGIN/../lib/deid-gateway", "$ORIGIN/../../.libtorch/torch/lib"] {
            println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{path}");
        }
        println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
    }
}
