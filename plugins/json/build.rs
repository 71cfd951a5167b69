//! Raises the initial memory of the component, whose tables of time zones take more than the workspace's 1 MiB.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // After the flags of the workspace, so that this is the one that holds.
        println!("cargo:rustc-link-arg=--initial-memory=2097152");
        // Addresses in as few bytes as they need.
        println!("cargo:rustc-link-arg=--compress-relocations");
    }
}
