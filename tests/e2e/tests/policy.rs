//! What an operator decides and can prove: the audit log, grants at run time, API keys.

use std::{path::Path, process::Output};

use serde_json::{Value, json};
use sha2::Digest as _;
use tandem_harness::{Host, Options, binary, root};

/// Runs the command line in a directory with the tests' trust roots.
pub(crate) async fn tandem(home: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let command = tokio::process::Command::new(binary())
        .args(arguments)
        .current_dir(home)
        .env("TANDEM_PLUGINS__TRUST_ROOTS", root().join("keys/*.pub"))
        // Configurations of the tests' network name it.
        .env("TEST_SWARM_KEY", tandem_harness::swarm_key())
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    Ok(command.await?)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The audit log, oldest first.
pub(crate) async fn records(host: &Host) -> anyhow::Result<Vec<Value>> {
    let exported = tandem(host.directory.path(), &["audit", "export"]).await?;
    let lines = String::from_utf8(exported.stdout)?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Waits until the log says something: a call is answered a moment before its record is on disk.
pub(crate) async fn recorded(host: &Host, text: &str) -> anyhow::Result<()> {
    for _ in 0..50 {
        if format!("{:?}", records(host).await?).contains(text) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("`{text}` was not recorded: {:?}", records(host).await?)
}

/// Has a host read its configuration again; what it says of that.
pub(crate) async fn read_again(host: &Host) -> anyhow::Result<String> {
    let before = host.log().len();
    host.signal("HUP").await?;
    for _ in 0..400 {
        let log = host.log();
        let told =
            log.iter().skip(before).map(ToString::to_string).find(|line| line.contains("configuration reload: "));
        if let Some(line) = told {
            return Ok(line);
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    anyhow::bail!("it did not read its configuration again: {:?}", host.log())
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

/// What a call is refused with; none when it is answered.
async fn refusal(host: &Host, tool: &str, arguments: Value) -> anyhow::Result<Option<String>> {
    let client = host.client("/mcp/full").await?;
    let result = client.call(tool, arguments).await?;
    Ok((result.is_error == Some(true)).then(|| format!("{} {:?}", tandem_harness::text(&result), result.meta)))
}

async fn kv(host: &Host) -> anyhow::Result<Option<String>> {
    refusal(host, "kv_set", json!({"key": "k", "value": "v"})).await
}

async fn right(host: &Host, arguments: &[&str]) -> anyhow::Result<String> {
    let output = tandem(host.directory.path(), arguments).await?;
    anyhow::ensure!(output.status.success(), "{}", said(&output));
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn a_revoked_capability_is_denied_at_once_and_over_restarts_until_it_is_granted() -> anyhow::Result<()> {
    let host = Options::with(&["kv-user"])?.start().await?;
    assert_eq!(kv(&host).await?, None);
    let shown = right(&host, &["grants", "revoke", "kv-user", "kv"]).await?;
    assert!(shown.contains("kv") && shown.contains("revoked at run time"), "{shown}");
    let refused = kv(&host).await?.expect("it must be refused");
    assert!(refused.contains("denied") || refused.contains("not granted"), "{refused}");
    let host = host.crash_and_restart().await?;
    assert!(kv(&host).await?.is_some(), "the revocation survives");
    right(&host, &["grants", "grant", "kv-user", "kv"]).await?;
    assert_eq!(kv(&host).await?, None);
    right(&host, &["grants", "revoke", "kv-user", "kv", "--tenant", "default"]).await?;
    assert!(kv(&host).await?.is_some(), "for this tenant");
    right(&host, &["grants", "clear", "kv-user", "--tenant", "default"]).await?;
    assert_eq!(kv(&host).await?, None);
    let changes: Vec<String> = records(&host)
        .await?
        .iter()
        .filter(|row| row["body"]["event"] == "grant.changed")
        .map(|row| row["body"].to_string())
        .collect();
    assert_eq!(changes.len(), 4, "{changes:?}");
    assert!(changes[0].contains("-kv") && changes[0].contains("uid:"), "{changes:?}");
    assert!(right(&host, &["audit", "verify"]).await?.contains(": intact"));
    Ok(())
}

#[tokio::test]
async fn a_capability_that_is_revoked_while_a_call_runs_is_gone_for_its_next_use() -> anyhow::Result<()> {
    let host = Options::with(&["kv-user"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let running = tokio::spawn(async move { client.call("kv_set_on_and_on", json!({"key": "k"})).await });
    let written = async {
        while refusal(&host, "kv_get", json!({"key": "k"})).await?.is_some() || !has(&host, "k").await? {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(4), written).await??;
    assert!(!running.is_finished(), "it writes on and on");
    right(&host, &["grants", "revoke", "kv-user", "kv"]).await?;
    let ended = running.await??;
    assert!(tandem_harness::text(&ended).contains("`kv` is not granted"), "denied, not timed out: {ended:?}");
    recorded(&host, "kv_set_on_and_on").await?;
    let rows = records(&host).await?;
    let call = rows.iter().map(|row| &row["body"]).find(|body| body["tool"] == "kv_set_on_and_on");
    let call = call.expect("it is recorded");
    assert!(call["used"] == json!(["kv"]) && call["denied"][0]["capability"] == "kv", "both in one call: {call}");
    Ok(())
}

/// Whether the store has a key.
async fn has(host: &Host, key: &str) -> anyhow::Result<bool> {
    let client = host.client("/mcp/full").await?;
    Ok(!client.structured("kv_get", json!({"key": key})).await?["result"].is_null())
}

#[tokio::test]
async fn a_hang_up_exchanges_grants_and_a_wrong_file_changes_nothing() -> anyhow::Result<()> {
    let hash = |key: &str| hex::encode(sha2::Sha256::digest(key));
    let tenant = |name: &str, more: &str| format!("[tenants.{name}]\nkeys = ['${{file:{{home}}/{name}}}']\n{more}\n");
    let file = |grants: &str, bad: &str| format!("{grants}\n{}{}", tenant("good", ""), tenant("bad", bad));
    let host = Options::with(&["kv-user"])?.config(&file("", "")).write("good", &hash("good"));
    let host = host.write("bad", &hash("bad")).start().await?;
    let path = host.directory.path().join("tandem.toml");
    let may = async |tenant: &str| {
        let client = host.client_as("/mcp/full", tenant).await?;
        anyhow::Ok(client.call("kv_set", json!({"key": "k", "value": "v"})).await?.is_error != Some(true))
    };
    let hang_up = async |text: String, answer: &str| {
        std::fs::write(&path, text.replace("{home}", &host.directory.path().display().to_string()))?;
        let line = read_again(&host).await?;
        anyhow::ensure!(line.contains(answer), "{line}");
        anyhow::Ok(line)
    };
    assert!(may("good").await? && may("bad").await?);
    hang_up(file("", "grants.kv-user.kv = false"), "exchanged").await?;
    assert!(may("good").await? && !may("bad").await?, "the tenant's grants count at once");
    hang_up(file("grants.kv-user.kv = false", ""), "exchanged").await?;
    assert!(!may("good").await? && !may("bad").await?, "and the operator's");
    let said = hang_up(file("grants.kv-user.kv = 'always'", ""), "the old one stays").await?;
    assert!(said.contains("grants.kv-user.kv"), "{said}");
    assert!(!may("good").await?, "nothing changed");
    hang_up(file("", "grants.kv-user.kv = false"), "exchanged").await?;
    assert!(may("good").await? && !may("bad").await?);
    recorded(&host, "configuration.reloaded").await?;
    let reloads = records(&host).await?.iter().filter(|row| row["body"]["event"] == "configuration.reloaded").count();
    assert_eq!(reloads, 3, "one for each exchange, none for the refusal");
    Ok(())
}

#[tokio::test]
async fn a_reload_whose_grants_cannot_be_provided_changes_nothing() -> anyhow::Result<()> {
    let data = |path: &str| format!("grants.reader.fs.data = {{ path = \"{path}\", mode = \"read-write\" }}");
    let host = Options::with(&["reader"])?.config(&data("{home}/files")).start().await?;
    std::fs::write(host.directory.path().join("files/a.txt"), "inside")?;
    let read = || refusal(&host, "read_file", json!({"path": "/data/a.txt"}));
    assert_eq!(read().await?, None);
    std::fs::write(host.directory.path().join("tandem.toml"), data("/no/such/place"))?;
    host.signal("HUP").await?;
    let said = host.logged("the old one stays").await?.to_string();
    assert!(said.contains("plugin `reader`") && said.contains("/no/such/place does not exist"), "{said}");
    assert_eq!(read().await?, None, "it still has what it had");
    std::fs::write(host.directory.path().join("tandem.toml"), "")?;
    host.signal("HUP").await?;
    host.logged("tenants and keys unchanged").await?;
    assert!(read().await?.is_some(), "also where nobody authenticates");
    Ok(())
}

#[tokio::test]
async fn grants_are_shown_and_a_change_beside_the_host_is_seen_by_it() -> anyhow::Result<()> {
    let host = Options::with(&["reader"])?.start().await?;
    let read = || refusal(&host, "read_file", json!({"path": "/data/a.txt"}));
    std::fs::write(host.directory.path().join("files/a.txt"), "inside")?;
    assert!(read().await?.is_some());
    let files = host.directory.path().join("files").display().to_string();
    let missing = tandem(host.directory.path(), &["grants", "grant", "reader", "fs.data=/no/such/place"]).await?;
    assert!(!missing.status.success() && said(&missing).contains("does not exist"), "{}", said(&missing));
    right(&host, &["grants", "grant", "reader", &format!("fs.data={files}:rw")]).await?;
    assert_eq!(read().await?, None);
    let shown: Value = serde_json::from_str(&right(&host, &["grants", "reader", "--json"]).await?)?;
    assert_eq!(shown[0]["changed"], json!(["+fs.data"]), "{shown}");
    // Without the door the command works on the store; a host that runs sees it a moment later.
    std::fs::remove_file(host.directory.path().join("data/run/admin.sock"))?;
    let revoked = right(&host, &["grants", "revoke", "reader", "fs"]).await?;
    assert!(revoked.contains("revoked at run time"), "{revoked}");
    let seen = async {
        while read().await?.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), seen).await??;
    assert!(right(&host, &["audit", "verify"]).await?.contains(": intact"));
    Ok(())
}

#[tokio::test]
async fn a_secret_reaches_the_host_without_the_command_line_and_is_never_shown() -> anyhow::Result<()> {
    let host = Options::with(&["kv-user"])?.start().await?;
    let home = host.directory.path();
    let on_the_line = tandem(home, &["grants", "grant", "kv-user", "secrets.token=hunter2"]).await?;
    assert!(!on_the_line.status.success() && !said(&on_the_line).contains("hunter2"), "{}", said(&on_the_line));
    std::fs::write(home.join("token"), "hunter2\n")?;
    let shown = right(&host, &["grants", "grant", "kv-user", "secrets.token=@token", "--json"]).await?;
    let everything = format!("{shown} {:?} {:?}", host.log(), records(&host).await?);
    assert!(everything.contains("+secrets.token") && !everything.contains("hunter2"), "{everything}");
    Ok(())
}

#[tokio::test]
async fn the_operators_door_is_for_its_own_user() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let host = Options::with(&[])?.start().await?;
    let run = host.directory.path().join("data/run");
    let mode = |path: &Path| std::fs::metadata(path).map(|meta| meta.permissions().mode() & 0o777);
    assert_eq!((mode(&run)?, mode(&run.join("admin.sock"))?), (0o700, 0o600));
    assert_eq!(mode(&host.directory.path().join("data/tandem.db"))?, 0o600);
    assert!(host.stop().await?);
    Ok(())
}

#[tokio::test]
async fn keys_are_shown_once_and_kept_as_hashes() -> anyhow::Result<()> {
    let host = Options::with(&[])?.start().await?;
    let key = right(&host, &["keys", "issue", "--name", "ci", "--expires", "90d"]).await?;
    let key = key.trim();
    assert!(key.starts_with("tdm_") && key.len() == 47, "{key}");
    let listed = right(&host, &["keys", "list"]).await?;
    assert!(listed.contains("ci") && listed.contains(&key[..12]) && !listed.contains(key), "{listed}");
    let again = tandem(host.directory.path(), &["keys", "issue", "--name", "ci"]).await?;
    assert!(!again.status.success() && said(&again).contains("already"), "{}", said(&again));
    let nobody = tandem(host.directory.path(), &["keys", "issue", "--name", "x", "--tenant", "nobody"]).await?;
    assert!(!nobody.status.success() && said(&nobody).contains("[tenants.nobody]"), "{}", said(&nobody));
    for file in std::fs::read_dir(host.directory.path().join("data"))? {
        let path = file?.path();
        let bytes = if path.is_file() { std::fs::read(&path)? } else { Vec::new() };
        assert!(!bytes.windows(key.len()).any(|window| window == key.as_bytes()), "{} holds the key", path.display());
    }
    let host = host.crash_and_restart().await?;
    right(&host, &["keys", "revoke", "ci"]).await?;
    assert!(!right(&host, &["keys", "list"]).await?.contains("ci"));
    let events: Vec<_> = records(&host).await?.into_iter().map(|row| row["body"]["event"].clone()).collect();
    assert!(events.contains(&json!("key.issued")) && events.contains(&json!("key.revoked")), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn grants_that_nothing_has_are_told_wherever_they_are_made() -> anyhow::Result<()> {
    let config = "[grants.kv-usr]\nkv = true\n[grants.kv-user]\nfs.data = \"/nonexistent\"\nhttp = [\"example.com\"]\n";
    let host = Options::with(&["kv-user"])?.config(config).start().await?;
    let told = [
        "grants.kv-usr: no plugin of this name is loaded, so nothing has these grants; did you mean `kv-user`?",
        "grants.kv-user.fs.data: the directory /nonexistent does not exist",
        "grants.kv-user.fs.data: `kv-user` does not request it",
        "grants.kv-user.http.example.com: `kv-user` does not request it",
    ];
    for told in told {
        host.logged(told).await?;
    }
    let checked = tandem(host.directory.path(), &["config", "check"]).await?;
    assert!(checked.status.success(), "{}", said(&checked));
    for told in told {
        let told = told.replace("is loaded", &format!("is in {}", host.directory.path().join("plugins").display()));
        assert!(said(&checked).contains(&told), "{told}: {}", said(&checked));
    }
    let granted = tandem(host.directory.path(), &["grants", "grant", "kv-usre", "kv"]).await?;
    assert!(said(&granted).contains("no plugin `kv-usre` is loaded") && said(&granted).contains("`kv-user`?"));
    let granted = tandem(host.directory.path(), &["grants", "grant", "kv-user", "http=example.com", "kv"]).await?;
    assert!(granted.status.success());
    let text = said(&granted);
    assert!(text.contains("does not request http.example.com: this grant has no effect"), "{text}");
    assert_eq!(text.matches("has no effect").count(), 1, "{text}");
    Ok(())
}
