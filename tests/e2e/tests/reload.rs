//! Plugins are replaced while the host serves.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt as _;
use rmcp::service::ServiceError;
use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, called, plugin, replace, variant, variant_bytes};

use crate::policy::{recorded, tandem};

pub(crate) fn file(host: &Host, name: &str) -> PathBuf {
    host.directory.path().join("plugins").join(name)
}

/// Runs a command of the operator and reads the JSON that it prints.
pub(crate) async fn operator(home: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
    let output = tandem(home, &[arguments, &["--json"]].concat()).await?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What `tandem plugin list` says of a file.
async fn listed(host: &Host, name: &str) -> anyhow::Result<Value> {
    let all = operator(host.directory.path(), &["list"]).await?;
    let found = all.as_array().and_then(|all| all.iter().find(|line| line["file"] == name).cloned());
    Ok(found.unwrap_or_default())
}

/// Waits until something of a file in `tandem plugin list` is so.
pub(crate) async fn until(host: &Host, name: &str, so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let mut last = Value::Null;
    for _ in 0..600 {
        last = listed(host, name).await?;
        if so(&last) {
            return Ok(last);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("{name} did not come to be so: {last}")
}

async fn adds(client: &Client) -> bool {
    client.structured("add", json!({"a": 1, "b": 2})).await.is_ok_and(|sum| sum["sum"] == 3.0)
}

#[tokio::test]
async fn files_that_come_change_and_go_are_taken_over() -> anyhow::Result<()> {
    let host = Options::with(&["progress"])?.start().await?;
    let client = host.client("/mcp/full").await?;
    assert!(!adds(&client).await);
    replace(&file(&host, "echo.wasm"), &std::fs::read(plugin("echo")?)?)?;
    until(&host, "echo.wasm", |line| line["version"] == "0.1.0").await?;
    assert!(adds(&client).await, "a new file is loaded");
    variant("echo", &file(&host, "echo.wasm"), called("echo", "0.2.0"))?;
    let line = until(&host, "echo.wasm", |line| line["version"] == "0.2.0").await?;
    assert!(line["state"] == "serving" && line["tools"] == 5 && line["error"].is_null(), "{line}");
    assert!(adds(&client).await, "a changed file replaces the old one");
    std::fs::rename(file(&host, "echo.wasm"), file(&host, "renamed.wasm"))?;
    until(&host, "renamed.wasm", |line| line["version"] == "0.2.0").await?;
    assert!(adds(&client).await, "a file may have another name");
    std::fs::remove_file(file(&host, "renamed.wasm"))?;
    until(&host, "renamed.wasm", Value::is_null).await?;
    assert!(!adds(&client).await, "a file that is gone is unloaded");
    for event in ["plugin.reloaded", "plugin.unloaded"] {
        recorded(&host, event).await?;
    }
    let metrics = reqwest::get(format!("{}/metrics", host.url)).await?.text().await?;
    for result in ["loaded", "replaced", "unloaded"] {
        let name = format!("tandem_reloads_total{{category=\"echo\",result=\"{result}\"}}");
        assert!(metrics.contains(&name), "{name}: {metrics}");
    }
    Ok(())
}

#[tokio::test]
async fn a_broken_candidate_leaves_the_old_one_serving_and_says_why() -> anyhow::Result<()> {
    let host = Options::with(&["echo", "progress"])?.start().await?;
    let client = host.client("/mcp/full").await?;
    let good = std::fs::read(plugin("echo")?)?;
    let lies = variant_bytes("echo", |manifest, descriptors| {
        manifest.plugin.version = "0.2.0".parse().expect("a version");
        descriptors.tools[0].description = "Something else.".to_owned();
    })?;
    let collides = variant_bytes("progress", called("echo", "0.3.0"))?;
    let cases: [(&[u8], &str); 4] = [
        (&good[..good.len() / 2], "section"),
        (&lies, "does not offer what its descriptors say"),
        (&collides, "is already taken by plugin `progress`; rename it with `plugins.prefixes`"),
        (&variant_bytes("checker", called("echo", "0.4.0"))?, "its check failed"),
    ];
    for (bytes, why) in cases {
        replace(&file(&host, "echo.wasm"), bytes)?;
        let refused = |line: &Value| line["error"]["reason"].as_str().is_some_and(|reason| reason.contains(why));
        let line = until(&host, "echo.wasm", refused).await?;
        assert!(line["version"] == "0.1.0" && line["state"] == "serving", "{line}");
        assert!(adds(&client).await, "the old one serves: {why}");
        recorded(&host, why).await?;
    }
    let health: Value = reqwest::get(format!("{}/health/runtime", host.url)).await?.json().await?;
    let line = health["plugins"].as_array().and_then(|all| all.iter().find(|line| line["file"] == "echo.wasm"));
    assert!(line.is_some_and(|line| line.to_string().contains("its check failed")), "{health}");
    let metrics = reqwest::get(format!("{}/metrics", host.url)).await?.text().await?;
    assert!(metrics.contains("tandem_reloads_total{category=\"echo\",result=\"refused\"} 4"), "{metrics}");
    replace(&file(&host, "echo.wasm"), &good)?;
    let line = until(&host, "echo.wasm", |line| line["error"].is_null()).await?;
    assert_eq!(line["version"], "0.1.0", "the file of the version that serves was put back");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_being_written_is_not_looked_at() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let bytes = variant_bytes("echo", called("echo", "0.2.0"))?;
    let mut written = std::fs::File::create(file(&host, "echo.wasm"))?;
    for part in bytes.chunks(bytes.len() / 25) {
        std::io::Write::write_all(&mut written, part)?;
        // Each shorter than the time for which a file must rest.
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(adds(&client).await, "the old one serves, whatever is there meanwhile");
    }
    drop(written);
    until(&host, "echo.wasm", |line| line["version"] == "0.2.0").await?;
    assert!(adds(&client).await);
    Ok(())
}

#[tokio::test]
async fn a_running_call_ends_on_the_version_that_it_began_with() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.config("[plugins]\ndrain = '1s'\nwatch = false").start().await?;
    let client = Arc::new(host.client("/mcp/full").await?);
    let sleeps = |ms: u32| {
        let client = client.clone();
        tokio::spawn(async move { client.call("sleep_ms", json!({"ms": ms})).await })
    };
    let (short, long) = (sleeps(700), sleeps(8_000));
    tokio::time::sleep(Duration::from_millis(200)).await;
    variant("echo", &file(&host, "echo.wasm"), called("echo", "0.2.0"))?;
    let shown = operator(host.directory.path(), &["reload", "echo"]).await?;
    assert!(shown[0]["version"] == "0.2.0" && shown[0]["draining"] == 1, "{shown}");
    assert_ne!(short.await??.is_error, Some(true), "it ends as it would have");
    let ended = long.await??;
    assert!(tandem_harness::text(&ended).contains("another version of `echo` took its place"), "{ended:?}");
    until(&host, "echo.wasm", |line| line["draining"] == 0).await?;
    Ok(())
}

#[tokio::test]
async fn a_tool_that_vanished_names_what_replaced_it_and_clients_of_both_eras_are_told() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    assert!(adds(&client).await);
    let mut stream = listen(&host).await?;
    assert_eq!(next(&mut stream).await?["method"], "notifications/subscriptions/acknowledged");
    let new = |manifest: &mut tandem_package::PluginManifest| {
        manifest.plugin.name = "echo".parse().expect("a name");
        manifest.plugin.version = "0.2.0".parse().expect("a version");
    };
    variant("conformance", &file(&host, "echo.wasm"), |manifest, _| new(manifest))?;
    let mut told = Vec::new();
    while told.len() < 3 {
        told.push(next(&mut stream).await?["method"].as_str().unwrap_or_default().to_owned());
    }
    told.sort();
    let lists = ["prompts", "resources", "tools"].map(|list| format!("notifications/{list}/list_changed"));
    assert_eq!(told, lists);
    for _ in 0..200 {
        if client.list_changes() > 0 && client.other_list_changes().0 > 0 && client.other_list_changes().1 > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!((client.list_changes(), client.other_list_changes()), (1, (1, 1)), "over the session, once");
    let Err(ServiceError::McpError(error)) = client.call("add", json!({"a": 1, "b": 2})).await else {
        anyhow::bail!("the tool is gone")
    };
    assert!(error.message.contains("`echo` 0.2.0 has it no more"), "{}", error.message);
    let near = error.data.unwrap_or_default()["near"].as_array().cloned().unwrap_or_default();
    let tools = client.tools().await?;
    assert!(!near.is_empty() && near.iter().all(|name| tools.iter().any(|tool| name == tool)), "{near:?}");
    Ok(())
}

type Events = std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>;

/// A listener of the era without sessions.
async fn listen(host: &Host) -> anyhow::Result<Events> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {
        "notifications": {"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        },
    }});
    let request = reqwest::Client::new()
        .post(format!("{}/mcp/full", host.url))
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "subscriptions/listen");
    Ok(Box::pin(request.json(&body).send().await?.error_for_status()?.bytes_stream()))
}

