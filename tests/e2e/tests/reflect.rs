//! Components that know nothing of Tandem: their exported functions are tools.

use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, called, component, replace, root, text, variant_bytes};
use tempfile::TempDir;

use crate::{fault, policy::tandem};

async fn start() -> anyhow::Result<(Host, Client)> {
    let host = Options::with(&["stranger", "echo"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    Ok((host, client))
}

#[tokio::test]
async fn functions_are_tools_with_schemas_and_the_words_of_their_wit() -> anyhow::Result<()> {
    let (_host, client) = start().await?;
    let tools = client.tools().await?;
    // One name for two functions has the interface before it; what gives a resource is not a tool.
    for tool in ["greet", "find", "words_count", "numbers_count", "same"] {
        assert!(tools.iter().any(|listed| listed == tool), "{tool}: {tools:?}");
    }
    assert!(!tools.iter().any(|tool| tool == "start" || tool.contains("counter")), "{tools:?}");
    // What starts Python in components of componentize-py is not a tool; another `init` is.
    let named_init: Vec<_> = tools.iter().filter(|tool| tool.contains("init")).collect();
    assert_eq!(named_init, ["init"], "{tools:?}");
    assert_eq!(text(&client.call("init", json!({"name": "It"})).await?), "It begins.");
    let count = client.listed("words_count").await?;
    assert_eq!(count["description"], "Counts the words of a text.");
    let input = &count["inputSchema"];
    assert_eq!(input["required"], json!(["text", "options"]), "{input}");
    assert_eq!(input["properties"]["cut"]["type"], "string", "a plain type for what may be left out: {input}");
    assert!(input["properties"]["cut"].to_string().contains("`spaces`: At white space."), "{input}");
    let word = &count["outputSchema"]["properties"]["result"]["items"];
    assert_eq!(word["description"], "A word of a text.");
    assert_eq!(word["properties"]["times"]["description"], "How often it comes.");
    assert_eq!(word["properties"]["times"]["maximum"], u32::MAX);
    // Of what the text says nothing, the least is promised; the manifest says more.
    assert_eq!(count["annotations"]["destructiveHint"], true);
    let find = client.listed("find").await?;
    assert!(find["title"] == "Find words" && find["annotations"]["readOnlyHint"] == true, "{find}");
    let divide = client.listed("divide").await?;
    assert_eq!(divide["description"], "Divides one number by another.");
    assert!(
        client.listed("numbers_count").await?["description"].to_string().contains("stranger:text/numbers@1.2.0#count")
    );
    Ok(())
}

#[tokio::test]
async fn values_go_in_and_come_out() -> anyhow::Result<()> {
    let (_host, client) = start().await?;
    let greeted = client.call("greet", json!({"name": "you"})).await?;
    assert!(text(&greeted) == "Hello, you." && greeted.structured_content.is_none(), "{greeted:?}");
    let arguments = json!({"text": "No no yes", "options": ["lower", "sorted"]});
    let counted = client.structured("words_count", arguments).await?;
    let expected = json!([{"text": "no", "times": 2}, {"text": "yes", "times": 1, "after": "no"}]);
    assert_eq!(counted["result"], expected);
    let arguments = json!({"text": "aba", "cut": "characters", "options": []});
    let counted = client.structured("words_count", arguments).await?;
    assert_eq!(counted["result"][0], json!({"text": "a", "times": 2}));
    for (query, found) in [
        (json!("everything"), json!(["a", "bcd"])),
        (json!({"longer-than": 2}), json!(["bcd"])),
        (json!({"exactly": "a"}), json!(["a"])),
    ] {
        assert_eq!(client.structured("find", json!({"text": "a bcd", "query": query})).await?["result"], found);
    }
    let all = json!({
        "yes": true, "small": -128, "wide": "18446744073709551615", "negative": "-9223372036854775808", "narrow": 0.1,
        "ratio": 1e-300, "letter": "ß", "bytes": "AAH/", "pair": [65535, "a\u{0}\"b"], "maybe": {"some": null},
        "outcome": {"err": "no"}, "done": {"ok": null},
    });
    assert_eq!(client.structured("same", json!({"all": all})).await?, all);
    assert_eq!(client.structured("numbers_count", json!({"bytes": "AAH/"})).await?["result"], 3);
    assert_eq!(client.structured("divide", json!({"a": 1, "b": 0})).await?["result"], "Infinity");
    let checked = client.call("check", json!({"positive": 1})).await?;
    assert!(checked.is_error != Some(true) && checked.structured_content.is_none(), "{checked:?}");
    Ok(())
}

#[tokio::test]
async fn an_err_is_the_tools_own_error_and_what_does_not_fit_is_pointed_at() -> anyhow::Result<()> {
    let (_host, client) = start().await?;
    let refused = client.call("check", json!({"positive": -1})).await?;
    assert!(refused.is_error == Some(true) && text(&refused) == "-1 is not positive", "{refused:?}");
    let nothing = client.call("find", json!({"text": "a b", "query": {"exactly": "c"}})).await?;
    assert!(nothing.is_error == Some(true) && nothing.structured_content.is_none(), "{nothing:?}");
    assert_eq!(serde_json::from_str::<Value>(&text(&nothing))?, json!({"looked-at": 2}));
    for (tool, arguments, place) in [
        ("check", json!({"positive": 2_147_483_648_u64}), "/positive"),
        ("check", json!({}), "positive"),
        ("words_count", json!({"text": "", "options": ["upper"]}), "/options/0"),
        ("numbers_count", json!({"bytes": "not base64"}), "/bytes"),
    ] {
        let refused = client.call(tool, arguments.clone()).await?;
        assert!(refused.is_error == Some(true) && text(&refused).contains(place), "{arguments}: {refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn limits_hold_as_for_every_other_plugin() -> anyhow::Result<()> {
    let (_host, client) = start().await?;
    for (tool, arguments, limit) in [
        ("spin", json!({}), "cpu"),
        ("take", json!({"mib": 64}), "memory"),
        // Under the limit as values, over it as JSON.
        ("flood", json!({"kib": 40}), "output"),
    ] {
        let fault = fault(&client.call(tool, arguments).await?);
        assert!(fault["code"] == "limited" && fault["limit"] == limit, "{tool}: {fault}");
    }
    // Over what may cross at once.
    assert_eq!(fault(&client.call("flood", json!({"kib": 9_000})).await?)["code"], "bad_output");
    assert_eq!(client.structured("flood", json!({"kib": 20})).await?["result"].as_array().map(Vec::len), Some(20));
    client.structured("add", json!({"a": 1, "b": 1})).await?;
    Ok(())
}

#[tokio::test]
async fn a_strangers_component_is_inspected_reused_and_replaced_as_any_plugin() -> anyhow::Result<()> {
    let host = Options::with(&["stranger"])?.start().await?;
    let file = host.directory.path().join("plugins/stranger.wasm");
    let shown = tandem(host.directory.path(), &["inspect", "plugins/stranger.wasm"]).await?;
    let shown = String::from_utf8(shown.stdout)?;
    assert!(shown.contains("derived from the exported functions") && shown.contains("Counts the words"), "{shown}");
    assert!(shown.contains("numbers@1.2.0#start` is not a tool: its result has the resource `counter`"), "{shown}");
    let pooled = variant_bytes("stranger", |manifest, descriptors| {
        called("stranger", "1.3.0")(manifest, descriptors);
        manifest.runtime.instance = tandem_package::Instance::Pooled;
    })?;
    replace(&file, &pooled)?;
    let shown = tandem(host.directory.path(), &["reload", "--json"]).await?;
    assert!(String::from_utf8(shown.stdout)?.contains("1.3.0"));
    let client = host.client("/mcp/full").await?;
    for _ in 0..20 {
        assert_eq!(text(&client.call("greet", json!({"name": "you"})).await?), "Hello, you.");
    }
    // What its code does not offer is found out by the probe.
    let lies = variant_bytes("stranger", |manifest, descriptors| {
        called("stranger", "1.4.0")(manifest, descriptors);
        descriptors.tools.retain(|tool| tool.name != "greet");
    })?;
    replace(&file, &lies)?;
    let shown = tandem(host.directory.path(), &["reload", "--json"]).await?;
    assert!(String::from_utf8(shown.stdout)?.contains("does not offer what its descriptors say"));
    assert_eq!(text(&client.call("greet", json!({"name": "you"})).await?), "Hello, you.");
    Ok(())
}

#[tokio::test]
async fn a_manifest_gives_functions_other_names() -> anyhow::Result<()> {
    let host = Options::with(&["stranger", "echo"])?.start().await?;
    let named = variant_bytes("stranger", |manifest, descriptors| {
        called("stranger", "1.5.0")(manifest, descriptors);
        manifest.plugin.prefix = "text".parse().ok();
        let divide = manifest.tools.get_mut("divide").map(|divide| divide.name = "ratio".parse().ok());
        assert!(divide.is_some());
    })?;
    replace(&host.directory.path().join("plugins/stranger.wasm"), &named)?;
    let shown = tandem(host.directory.path(), &["reload", "--json"]).await?;
    assert!(String::from_utf8(shown.stdout)?.contains("1.5.0"), "it answers what its descriptors say");
    let client = host.client("/mcp/full").await?;
    let tools = client.tools().await?;
    for (tool, there) in
        [("text_greet", true), ("ratio", true), ("greet", false), ("divide", false), ("text_divide", false)]
    {
        assert_eq!(tools.iter().any(|listed| listed == tool), there, "{tool}: {tools:?}");
    }
    assert_eq!(text(&client.call("text_greet", json!({"name": "you"})).await?), "Hello, you.");
    assert_eq!(client.structured("ratio", json!({"a": 1, "b": 2})).await?["result"], 0.5);
    let found = client.structured("text_find", json!({"text": "a bcd", "query": "everything"})).await?;
    assert_eq!(found["result"], json!(["a", "bcd"]));
    // What is said of a tool by its own name is said of it.
    assert_eq!(client.listed("text_find").await?["annotations"]["readOnlyHint"], true);
    assert_eq!(client.listed("ratio").await?["description"], "Divides one number by another.");
    Ok(())
}

#[tokio::test]
async fn wasi_config_has_the_settings_of_the_operator() -> anyhow::Result<()> {
    let grants = "[grants.stranger.config]\ncity = \"Rome\"\nunits = \"m\"\n";
    let host = Options::with(&["stranger"])?.config(grants).start().await?;
    let client = host.client("/mcp/full").await?;
    assert_eq!(client.structured("setting", json!({"key": "city"})).await?["result"], "Rome");
    assert_eq!(client.structured("setting", json!({"key": "other"})).await?["result"], Value::Null);
    let all = client.structured("settings", json!({})).await?;
    assert_eq!(all["result"], json!([["city", "Rome"], ["units", "m"]]));
    Ok(())
}

#[tokio::test]
async fn a_renamed_function_is_hidden_by_the_name_in_its_code() -> anyhow::Result<()> {
    let home = TempDir::new()?;
    let module = std::fs::read_to_string(root().join("tests/raw-guests/hider.wat"))?;
    std::fs::write(home.path().join("component.wasm"), component(&module, "hider")?)?;
    let key = root().join("keys/dev.key").display().to_string();
    let operator = "[plugins.prefixes]\nhider = \"op_\"\n";
    for (renames, config, area, hide) in [
        ("", "", "area", "hide"),
        ("prefix = \"geo\"", "", "geo_area", "geo_hide"),
        ("prefix = \"geo\"\n[tools.area]\nname = \"surface\"", operator, "op_surface", "op_geo_hide"),
    ] {
        let manifest = "[plugin]\nname = \"hider\"\nversion = \"1.0.0\"\ndescription = \"Hides.\"\n";
        std::fs::write(home.path().join("plugin.toml"), format!("{manifest}{renames}\n"))?;
        let packed = tandem(home.path(), &["pack", "component.wasm", "--key", &key]).await?;
        assert!(packed.status.success(), "{packed:?}");
        let host = Options::with(&["echo"])?.file(home.path().join("hider.wasm")).config(config).start().await?;
        let client = host.client("/mcp/full").await?;
        assert_eq!(client.structured(area, json!({})).await?["result"], 42);
        for hidden in [true, false] {
            let known = client.structured(hide, json!({ "hidden": hidden })).await?;
            assert_eq!(known["result"], true, "{area}: its own name is known");
            assert_eq!(client.tools().await?.iter().any(|tool| tool == area), !hidden, "{area}");
        }
    }
    Ok(())
}
