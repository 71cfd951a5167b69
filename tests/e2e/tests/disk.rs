//! What a guest does with the disk: quotas, special files, races.

use std::{os::unix::fs::symlink, path::Path, time::Duration};

use serde_json::json;
use tandem_harness::{Client, Host, Options, text};

async fn host(more: &str) -> anyhow::Result<(Host, Client)> {
    let grant = format!("[grants.reader]\nfs.data = {{ path = \"{{home}}/files\", mode = \"read-write\"{more} }}\n");
    let host = Options::with(&["reader"])?.config(&grant).start().await?;
    let client = host.client("/mcp/full").await?;
    Ok((host, client))
}

async fn write(client: &Client, path: &str, bytes: usize) -> anyhow::Result<Result<(), String>> {
    let result = client.call("write_file", json!({"path": path, "text": "x".repeat(bytes)})).await?;
    Ok(if result.is_error == Some(true) { Err(text(&result)) } else { Ok(()) })
}

#[tokio::test]
async fn a_directory_holds_so_many_bytes_and_room_comes_back() -> anyhow::Result<()> {
    let (host, client) = host(", max-bytes = \"64KiB\"").await?;
    std::fs::write(host.directory.path().join("files/there"), [0; 40 << 10])?;
    assert!(write(&client, "/data/a", 10 << 10).await?.is_ok());
    assert!(write(&client, "/data/b", 30 << 10).await?.is_err(), "it is over the quota");
    crate::policy::recorded(&host, "quota of data").await?;
    let held: u64 = std::fs::read_dir(host.directory.path().join("files"))?
        .map(|entry| entry.and_then(|entry| entry.metadata()).map(|metadata| metadata.len()))
        .sum::<Result<_, _>>()?;
    assert!(held <= 64 << 10, "{held} bytes are there");
    std::fs::remove_file(host.directory.path().join("files/there"))?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(write(&client, "/data/b", 30 << 10).await?, Ok(()), "what was freed is found");
    Ok(())
}

