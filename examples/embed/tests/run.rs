//! The example does what it says.

use std::{path::Path, process::Command};

#[test]
fn the_example_serves_calls_and_ends() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO_BIN_EXE_tandem-embed"))
        // The network of hosts has ports of its own, which other tests may use.
        .env("TANDEM_REACTOR__ENABLED", "false")
        // Compiled code is authenticated; the tests share it.
        .env("TANDEM_PLUGINS__COMPILED_DIRECTORY", root.join("target/test-compiled"))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    let loaded = out.lines().find_map(|line| line.strip_prefix("dataset_load: ")).unwrap();
    let loaded: serde_json::Value = serde_json::from_str(loaded).unwrap();
    assert_eq!(loaded["rows"].as_array().map(Vec::len), Some(1), "{loaded}");
    assert!(out.contains("MCP: http://127.0.0.1:"), "{out}");
}