async fn next(stream: &mut Events) -> anyhow::Result<Value> {
    let mut text = String::new();
    while !text.contains("\n\n") || !text.contains('{') {
        let part = tokio::time::timeout(Duration::from_secs(20), stream.next()).await?;
        text.push_str(std::str::from_utf8(&part.unwrap_or_else(|| panic!("the stream ended: {text}"))?)?);
    }
    let data: String = text.lines().filter_map(|line| line.strip_prefix("data:")).collect();
    Ok(serde_json::from_str(&data)?)
}

#[tokio::test]
async fn an_operator_goes_back_to_an_earlier_version() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let home = host.directory.path().to_owned();
    for version in ["0.2.0", "0.3.0"] {
        variant("echo", &file(&host, "echo.wasm"), called("echo", version))?;
        until(&host, "echo.wasm", |line| line["version"] == version).await?;
    }
    let shown = operator(&home, &["rollback", "echo"]).await?;
    assert_eq!(shown[0]["version"], "0.2.0", "{shown}");
    assert!(adds(&host.client("/mcp/full").await?).await);
    let shown = operator(&home, &["rollback", "echo", "--to", "0.1.0"]).await?;
    assert_eq!(shown[0]["version"], "0.1.0", "{shown}");
    assert!(operator(&home, &["rollback", "echo", "--to", "9.0.0"]).await.is_err());
    recorded(&host, "plugin.rolled-back").await?;
    use std::os::unix::fs::PermissionsExt as _;
    let kept = std::fs::read_dir(home.join("data/versions/echo"))?.collect::<Result<Vec<_>, _>>()?;
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|f| f.metadata().is_ok_and(|m| m.permissions().mode() & 0o777 == 0o600)));
    let host = host.crash_and_restart().await?;
    assert_eq!(listed(&host, "echo.wasm").await?["version"], "0.1.0", "a restart does not undo it");
    host.signal("HUP").await?;
    recorded(&host, "configuration.reloaded").await
}