#[tokio::test]
async fn no_depth_of_directories_escapes_the_quota() -> anyhow::Result<()> {
    let (host, client) = host(", max-bytes = \"64KiB\"").await?;
    let made = client.structured("nest", json!({"path": "/data", "levels": 100})).await?;
    assert!(made.to_string().contains("64"), "{made}");
    crate::policy::recorded(&host, "deeper than 64 levels").await?;
    // What cannot be made there can be moved there: then the directory is full.
    assert_eq!(write(&client, "/data/d/d/f", 40 << 10).await?, Ok(()));
    let made = client.structured("nest", json!({"path": "/data/d/d", "levels": 1})).await;
    assert!(made.is_ok(), "{made:?}");
    std::fs::create_dir(host.directory.path().join("files/e"))?;
    client.structured("nest", json!({"path": "/data/e", "levels": 40})).await?;
    let deep = format!("/data{}/e", "/d".repeat(40));
    let moved = client.call("move_to", json!({"from": "/data/e", "to": deep})).await?;
    assert_ne!(moved.is_error, Some(true), "{moved:?}");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(write(&client, "/data/g", 30 << 10).await?.is_err());
    host.logged("nested deeper than 64 levels").await?;
    std::fs::remove_dir_all(host.directory.path().join("files/d/d/d"))?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(write(&client, "/data/g", 10 << 10).await?, Ok(()), "it comes back when that is gone");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_open_without_a_name_takes_its_room() -> anyhow::Result<()> {
    let (_host, client) = host(", max-bytes = \"64KiB\"").await?;
    let held = client.structured("hold_unlinked", json!({"path": "/data/a", "bytes": 40 << 10, "times": 4})).await?;
    let held = held.as_u64().or_else(|| held["result"].as_u64()).unwrap_or(u64::MAX);
    assert!((40 << 10..=64 << 10).contains(&held), "{held} bytes are held");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(write(&client, "/data/b", 60 << 10).await?, Ok(()), "what the call held is free again");
    Ok(())
}

#[tokio::test]
async fn a_directory_holds_so_many_entries() -> anyhow::Result<()> {
    let (host, client) = host(", max-files = 5").await?;
    let mut made = 0;
    for i in 0..20 {
        made += usize::from(write(&client, &format!("/data/{i}"), 1).await?.is_ok());
    }
    assert_eq!(made, 5);
    assert_eq!(std::fs::read_dir(host.directory.path().join("files"))?.count(), 5);
    Ok(())
}

#[tokio::test]
async fn a_fifo_is_refused_at_once() -> anyhow::Result<()> {
    let (host, client) = host("").await?;
    let fifo = host.directory.path().join("files/fifo");
    assert!(tokio::process::Command::new("mkfifo").arg(&fifo).status().await?.success());
    let read = client.call("read_file", json!({"path": "/data/fifo"}));
    let result = tokio::time::timeout(Duration::from_secs(60), read).await.expect("no thread waits for a writer")?;
    assert_eq!(result.is_error, Some(true), "{result:?}");
    Ok(())
}

#[tokio::test]
async fn a_symlink_that_is_exchanged_all_the_time_never_leads_out() -> anyhow::Result<()> {
    let (host, client) = host("").await?;
    let home = host.directory.path().to_owned();
    std::fs::write(home.join("outside"), "outside")?;
    std::fs::write(home.join("files/inside"), "inside")?;
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let swapping = std::thread::spawn({
        let (done, link) = (done.clone(), home.join("files/link"));
        move || {
            let swap = |to: &Path| {
                let next = link.with_extension("next");
                let _made = symlink(to, &next).and_then(|()| std::fs::rename(&next, &link));
            };
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                swap(Path::new("inside"));
                swap(Path::new("../outside"));
                swap(&home.join("outside"));
            }
        }
    });
    let mut inside = 0;
    for _ in 0..300 {
        let result = client.call("read_file", json!({"path": "/data/link"})).await?;
        assert!(!text(&result).contains("outside") || result.is_error == Some(true), "{result:?}");
        inside += usize::from(text(&result) == "inside");
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    swapping.join().expect("it swaps");
    assert!(inside > 0, "the link inside was followed sometimes");
    Ok(())
}

#[tokio::test]
async fn each_tenant_may_have_a_directory_of_its_own() -> anyhow::Result<()> {
    let grant = "[grants.reader]\nfs.data = { path = \"{home}/files/{tenant}\", mode = \"read-write\" }\n";
    let host = crate::tenants::host(&["reader"], "", grant).await?;
    let (good, bad) = crate::tenants::both(&host).await?;
    assert_eq!(write(&good, "/data/a", 3).await?, Ok(()));
    assert_eq!(std::fs::read_to_string(host.directory.path().join("files/good/a"))?, "xxx");
    for path in ["/data/a", "/data/../good/a", "/data/../../files/good/a", "/good/a"] {
        let result = bad.call("read_file", json!({"path": path})).await?;
        assert_eq!(result.is_error, Some(true), "{path}: {result:?}");
    }
    assert_eq!(write(&bad, "/data/a", 1).await?, Ok(()));
    assert_eq!(text(&good.call("read_file", json!({"path": "/data/a"})).await?), "xxx");
    Ok(())
}

#[tokio::test]
async fn a_directory_that_is_taken_away_is_gone_for_files_that_are_open() -> anyhow::Result<()> {
    for (tool, file) in [("write_on_and_on", "written"), ("read_on_and_on", "long")] {
        let (host, client) = host("").await?;
        let files = host.directory.path().join("files");
        std::fs::write(files.join("long"), [0; 4096])?;
        let path = format!("/data/{file}");
        let running = tokio::spawn(async move { client.call(tool, json!({"path": path})).await });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!running.is_finished(), "{tool} goes on and on");
        let revoked = crate::policy::tandem(host.directory.path(), &["grants", "revoke", "reader", "fs"]).await?;
        assert!(revoked.status.success(), "{revoked:?}");
        let size = || std::fs::metadata(files.join(file)).map(|metadata| metadata.len());
        let ended = running.await??;
        assert!(text(&ended).contains("not permitted") || text(&ended).contains("os error"), "{tool}: {ended:?}");
        let left = size()?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(size()?, left, "nothing is written any more");
        crate::policy::recorded(&host, "\"denied\": Array [Object {\"capability\": String(\"fs\")").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_directory_that_is_taken_away_is_gone_at_the_next_call() -> anyhow::Result<()> {
    let (host, client) = host("").await?;
    assert_eq!(write(&client, "/data/a", 3).await?, Ok(()));
    let revoked = crate::policy::tandem(host.directory.path(), &["grants", "revoke", "reader", "fs", "data"]).await?;
    assert!(revoked.status.success(), "{revoked:?}");
    assert!(write(&client, "/data/b", 3).await?.is_err());
    assert!(!host.directory.path().join("files/b").exists());
    Ok(())
}
