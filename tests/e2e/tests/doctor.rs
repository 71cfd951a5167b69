//! `tandem doctor` tells a host that is well from one that is not, and by its exit code.

use std::path::Path;

use serde_json::Value;
use tandem_harness::{Options, binary, plugin};

async fn doctor(directory: &Path, more: &[&str]) -> anyhow::Result<(Option<i32>, Value)> {
    let command = tokio::process::Command::new(binary())
        .args(["doctor", "--json"])
        .args(more)
        .current_dir(directory)
        .env_remove("TANDEM_TOKEN")
        .output()
        .await?;
    let text = String::from_utf8_lossy(&command.stdout).into_owned();
    let said = serde_json::from_str(&text).map_err(|error| anyhow::anyhow!("{error}: {text}"))?;
    Ok((command.status.code(), said))
}

fn problems(said: &Value) -> Vec<&str> {
    let findings = said["findings"].as_array().expect("findings");
    findings.iter().filter(|finding| finding["state"] == "problem").filter_map(|f| f["about"].as_str()).collect()
}

#[tokio::test]
async fn the_doctor_sees_what_is_wrong_and_how_both_lanes_are() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.mesh().config("[p2p]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]").start().await?;
    let client = host.client("/mcp/full").await?;
    client.structured("add", serde_json::json!({"a": 1, "b": 2})).await?;
    let url = ["--url", &host.url];
    let (code, said) = doctor(host.directory.path(), &url).await?;
    assert_eq!((code, problems(&said), &said["ok"]), (Some(0), vec![], &Value::Bool(true)), "{said}");
    let lanes = said["runtime"]["lanes"].as_array().expect("lanes");
    let names: Vec<_> = lanes.iter().map(|lane| (lane["lane"].clone(), lane["state"].clone())).collect();
    assert_eq!(names, [("general".into(), "up".into()), ("reactor".into(), "up".into())]);
    assert!(lanes[0]["calls"].as_u64() >= Some(1) && lanes[0]["p99_us"].as_u64() > Some(0), "{lanes:?}");
    assert_eq!(said["runtime"]["network"]["up"], true, "{said}");
    assert_eq!(said["runtime"]["store"]["ok"], true, "{said}");

    // A file that is not a plugin is refused, and that is a problem with a remedy.
    std::fs::write(host.directory.path().join("plugins/broken.wasm"), std::fs::read(plugin("echo")?)?.split_at(99).0)?;
    for _ in 0..200 {
        let (code, said) = doctor(host.directory.path(), &url).await?;
        if code == Some(1) {
            assert_eq!(problems(&said), ["plugin broken.wasm"], "{said}");
            assert_eq!(said["ok"], false);
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("the broken plugin was not seen")
}

#[tokio::test]
async fn a_host_that_does_not_run_or_is_not_configured_right_is_a_problem() -> anyhow::Result<()> {
    let directory = tempfile::TempDir::new()?;
    std::fs::create_dir(directory.path().join("plugins"))?;
    std::fs::write(directory.path().join("tandem.toml"), "")?;
    let (code, said) = doctor(directory.path(), &["--url", "http://127.0.0.1:9"]).await?;
    assert_eq!((code, problems(&said)), (Some(1), vec!["host"]), "{said}");
    let (code, said) = doctor(directory.path(), &["--set", "server.prot=9"]).await?;
    assert_eq!((code, problems(&said)), (Some(1), vec!["configuration"]), "{said}");
    Ok(())
}

#[tokio::test]
async fn records_from_the_future_are_a_problem_of_the_clock() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let db = rusqlite::Connection::open(host.directory.path().join("data/tandem.db"))?;
    db.execute_batch(
        "DROP TRIGGER audit_is_not_changed;
         UPDATE audit SET time = time + 34560000000 WHERE sequence = (SELECT max(sequence) FROM audit)",
    )?;
    let (code, said) = doctor(host.directory.path(), &["--url", &host.url]).await?;
    assert_eq!((code, problems(&said)), (Some(1), vec!["clock"]), "{said}");
    assert!(said.to_string().contains("of the audit log was written"), "{said}");
    Ok(())
}
