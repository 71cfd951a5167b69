//! Folders: listed, made, and named in errors that agree with each other.

use crate::space::Space;
use serde_json::json;
use tandem_plugin_dataset::{Error, reader::ReadOptions};

#[test]
fn a_folder_is_listed_with_sizes_and_formats() {
    let space = Space::with("b.csv", "a\n1\n");
    space.put("a.parquet", "x");
    space.put(".hidden", "x");
    space.put("notes", "xyz");
    std::fs::create_dir(space.at("sub")).unwrap();
    std::os::unix::fs::symlink("/nowhere", space.at("broken")).unwrap();
    for path in ["data", "data/", "/data", "./data/"] {
        let listing = serde_json::to_value(space.call().list(Some(path)).unwrap()).unwrap();
        let entries = json!([
            { "path": "data/a.parquet", "folder": false, "bytes": 1, "format": "parquet" },
            { "path": "data/b.csv", "folder": false, "bytes": 4, "format": "csv" },
            { "path": "data/notes", "folder": false, "bytes": 3 },
            { "path": "data/sub", "folder": true },
        ]);
        assert_eq!(listing, json!({ "entries": entries, "truncated": false }), "{path}");
        let schema = serde_json::to_value(space.call().schema(path, ReadOptions::default()).unwrap()).unwrap();
        assert_eq!(schema["files"], entries, "{path}");
    }
    for path in [None, Some(""), Some("/"), Some(".")] {
        let listing = space.call().list(path).unwrap();
        assert_eq!(listing.entries.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["data"]);
    }
    for _ in 0..501 {
        space
            .put(&format!("sub/{}.csv", space.names().len() + std::fs::read_dir(space.at("sub")).unwrap().count()), "");
    }
    let long = space.call().list(Some("data/sub")).unwrap();
    assert_eq!((long.entries.len(), long.truncated), (500, true));
}

#[test]
fn what_is_no_folder_or_no_file_is_told_so() {
    let space = Space::with("b.csv", "a\n1\n");
    let error = space.load("data/").unwrap_err().to_string();
    assert!(error.contains("`data` is a folder") || error.contains("`data/` is a folder"), "{error}");
    assert!(error.contains("data/b.csv") && error.contains("dataset_list"), "{error}");
    assert!(space.call().list(Some("data/b.csv")).unwrap_err().to_string().contains("is a file and no folder"));
    assert!(matches!(space.call().list(Some("data/none")), Err(Error::NotFound(_))));
    for outside in ["other", "data/..", "../etc", "/etc"] {
        assert!(matches!(space.call().list(Some(outside)), Err(Error::Denied(_))), "{outside}");
    }
}

#[test]
fn folders_are_made_for_a_new_file() {
    let space = Space::with("b.csv", "a\n1\n");
    space.convert("data/b.csv", "data/out/2024/b.jsonl").unwrap();
    assert_eq!(space.text("out/2024/b.jsonl"), "{\"a\":1}\n");
    let below = space.convert("data/b.csv", "data/b.csv/c.jsonl").unwrap_err().to_string();
    assert!(below.contains("below a file"), "{below}");
    let deep = format!("data/{}b.jsonl", "x/".repeat(9));
    assert!(space.convert("data/b.csv", &deep).unwrap_err().to_string().contains("more than 8 new folders"));
    assert_eq!(space.names(), ["b.csv", "out"], "nothing is left of what failed");
}
