//! Results that are too large for a message: handles, what reads them, and whose they are.

use rmcp::model::{CallToolRequestParams, ClientCapabilities, ContentBlock, ResourceContents};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tandem_harness::{Client, Host, Options, connect_modern, text, variant};
use tempfile::TempDir;

use crate::fault;

/// Bytes of the text in a result.
const LARGE: usize = 5_000_000;

/// A host with two tenants, a tool that answers as much as it is asked for, and one for JSON.
async fn host() -> anyhow::Result<(Host, TempDir)> {
    let directory = TempDir::new()?;
    let plugin = directory.path().join("big-output.wasm");
    let larger = "8MiB".parse()?;
    variant("big-output", &plugin, |manifest, _| manifest.limits.output = larger)?;
    let tenant = |name: &str| format!("[tenants.{name}]\nkeys = ['${{file:{{home}}/{name}}}']\n");
    let key = |name: &str| hex::encode(Sha256::digest(name));
    let options = Options::with(&["echo", "json"])?.file(plugin).config(&(tenant("good") + &tenant("bad")));
    let options = options.config("[results]\ninline-limit = '256KiB'");
    let options = options.write("good", &key("good")).write("bad", &key("bad"));
    Ok((options.in_process().start().await?, directory))
}

async fn modern(host: &Host, endpoint: &str, key: &str) -> anyhow::Result<Client> {
    connect_modern(&format!("{}{endpoint}", host.url), Some(key), ClientCapabilities::default()).await
}

/// The handle in a result, which is small.
fn handle(result: &rmcp::model::CallToolResult) -> (String, Value) {
    let size = serde_json::to_string(result).unwrap().len();
    assert!(size < 12_000, "{size} bytes");
    let structured = result.structured_content.clone().unwrap();
    let link = result.content.iter().find_map(|block| match block {
        ContentBlock::ResourceLink(link) => Some(link.uri.clone()),
        _ => None,
    });
    let id = structured["$result"].as_str().unwrap().to_owned();
    assert_eq!(link, Some(format!("tandem://result/{id}")), "{}", text(result));
    (id, structured["$handle"].clone())
}

#[tokio::test]
async fn a_large_result_is_a_handle_that_is_queried_without_being_read() -> anyhow::Result<()> {
    let (host, _directory) = host().await?;
    for client in [modern(&host, "/mcp", "good").await?, host.client_as("/mcp", "good").await?] {
        let call = json!({"tool": "big_structured", "arguments": {"bytes": LARGE}});
        let result = client.call("tools_dispatch", call).await?;
        let (id, about) = handle(&result);
        assert_eq!((&about["media_type"], &about["bytes"]), (&json!("application/json"), &json!(LARGE + 11)));
        let preview = about["preview"]["text"].as_str().unwrap();
        assert!(preview.starts_with("xxx") && preview.ends_with("… (5000000 bytes)"), "{preview}");

        let query = json!({"result": id, "program": ".text | length"});
        let length = client.structured("tools_result_query", query).await?;
        assert_eq!(length["results"], json!([LARGE]), "{length}");
        let found = client.structured("tools_result_grep", json!({"result": id, "pattern": "x\"}$"})).await?;
        assert_eq!(found["matches"][0]["offset"], LARGE + 8, "{found}");
        let part = json!({"result": format!("tandem://result/{id}"), "offset": LARGE});
        let part = client.structured("tools_result_read", part).await?;
        assert_eq!((&part["text"], part.get("next_offset")), (&json!("xxxxxxxxx\"}"), None));

        // The whole of it, for a client that asks for it.
        let whole = client.read(&format!("tandem://result/{id}")).await?;
        let [ResourceContents::TextResourceContents { text, mime_type, .. }] = whole.contents.as_slice() else {
            panic!("{whole:?}")
        };
        assert_eq!((text.len(), mime_type.as_deref()), (LARGE + 11, Some("application/json")));
    }
    Ok(())
}

#[tokio::test]
async fn a_result_is_an_argument_of_the_next_call() -> anyhow::Result<()> {
    let (host, _directory) = host().await?;
    for client in [modern(&host, "/mcp/full", "good").await?, host.client_as("/mcp/full", "good").await?] {
        let (id, _) = handle(&client.call("big_structured", json!({"bytes": 300_000})).await?);
        let reference = json!({"$result": id, "path": "/text"});
        let echoed = client.call("echo", json!({"text": reference})).await?;
        let (echoed, about) = handle(&echoed);
        assert_eq!((&about["bytes"], &about["tool"]), (&json!(300_000), &json!("echo")));
        assert_ne!(echoed, id, "the text alone has another name than its object");
        let query = json!({"program": ".data | length", "data": {"data": {"$result": echoed}}});
        assert_eq!(client.structured("json_query", query).await?["results"], json!([300_000]));

        let wrong = client.call("echo", json!({"text": {"$result": id, "path": "/none"}})).await?;
        let error = fault(&wrong);
        assert_eq!(error["code"], "invalid_arguments", "{error}");
        assert!(text(&wrong).contains("/text: the result has no value at `/none`"), "{wrong:?}");
        let object = client.call("echo", json!({"text": {"$result": id}})).await?;
        assert!(
            text(&object).contains("/text"),
            "the schema of the tool holds for what a reference stands for: {object:?}"
        );
    }
    let client = modern(&host, "/mcp", "good").await?;
    let (id, _) =
        handle(&client.call("tools_dispatch", json!({"tool": "big_text", "arguments": {"bytes": 400_000}})).await?);
    let calls = json!({"calls": [
        {"tool": "echo", "arguments": {"text": {"$result": id}}},
        {"tool": "echo", "arguments": {"text": {"$result": "bafk"}}},
    ]});
    let batch = client.structured("tools_dispatch", calls).await?;
    assert_eq!(batch["results"][0]["structured"]["$result"], id, "the same text has the same name: {batch}");
    assert_eq!((&batch["results"][1]["is_error"], &batch["failed"]), (&json!(true), &json!(1)));
    let rest = reqwest::Client::new().post(format!("{}/v1/tools/echo/call", host.url)).bearer_auth("good");
    let rest = rest.json(&json!({"arguments": {"text": {"$result": id}}})).send().await?.text().await?;
    assert!(rest.len() > 400_000, "REST answers whole results: {}", rest.len());
    Ok(())
}

