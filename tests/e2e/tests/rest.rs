//! The REST API.

use serde_json::{Value, json};
use tandem_harness::Options;

#[tokio::test]
async fn a_tool_is_listed_called_and_refused_over_rest() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let http = reqwest::Client::new();
    let tools: Value = http.get(format!("{}/v1/categories/echo/tools", host.url)).send().await?.json().await?;
    assert!(tools.to_string().contains("\"add\""), "{tools}");

    let call =
        |arguments: Value| http.post(format!("{}/v1/tools/add/call", host.url)).json(&json!({"arguments": arguments}));
    let answer: Value = call(json!({"a": 1, "b": 2})).send().await?.json().await?;
    assert_eq!(answer["structured"]["sum"], 3.0, "{answer}");
    assert_eq!(answer["lane"], "general");

    let refused = call(json!({"a": "x", "b": 2})).send().await?;
    assert_eq!(refused.status().as_u16(), 400);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: Value = refused.json().await?;
    assert_eq!(problem["code"], "invalid_arguments", "{problem}");

    let missing =
        http.post(format!("{}/v1/tools/nothing/call", host.url)).json(&json!({"arguments": {}})).send().await?;
    assert_eq!(missing.status().as_u16(), 404);
    Ok(())
}

#[tokio::test]
async fn the_older_clients_form_still_works() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let request = json!({"tool": "add", "args": {"a": 1, "b": 2}});
    let answer: Value =
        reqwest::Client::new().post(format!("{}/tools/execute", host.url)).json(&request).send().await?.json().await?;
    assert_eq!(answer["_runtime"], "general", "{answer}");
    assert!(answer["_duration_ms"].is_number(), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_tools_schema_says_how_it_runs() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let rest: Value = reqwest::get(format!("{}/v1/tools/add", host.url)).await?.json().await?;
    let client = host.client("/mcp").await?;
    let meta = client.structured("tools_get_schema", json!({"tool": "add"})).await?;
    for tool in [&rest, &meta["tools"][0]] {
        assert_eq!(tool["lane"], json!({"name": "general", "reason": "default"}), "{tool}");
        assert_eq!((&tool["requires_p2p"], &tool["priority"]), (&json!(false), &json!(5)), "{tool}");
        assert!(tool["retry"]["attempts"].is_u64() && tool["limits"]["deadline_ms"].is_u64(), "{tool}");
        let cid = tool["interface_cid"].as_str().unwrap_or_default();
        assert!(cid.parse::<tandem_types::ContentId>().is_ok(), "{cid}");
    }
    Ok(())
}