#[tokio::test]
async fn plugins_of_the_reactor_lane_are_replaced_like_any_other() -> anyhow::Result<()> {
    let host = Options::with(&["progress"])?.mesh().start().await?;
    let client = host.client("/mcp/full").await?;
    for version in ["0.1.0", "0.2.0"] {
        variant("echo", &file(&host, "echo.wasm"), |manifest, descriptors| {
            called("echo", version)(manifest, descriptors);
            manifest.runtime.affinity = tandem_package::Affinity::Reactor;
        })?;
        until(&host, "echo.wasm", |line| line["version"] == version && line["state"] == "serving").await?;
        let result = client.call("add", json!({"a": 1, "b": 2})).await?;
        let meta = serde_json::to_value(&result.meta)?;
        assert_eq!((&meta["tandem/lane"], &meta["tandem/reason"]), (&json!("reactor"), &json!("affinity")), "{meta}");
    }
    replace(&file(&host, "echo.wasm"), b"broken")?;
    until(&host, "echo.wasm", |line| !line["error"].is_null()).await?;
    assert!(adds(&client).await, "the version before serves on");
    Ok(())
}

#[tokio::test]
async fn what_was_revoked_since_is_unloaded_at_the_next_reload() -> anyhow::Result<()> {
    let host = Options::with(&["echo", "progress"])?
        .config("[plugins]\nrevoked = ['revoked.toml']")
        .write("revoked.toml", "")
        .start()
        .await?;
    let digest = listed(&host, "echo.wasm").await?["digest"].as_str().unwrap_or_default().to_owned();
    let list = format!("[files]\n\"{digest}\" = \"it was seen to misbehave\"\n");
    std::fs::write(host.directory.path().join("revoked.toml"), list)?;
    operator(host.directory.path(), &["reload"]).await?;
    let line = listed(&host, "echo.wasm").await?;
    assert!(line["state"] == "refused" && line.to_string().contains("it was seen to misbehave"), "{line}");
    assert!(!adds(&host.client("/mcp/full").await?).await);
    assert_eq!(listed(&host, "progress.wasm").await?["state"], "serving");
    Ok(())
}

const CANARY: &str = "[plugins]\nwatch = false\n[plugins.canary]\nshare = 20\nduration = '1s'\nmin-calls = 20\n";

#[tokio::test]
async fn a_version_that_fails_on_trial_is_given_up_by_itself() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.config(CANARY).start().await?;
    let client = host.client("/mcp/full").await?;
    variant("echo", &file(&host, "echo.wasm"), |manifest, _| {
        manifest.plugin.version = "0.2.0".parse().expect("a version");
        manifest.limits.deadline = "20ms".parse().expect("a duration");
    })?;
    let shown = operator(host.directory.path(), &["reload"]).await?;
    assert!(shown[0]["state"] == "canary" && shown[0]["canary"]["version"] == "0.2.0", "{shown}");
    for _ in 0..15 {
        let result = client.call("sleep_ms", json!({"ms": 100})).await?;
        assert_ne!(result.is_error, Some(true), "where the new version fails, the old one answers: {result:?}");
    }
    let line = until(&host, "echo.wasm", |line| line["state"] == "serving").await?;
    assert!(line["version"] == "0.1.0" && line.to_string().contains("rolled back"), "{line}");
    recorded(&host, "plugin.rolled-back").await?;
    // Its file is still there. Only who names the plugin tries it again.
    let shown = operator(host.directory.path(), &["reload"]).await?;
    assert!(shown[0]["state"] == "serving" && shown.to_string().contains("rolled back"), "{shown}");
    let shown = operator(host.directory.path(), &["reload", "echo"]).await?;
    assert_eq!(shown[0]["state"], "canary", "{shown}");
    Ok(())
}
