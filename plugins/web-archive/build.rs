//! How the component is linked: the tables of character encodings need more memory at the start than other plugins have.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=--initial-memory=1310720");
        // Addresses in as few bytes as they need.
        println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
    }
}
