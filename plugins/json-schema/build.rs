//! How the component is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // Addresses in as few bytes as they need.
        println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
    }
}
