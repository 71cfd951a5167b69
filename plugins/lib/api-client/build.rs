//! Makes the first memory large enough for the operations that an import puts into it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        // The capacity (4 MiB), and what every guest has. It stands behind the flag that all guests are built with, and so wins.
        println!("cargo::rustc-link-arg-cdylib=--initial-memory=5767168");
    }
}
