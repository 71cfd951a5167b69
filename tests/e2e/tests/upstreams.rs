//! MCP servers that are mounted as categories: real processes, well and badly behaved.

use std::{path::Path, process::Command, sync::OnceLock, time::Duration};

use serde_json::{Value, json};
use tandem_harness::{Host, Options, root, text};

use crate::{policy::recorded, reload::operator};

/// The interpreter itself, so that no shim of a version manager, which needs an environment, is between.
fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let said = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    })
}

/// A server of ours in one of its modes, mounted as `name`.
fn mounted(name: &str, mode: &str, more: &str) -> String {
    let server = root().join("tests/e2e/servers/server.py");
    format!(
        "[upstreams.{name}]\ncommand = ['{}', '-u', '{}', '{mode}']\nexclude = ['delete_*']\n{more}\n",
        python(),
        server.display()
    )
}

/// What `tandem upstream list` says of one, as soon as something of it is so.
async fn until(host: &Host, name: &str, so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let mut last = Value::Null;
    for _ in 0..400 {
        let all = operator(host.directory.path(), &["upstream", "list"]).await?;
        last = all.as_array().and_then(|all| all.iter().find(|one| one["name"] == name).cloned()).unwrap_or_default();
        if so(&last) {
            return Ok(last);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("it never came so far: {last}")
}

async fn up(host: &Host, name: &str) -> anyhow::Result<Value> {
    until(host, name, |one| one["state"] == "up").await
}

fn is_alive(pid: u64) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A process that nobody has reaped yet has ended all the same.
    status.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z') && !rest.trim().is_empty())
}

async fn dies(pid: u64) -> bool {
    for _ in 0..100 {
        if !is_alive(pid) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn a_mounted_server_is_a_category_like_any_other() -> anyhow::Result<()> {
    let more = "category = 'small'\nprefix = 's.'\nrename = { add = 'plus' }\nenv = { LANG = 'C.UTF-8', TOKEN = '${file:{home}/token}' }\n\
                cwd = '{home}/files'\noutput = '1MiB'";
    let config = format!("[audit]\ncalls = 'all'\n{}", mounted("legacy", "well", more));
    let host = Options::with(&["echo"])?.config(&config).write("token", "s3cret").start().await?;
    let status = up(&host, "legacy").await?;
    // Of 14, one is excluded, and one has no name that fits.
    assert_eq!(
        (&status["tools"], &status["version"], &status["category"]),
        (&json!(12), &json!("1.2.3"), &json!("small"))
    );
    let client = host.client("/mcp/full").await?;
    let tools = client.tools().await?;
    let has = |name: &str| tools.iter().any(|tool| tool == name);
    assert!(has("plus") && has("s.sleep") && has("echo") && !has("s.add") && !has("s.delete_all"), "{tools:?}");
    let plus = client.listed("plus").await?;
    assert_eq!(
        (&plus["_meta"]["tandem/category"], &plus["annotations"]["readOnlyHint"]),
        (&json!("small"), &json!(true))
    );
    let hidden = client.listed("s.hidden").await?;
    let description = hidden["description"].as_str().unwrap_or_default();
    assert!(description.starts_with("Looks[31m harmless. xxx") && description.len() < 4_200, "{description:.60}");

    let result = client.call("plus", json!({"a": 1, "b": 2})).await?;
    assert_eq!(result.structured_content, Some(json!({"sum": 3})));
    let meta = serde_json::to_value(&result.meta)?;
    assert_eq!((&meta["tandem/lane"], &meta["tandem/reason"]), (&json!("upstream"), &json!("upstream")));
    let refused = client.call("plus", json!({"a": "one"})).await?;
    assert!(text(&refused).contains("invalid arguments"), "checked before it leaves: {refused:?}");
    let failed = client.call("s.fail", json!({})).await?;
    assert_eq!((failed.is_error, text(&failed).as_str()), (Some(true), "it failed"));
    assert_eq!(text(&client.call("s.refuse", json!({})).await?), "invalid arguments: not like this");
    let lie = client.call("s.lie", json!({})).await?;
    assert!(lie.is_error == Some(true) && text(&lie).contains("does not fit the output schema"), "{lie:?}");
    let big = client.call("s.big", json!({"bytes": 2 << 20})).await?;
    assert!(big.is_error == Some(true) && text(&big).contains("limit `output` exceeded"), "{:.300}", text(&big));

    let inspected: Value = serde_json::from_str(&text(&client.call("s.inspect", json!({})).await?))?;
    let environment: Vec<&String> =
        inspected["env"].as_object().unwrap().keys().filter(|name| *name != "LC_CTYPE").collect();
    assert_eq!(environment, ["LANG", "TOKEN"]);
    assert_eq!((&inspected["env"]["TOKEN"], &inspected["descriptors"]), (&json!("s3cret"), &json!([0, 1, 2])));
    assert!(inspected["cwd"].as_str().unwrap().ends_with("/files") && inspected["pid"] == inspected["group"]);

    let metrics = reqwest::get(format!("{}/metrics", host.url)).await?.text().await?;
    let counted = r#"tandem_tool_calls_total{lane="upstream",category="small",tool="plus",status="ok"} 1"#;
    assert!(metrics.contains(counted) && metrics.contains(r#"tandem_upstream_up{upstream="legacy"} 1"#), "{metrics}");
    recorded(&host, "\"lane\": String(\"upstream\")").await?;
    assert!(host.logged("server starts").await?["upstream"] == "legacy", "its standard error");

    let pid = inspected["pid"].as_u64().unwrap();
    let forked: u64 = text(&client.call("s.fork", json!({})).await?).parse()?;
    assert!(is_alive(pid) && is_alive(forked));
    assert!(host.stop().await?);
    assert!(dies(pid).await && dies(forked).await, "the whole tree dies with the host");
    Ok(())
}

#[tokio::test]
async fn one_bad_server_harms_nobody() -> anyhow::Result<()> {
    let slow = "timeout = '1s'\nrestart = { max = 0 }";
    let config = [
        mounted("silent", "hang-initialize", slow),
        mounted("mute", "hang-list", slow),
        mounted("endless", "endless", "timeout = '30s'\nrestart = { max = 0 }"),
        mounted("broken", "exit", "restart = { max = 1, backoff = '10ms..20ms' }"),
        "[upstreams.missing]\ncommand = ['/no/such/program']\nrestart = { max = 0 }\n".to_owned(),
        mounted("well", "well", "prefix = 'w.'"),
    ]
    .concat();
    let host = Options::with(&["echo"])?.config(&config).start().await?;
    // It is ready while three of them still hang.
    let client = host.client("/mcp/full").await?;
    assert!(!client.call("echo", json!({"text": "hi"})).await?.is_error.unwrap_or(false));
    let reason = |one: Value| one["reason"].as_str().unwrap_or_default().to_owned();
    up(&host, "well").await?;
    assert_eq!(client.structured("w.add", json!({"a": 1, "b": 2})).await?, json!({"sum": 3}));
    for (name, why) in [
        ("silent", "did not answer `initialize` within 1000 ms"),
        ("mute", "did not list its tools within 1000 ms"),
        ("endless", "has more than 1000"),
        ("broken", "the process ended: exit code 7"),
        ("missing", "cannot start `/no/such/program`"),
    ] {
        let one = until(&host, name, |one| one["state"] == "down").await?;
        assert!(reason(one.clone()).contains(why), "{name}: {one}");
    }
    assert!(host.logged("no licence").await?["upstream"] == "broken");
    let refused = command(host.directory.path(), &["upstream", "restart", "nobody"]).await.unwrap_err();
    assert!(refused.to_string().contains("no upstream is called `nobody`"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_ends_is_started_again_and_its_calls_say_why() -> anyhow::Result<()> {
    let config = mounted("legacy", "well", "restart = { max = 2, backoff = '1s..1s' }\ntimeout = '5s'");
    let host = Options::with(&[])?.config(&config).start().await?;
    let first = up(&host, "legacy").await?;
    let client = host.client("/mcp/full").await?;
    let died = client.call("die", json!({})).await?;
    assert!(died.is_error == Some(true) && text(&died).contains("went away while the call ran"), "{died:?}");
    let down = client.call("add", json!({"a": 1, "b": 2})).await?;
    let said = serde_json::to_value(&down)?.to_string();
    assert!(said.contains("unavailable") && said.contains("exit code 3"), "{said}");
    let second = until(&host, "legacy", |one| one["state"] == "up" && one["pid"] != first["pid"]).await?;
    assert_eq!(client.structured("add", json!({"a": 1, "b": 2})).await?, json!({"sum": 3}));
    command(host.directory.path(), &["upstream", "restart", "legacy"]).await?;
    until(&host, "legacy", |one| one["state"] == "up" && one["pid"] != second["pid"]).await?;
    assert!(dies(second["pid"].as_u64().unwrap()).await);
    Ok(())
}

/// A command without `--json`.
async fn command(home: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = crate::policy::tandem(home, arguments).await?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    anyhow::ensure!(output.status.success(), "{said}");
    Ok(said)
}