#[tokio::test]
async fn a_result_of_another_tenant_is_not_found_like_one_that_never_was() -> anyhow::Result<()> {
    let (host, _directory) = host().await?;
    let (good, bad) = (modern(&host, "/mcp/full", "good").await?, modern(&host, "/mcp/full", "bad").await?);
    let (id, _) = handle(&good.call("big_structured", json!({"bytes": 300_000})).await?);
    let never = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
    let asked = |id: &str| {
        [
            ("tools_result_read", json!({"result": id})),
            ("tools_result_grep", json!({"result": id, "pattern": "x"})),
            ("tools_result_query", json!({"result": id, "program": "."})),
            ("echo", json!({"text": {"$result": id, "path": "/text"}})),
        ]
    };
    for ((tool, others), (_, nevers)) in asked(&id).into_iter().zip(asked(never)) {
        let (others, nevers) = (bad.call(tool, others).await?, bad.call(tool, nevers).await?);
        assert_eq!(fault(&others)["code"], "not_found", "{tool}: {others:?}");
        assert_eq!(text(&others).replace(&id, never), text(&nevers), "{tool}");
        let own = good.call(tool, asked(&id).into_iter().find(|(name, _)| *name == tool).unwrap().1).await?;
        assert_ne!(own.is_error, Some(true), "{tool}: {own:?}");
    }
    let read = async |client: &Client, id: &str| {
        client.read(&format!("tandem://result/{id}")).await.map_err(|e| e.to_string())
    };
    let (others, nevers) = (read(&bad, &id).await.unwrap_err(), read(&bad, never).await.unwrap_err());
    assert_eq!(others.replace(&id, never), nevers);
    assert!(nevers.contains("unknown resource") && read(&good, &id).await.is_ok(), "{nevers}");
    Ok(())
}

#[tokio::test]
async fn a_client_says_how_much_of_a_result_it_takes_at_once() -> anyhow::Result<()> {
    let (host, _directory) = host().await?;
    for client in [modern(&host, "/mcp/full", "good").await?, host.client_as("/mcp/full", "good").await?] {
        let call = async |bytes: usize, budget: Value| {
            let arguments = json!({"bytes": bytes}).as_object().cloned().unwrap();
            let mut params = CallToolRequestParams::new("big_text").with_arguments(arguments);
            params.meta.get_or_insert_default().insert("tandem/inline-limit".to_owned(), budget);
            client.peer().call_tool(params).await
        };
        assert_eq!(text(&call(LARGE, json!(LARGE * 2)).await?).len(), LARGE);
        handle(&call(20_000, json!(10_000)).await?);
        assert_eq!(text(&call(9_000, json!(10_000)).await?).len(), 9_000);
        let refused = call(9_000, json!("many")).await.unwrap_err().to_string();
        assert!(refused.contains("tandem/inline-limit") && refused.contains("8192 at least"), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn a_query_says_what_it_lacks_where_there_is_no_plugin_for_it() -> anyhow::Result<()> {
    let config = "[results]\ninline-limit = '8KiB'\nkeep = '1m'\ncount-per-tenant = 2";
    let host = Options::with(&["big-output"])?.config(config).in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let schema = client.listed("big_structured").await?["outputSchema"].clone();
    assert_eq!(schema["anyOf"][1]["required"], json!(["$result", "$handle"]), "{schema}");
    let mut ids = Vec::new();
    for bytes in [20_000, 21_000, 22_000] {
        ids.push(handle(&client.call("big_text", json!({"bytes": bytes})).await?).0);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let query = client.call("tools_result_query", json!({"result": ids[2], "program": "."})).await?;
    assert!(fault(&query)["code"] == "unavailable" && text(&query).contains("the plugin `json`"), "{query:?}");
    let there = async |id: &String| {
        client.call("tools_result_read", json!({"result": id})).await.map(|r| r.is_error != Some(true))
    };
    let kept = [there(&ids[0]).await?, there(&ids[1]).await?, there(&ids[2]).await?];
    assert_eq!(kept, [false, true, true], "the oldest made room");
    assert_eq!(std::fs::read_dir(host.directory.path().join("data/results/default"))?.count(), 2);
    Ok(())
}
