//! What users of the older host bring: its configuration, its names, its requests; and what an operator decides over manifests.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tandem_harness::{Options, root};
use tempfile::TempDir;

use crate::policy::tandem;

fn blocks() -> Vec<PathBuf> {
    let directory = root().join("host/migrate/tests/blocks");
    let mut files: Vec<_> =
        fs::read_dir(directory).expect("blocks").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_block_of_the_older_configuration_passes_config_check() -> anyhow::Result<()> {
    let home = TempDir::new()?;
    let files = blocks();
    assert!(files.len() >= 20, "{}", files.len());
    for (number, file) in files.iter().enumerate() {
        let (from, to) = (file.display().to_string(), format!("{number}.toml"));
        let migrated = tandem(home.path(), &["config", "migrate", &from, "-o", &to]).await?;
        assert!(migrated.status.success(), "{from}: {}", String::from_utf8_lossy(&migrated.stderr));
        let checked = tandem(home.path(), &["config", "check", "--config", &to]).await?;
        assert!(checked.status.success(), "{from}: {}", String::from_utf8_lossy(&checked.stderr));
        let told = String::from_utf8_lossy(&migrated.stderr).into_owned();
        assert!(!told.contains("unknown") && told.contains("written: "), "{from}: {told}");
    }
    let again = tandem(home.path(), &["config", "migrate", &files[0].display().to_string(), "-o", "0.toml"]).await?;
    assert!(!again.status.success(), "a file that is there is not overwritten");
    Ok(())
}

#[tokio::test]
async fn the_report_is_json_too_and_the_older_spelling_works() -> anyhow::Result<()> {
    let home = TempDir::new()?;
    fs::write(home.path().join("old.yaml"), "server:\n  fastapi: {port: 9100}\n  trio: {prot: 1}\n")?;
    let output = tandem(home.path(), &["migrate-config", "old.yaml", "--json"]).await?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert!(report["toml"].as_str().is_some_and(|toml| toml.contains("port = 9100")), "{report}");
    let mapped = json!({"key": "server.fastapi.port", "outcome": "mapped", "to": "server.port", "value": "9100"});
    assert_eq!(report["keys"][0], mapped);
    assert_eq!(
        (&report["keys"][1]["outcome"], &report["keys"][1]["nearest"]),
        (&json!("unknown"), &json!("server.trio.port"))
    );
    Ok(())
}

#[tokio::test]
async fn check_finds_older_tools_by_name_and_alias_and_names_the_missing() -> anyhow::Result<()> {
    let home = TempDir::new()?;
    let plugins = home.path().join("plugins");
    fs::create_dir(&plugins)?;
    let shipped = root().join("plugins/dataset.wasm");
    fs::copy(shipped, plugins.join("dataset.wasm"))?;
    let keys = root().join("keys/*.pub");
    fs::write(home.path().join("tandem.toml"), format!("[plugins]\ntrust-roots = [\"{}\"]\n", keys.display()))?;
    fs::write(home.path().join("old.yaml"), "server: {port: 9100}\n")?;
    let check = ["config", "migrate", "old.yaml", "--json", "--check", "tools.json"];
    fs::write(home.path().join("tools.json"), r#"{"tools": [{"name": "load_dataset"}, {"name": "dataset_load"}]}"#)?;
    let all = tandem(home.path(), &check).await?;
    let told: Value = serde_json::from_slice(&all.stdout)?;
    assert!(all.status.success(), "{told}");
    let here = json!({"state": "here", "plugin": "dataset", "tool": "dataset_load"});
    assert_eq!((&told["tools"]["load_dataset"], &told["missing"]), (&here, &json!(0)), "{told}");
    fs::write(home.path().join("tools.json"), "load_dataset\nstock_quotes\n")?;
    let some = tandem(home.path(), &check).await?;
    let told: Value = serde_json::from_slice(&some.stdout)?;
    assert_eq!(some.status.code(), Some(1), "{told}");
    assert_eq!((&told["tools"]["stock_quotes"]["state"], &told["missing"]), (&json!("missing"), &json!(1)), "{told}");
    // What the migrated configuration does not serve is missing.
    fs::write(home.path().join("old.yaml"), "tools: {enabled_categories: [vector]}\n")?;
    let none = tandem(home.path(), &check).await?;
    let told: Value = serde_json::from_slice(&none.stdout)?;
    assert_eq!(told["missing"], 2, "{told}");
    Ok(())
}

#[tokio::test]
async fn categories_that_are_not_enabled_are_not_served_and_do_not_hold_readiness_up() -> anyhow::Result<()> {
    let config = "[tools]\nenabled-categories = ['echo']\n[server]\nready-requires = ['plugins']\n";
    let host = Options::with(&["echo", "kv-user"])?.config(config).start().await?;
    let client = host.client("/mcp/full").await?;
    let tools = client.tools().await?;
    assert!(tools.contains(&"add".to_owned()) && !tools.contains(&"kv_set".to_owned()), "{tools:?}");
    assert_eq!(reqwest::get(format!("{}/health/ready", host.url)).await?.status().as_u16(), 200);
    let line = host.logged("plugin not served").await?;
    assert!(line.to_string().contains("tools.enabled-categories"), "{line}");
    Ok(())
}

#[tokio::test]
async fn the_operators_overrides_are_what_a_tool_has() -> anyhow::Result<()> {
    let config = "[plugins.overrides.echo]\npriority = 7\ndeadline = '9s'\n\
                  [plugins.overrides.echo.tools.add]\npriority = 9\ndeadline = '10m'\naffinity = 'reactor'\n\
                  [limits]\ndeadline = '20s'\n[reactor]\nport = 0\n[p2p]\nlisten = []\n";
    let host = Options::with(&["echo"])?.config(config).start().await?;
    let tool = async |name: &str| -> anyhow::Result<Value> {
        Ok(reqwest::get(format!("{}/v1/tools/{name}", host.url)).await?.json().await?)
    };
    let add = tool("add").await?;
    assert_eq!((&add["priority"], &add["limits"]["deadline_ms"]), (&json!(9), &json!(20_000)), "{add}");
    assert_eq!(add["lane"], json!({"name": "reactor", "reason": "affinity"}), "{add}");
    let echo = tool("echo").await?;
    assert_eq!((&echo["priority"], &echo["limits"]["deadline_ms"]), (&json!(7), &json!(9_000)), "{echo}");
    assert_eq!(echo["lane"]["name"], "general", "{echo}");
    Ok(())
}

#[tokio::test]
async fn an_override_of_a_tool_that_is_not_there_leaves_the_plugin_out() -> anyhow::Result<()> {
    let config = "[plugins.overrides.echo.tools.ad]\npriority = 9\n";
    let host = Options::with(&["echo"])?.config(config).start().await?;
    let line = host.logged("plugin left out").await?;
    assert!(line.to_string().contains("`ad`, which is not a tool"), "{line}");
    Ok(())
}

#[tokio::test]
async fn tools_that_leave_the_lane_open_prefer_the_reactor_where_the_operator_says_so() -> anyhow::Result<()> {
    let prefer = "[router]\nprefer-reactor = true\n";
    let call = async |url: &str| -> anyhow::Result<Value> {
        let call = reqwest::Client::new().post(format!("{url}/v1/tools/add/call"));
        Ok(call.json(&json!({"arguments": {"a": 1, "b": 2}})).send().await?.json().await?)
    };
    let host = Options::with(&["echo"])?.mesh().config(prefer).start().await?;
    let end = Instant::now() + Duration::from_secs(20);
    // The lane comes up beside the general one, which serves until then.
    loop {
        let answer = call(&host.url).await?;
        assert_eq!(answer["structured"]["sum"].as_f64(), Some(3.0), "{answer}");
        if answer["lane"] == "reactor" {
            break;
        }
        assert!(Instant::now() < end, "{answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let shown: Value = reqwest::get(format!("{}/v1/tools/add", host.url)).await?.json().await?;
    assert_eq!(shown["lane"], json!({"name": "reactor", "reason": "preferred"}), "{shown}");
    let host = Options::with(&["echo"])?.config(prefer).start().await?;
    assert_eq!(call(&host.url).await?["lane"], "general");
    Ok(())
}

#[tokio::test]
async fn the_older_words_of_the_rest_side_are_taken_and_answered() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let http = reqwest::Client::new();
    let execute = async |request: Value| -> anyhow::Result<Value> {
        Ok(http.post(format!("{}/tools/execute", host.url)).json(&request).send().await?.json().await?)
    };
    for request in
        [json!({"tool": "add", "args": {"a": 1, "b": 2}}), json!({"tool_name": "add", "parameters": {"a": 1, "b": 2}})]
    {
        let answer = execute(request).await?;
        assert_eq!((&answer["status"], answer["sum"].as_f64()), (&json!("success"), Some(3.0)), "{answer}");
    }
    let list = async |query: &str| -> anyhow::Result<(u16, Value)> {
        let answer = reqwest::get(format!("{}/tools/list{query}", host.url)).await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    };
    let (_, all) = list("").await?;
    let names: Vec<_> = all["tools"].as_array().expect("tools").iter().map(|tool| tool["name"].clone()).collect();
    assert!(names.contains(&json!("add")) && all["total"] == names.len(), "{all}");
    let (_, general) = list("?lane=general&limit=1").await?;
    assert_eq!((general["tools"].as_array().map(Vec::len), &general["tools"][0]["lane"]), (Some(1), &json!("general")));
    let cursor = general["next_cursor"].as_str().expect("more");
    let (_, next) = list(&format!("?lane=general&limit=1&cursor={cursor}")).await?;
    assert_ne!(next["tools"][0]["name"], general["tools"][0]["name"]);
    assert_eq!(list("?lane=upstream").await?.1["total"], 0);
    assert_eq!(list("?lane=trio").await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn a_host_says_what_it_speaks() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let said: Value = reqwest::get(format!("{}/v1/version", host.url)).await?.json().await?;
    let program = tandem(host.directory.path(), &["version", "--json"]).await?;
    assert_eq!(said, serde_json::from_slice::<Value>(&program.stdout)?);
    assert!(said["speaks"]["mcp"].as_array().expect("revisions").contains(&json!("2026-07-28")), "{said}");
    assert!(said["speaks"]["wit"].as_array().expect("packages").contains(&json!("tandem:plugin@0.1.0")), "{said}");
    assert_eq!(said["speaks"]["configuration"], 1, "{said}");
    Ok(())
}
