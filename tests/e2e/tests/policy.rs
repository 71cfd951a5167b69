//! What an operator decides and can prove: the audit log, grants at run time, API keys.

use std::{path::Path, process::Output};

use serde_json::{Value, json};
use tandem_harness::{Host, Options, binary, root};

/// Runs the command line in a directory with the tests' trust roots.
pub(crate) async fn tandem(home: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let command = tokio::process::Command::new(binary())
        .args(arguments)
        .current_dir(home)
        .env("TANDEM_PLUGINS__TRUST_ROOTS", root().join("keys/*.pub"))
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    Ok(command.await?)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The audit log, oldest first.
async fn records(host: &Host) -> anyhow::Result<Vec<Value>> {
    let exported = tandem(host.directory.path(), &["audit", "export"]).await?;
    let lines = String::from_utf8(exported.stdout)?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn the_audit_log_verifies_over_a_crash_and_not_after_a_change() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let host = host.crash_and_restart().await?;
    let home = host.directory.path().to_owned();
    let loaded = records(&host).await?.iter().filter(|row| row["body"]["event"] == "plugin.loaded").count();
    assert_eq!(loaded, 2, "one for each start");
    let verified = tandem(&home, &["audit", "verify", "--json"]).await?;
    assert!(verified.status.success(), "{}", said(&verified));
    let head: Value = serde_json::from_slice(&verified.stdout)?;
    let seen = format!("{}:{}", head["to"], head["head"].as_str().expect("a hash"));
    let again = tandem(&home, &["audit", "verify", "--seen", &seen]).await?;
    assert!(again.status.success(), "{}", said(&again));
    let changed = rusqlite::Connection::open(home.join("data/tandem.db"))?;
    assert!(changed.execute("DELETE FROM audit", []).is_err(), "the database itself refuses");
    changed.execute_batch(
        "DROP TRIGGER audit_is_not_changed; UPDATE audit SET body = replace(body, 'echo', 'ohce') WHERE sequence = 1",
    )?;
    let broken = tandem(&home, &["audit", "verify"]).await?;
    assert_eq!(broken.status.code(), Some(1));
    assert!(said(&broken).contains("record 1: it was changed"), "{}", said(&broken));
    let client = host.client("/mcp/full").await?;
    client.structured("add", json!({"a": 1, "b": 1})).await?;
    Ok(())
}
