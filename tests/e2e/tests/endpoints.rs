//! Named endpoints: a chosen part of the tools, under other names, with fixed arguments.

use rmcp::model::ClientCapabilities;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tandem_harness::{Client, Host, Options, connect_modern, text};

use crate::fault;

const ENDPOINTS: &str = r#"
[endpoints.sums]
categories = ["echo"]
exclude = ["sleep_*"]
pinned = ["add"]
[endpoints.sums.tools.add]
name = "increment"
description = "Adds one."
arguments = { b = 1 }

[endpoints.reading]
tenants = ["good"]
read-only = true
exposure = "full"
"#;

async fn host() -> anyhow::Result<Host> {
    let tenant = |name: &str| format!("[tenants.{name}]\nkeys = ['${{file:{{home}}/{name}}}']\n");
    let key = |name: &str| hex::encode(Sha256::digest(name));
    let config = format!("{}{}categories = ['kv-user']\n{ENDPOINTS}", tenant("good"), tenant("bad"));
    let options = Options::with(&["echo", "kv-user"])?.config(&config);
    options.write("good", &key("good")).write("bad", &key("bad")).in_process().start().await
}

async fn both(host: &Host, endpoint: &str, key: &str) -> anyhow::Result<[Client; 2]> {
    let modern = connect_modern(&format!("{}{endpoint}", host.url), Some(key), ClientCapabilities::default()).await?;
    Ok([modern, host.client_as(endpoint, key).await?])
}

#[tokio::test]
async fn an_endpoint_has_its_tools_alone_by_the_names_that_it_gives() -> anyhow::Result<()> {
    let host = host().await?;
    for client in both(&host, "/mcp/e/sums", "good").await? {
        let tools = client.plugin_tools().await?;
        assert!(tools.contains(&"increment".to_owned()) && !tools.contains(&"add".to_owned()), "{tools:?}");
        assert!(tools.contains(&"tools_search".to_owned()) && !tools.contains(&"echo".to_owned()), "{tools:?}");
        let pinned = client.listed("increment").await?;
        assert_eq!(pinned["description"], "Adds one.");
        assert_eq!(pinned["inputSchema"]["properties"].get("b"), None, "{pinned}");
        let search = client.listed("tools_search").await?["description"].to_string();
        assert!(search.contains("tools of echo."), "{search}");

        let dispatch = json!({"tool": "increment", "arguments": {"a": 2}});
        assert_eq!(client.structured("increment", json!({"a": 1})).await?["sum"], 2.0);
        assert_eq!(client.structured("tools_dispatch", dispatch.clone()).await?["sum"], 3.0);
        let batch =
            client.structured("tools_dispatch", json!({"calls": [dispatch, {"tool": "add", "arguments": {}}]})).await?;
        assert_eq!(batch["results"][0]["structured"]["sum"], 3.0, "{batch}");
        assert_eq!(batch["results"][1]["_meta"]["tandem/error"]["code"], "not_found", "{batch}");
        let fixed = client.call("increment", json!({"a": 1, "b": 5})).await?;
        assert_eq!(fault(&fixed)["code"], "invalid_arguments", "{}", text(&fixed));
        assert!(text(&fixed).contains("/b: is no parameter of this tool here"), "{}", text(&fixed));

        let schema = client.structured("tools_get_schema", json!({"tool": ["increment", "add", "sleep_ms"]})).await?;
        let names = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&schema["tools"]), ["increment"]);
        assert_eq!(names(&schema["unknown"]), ["add", "sleep_ms"], "{schema}");
        let found = client.structured("tools_search", json!({"query": "add two numbers"})).await?;
        assert_eq!(
            (&found["tools"][0]["name"], &found["tools"][0]["description"]),
            (&json!("increment"), &json!("Adds one."))
        );
        let listed = client.structured("tools_list_tools", json!({"category": "echo"})).await?;
        assert!(names(&listed["tools"]).contains(&"increment".to_owned()), "{listed}");
        let categories = client.structured("tools_list_categories", json!({})).await?;
        assert_eq!(names(&categories["categories"]), ["echo"]);
        for hidden in ["add", "sleep_ms", "kv_get"] {
            let error = client.call(hidden, json!({})).await.expect_err("it is not there").to_string();
            assert!(error.contains("unknown tool"), "{hidden}: {error}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_endpoint_widens_nothing_and_is_its_tenants_own() -> anyhow::Result<()> {
    let host = host().await?;
    for client in both(&host, "/mcp/e/reading", "good").await? {
        for tool in client.plugin_tools().await? {
            assert_eq!(client.listed(&tool).await?["annotations"]["readOnlyHint"], true, "{tool}");
        }
        assert!(client.tools().await?.contains(&"add".to_owned()));
        assert!(client.call("kv_set", json!({"key": "a", "value": "b"})).await.is_err(), "it writes");
    }
    // The endpoint chooses a category that this tenant has not.
    for client in both(&host, "/mcp/e/sums", "bad").await? {
        assert!(client.call("increment", json!({"a": 1})).await.is_err(), "an endpoint widens nothing");
        assert_eq!(client.structured("tools_list_categories", json!({})).await?["categories"], json!([]));
    }
    let status = async |name: &str, key: &str| -> anyhow::Result<(u16, String)> {
        let request = reqwest::Client::new().post(format!("{}/mcp/e/{name}", host.url)).bearer_auth(key);
        let answer = request.json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?.replace(name, "NAME")))
    };
    let (others, nevers) = (status("reading", "bad").await?, status("never", "bad").await?);
    assert_eq!((others.0, nevers.0), (404, 404), "{others:?}");
    assert!(others.1.contains("unknown endpoint `NAME`"), "{others:?}");
    Ok(())
}
