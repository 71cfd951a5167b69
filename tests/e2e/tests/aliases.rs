//! Older names of tools: called, searched for, and not listed.

use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, variant, variant_bytes};
use tandem_package::{Descriptors, PluginManifest, ToolAlias, ToolOverrides};
use tempfile::TempDir;

/// `add` of the plugin `name`, with an alias and older names of its parameters.
fn aliased(
    name: &str,
    alias: &str,
    rename: &[(&str, &str)],
) -> impl FnOnce(&mut PluginManifest, &mut Descriptors) + use<> {
    let (name, alias) = (name.parse().expect("a name"), alias.parse().expect("a name of a tool"));
    let rename = rename.iter().map(|(here, there)| ((*here).to_owned(), (*there).to_owned())).collect();
    move |manifest, _| {
        manifest.plugin.name = name;
        let aliases = vec![ToolAlias { name: alias, rename }];
        manifest.tools.insert("add".parse().expect("a name"), ToolOverrides { aliases, ..ToolOverrides::default() });
    }
}

async fn host(prefix: &str) -> anyhow::Result<(Host, TempDir)> {
    let directory = TempDir::new()?;
    let file = directory.path().join("sums.wasm");
    variant("echo", &file, aliased("sums", "sum_of_two", &[("first", "a"), ("second", "b")]))?;
    let options = Options::with(&["caller"])?.file(file).config(prefix);
    Ok((options.in_process().start().await?, directory))
}

async fn error(client: &Client, tool: &str, arguments: Value) -> anyhow::Result<Value> {
    Ok(json!(client.call(tool, arguments).await?)["structuredContent"]["error"].clone())
}

#[tokio::test]
async fn an_alias_is_called_with_its_own_parameters_and_is_not_listed() -> anyhow::Result<()> {
    let (host, _directory) = host("").await?;
    let client = host.client("/mcp/full").await?;
    for arguments in [json!({"first": 1, "second": 2}), json!({"a": 1, "second": 2}), json!({"a": 1, "b": 2})] {
        let answer = client.structured("sum_of_two", arguments.clone()).await?;
        assert_eq!(answer["sum"].as_f64(), Some(3.0), "{arguments}");
    }
    let meta = |name: &'static str| {
        let called = client.call(name, json!({"a": 1, "b": 2}));
        async { anyhow::Ok(json!(called.await?)["_meta"]["tandem/deprecated"].clone()) }
    };
    assert_eq!(meta("sum_of_two").await?, json!({"name": "sum_of_two", "use": "add"}));
    assert_eq!(meta("add").await?, Value::Null);
    let tools = client.tools().await?;
    assert!(tools.contains(&"add".to_owned()) && !tools.contains(&"sum_of_two".to_owned()), "{tools:?}");
    let unfit = error(&client, "add", json!({"first": 1, "second": 2})).await?;
    assert_eq!(unfit["code"], "invalid_arguments", "the tool's own name has its own parameters");

    let both = error(&client, "sum_of_two", json!({"first": 1, "a": 1, "b": 2})).await?;
    assert_eq!(both["code"], "invalid_arguments");
    assert_eq!(both["violations"][0]["pointer"], "/first", "{both}");
    assert!(both["violations"][0]["message"].as_str().is_some_and(|text| text.contains("`a`")), "{both}");

    let rest = reqwest::Client::new().post(format!("{}/v1/tools/sum_of_two/call", host.url));
    let rest = rest.json(&json!({"arguments": {"first": 1, "second": 2}})).send().await?;
    assert!(rest.status().is_success(), "{}", rest.text().await?);
    Ok(())
}

#[tokio::test]
async fn an_alias_is_found_and_its_schema_names_the_tool() -> anyhow::Result<()> {
    let (host, _directory) = host("").await?;
    let client = host.client("/mcp").await?;
    let found = client.structured("tools_search", json!({"query": "sum_of_two"})).await?;
    assert_eq!(found["tools"][0]["name"], "add", "{found}");
    let schema = client.structured("tools_get_schema", json!({"tool": "sum_of_two"})).await?;
    assert_eq!(schema["tools"][0]["name"], "add", "{schema}");
    assert_eq!(schema["tools"][0]["aliases"], json!(["sum_of_two"]), "{schema}");
    let called = json!({"tool": "sum_of_two", "arguments": {"first": 1, "second": 2}});
    assert_eq!(client.structured("tools_dispatch", called).await?["sum"].as_f64(), Some(3.0));
    Ok(())
}

#[tokio::test]
async fn the_operators_prefix_stands_before_aliases_too() -> anyhow::Result<()> {
    let (host, _directory) = host("[plugins.prefixes]\nsums = 'x_'").await?;
    let client = host.client("/mcp/full").await?;
    let answer = client.structured("x_sum_of_two", json!({"first": 1, "second": 2})).await?;
    assert_eq!(answer["sum"].as_f64(), Some(3.0));
    let without = client.call("sum_of_two", json!({})).await;
    assert!(without.is_err_and(|error| error.to_string().contains("unknown tool")), "it has the prefix, too");
    Ok(())
}

#[tokio::test]
async fn a_name_belongs_to_one_tool_whether_it_is_an_alias_or_not() -> anyhow::Result<()> {
    for (alias, owner) in
        [("kv_set", "plugin `kv-user`"), ("tools_search", "meta-tool"), ("echo", "another of its tools")]
    {
        let directory = TempDir::new()?;
        let file = directory.path().join("sums.wasm");
        variant("echo", &file, aliased("sums", alias, &[]))?;
        let host = Options::with(&["kv-user"])?.file(file).start().await?;
        let tools = host.client("/mcp/full").await?.tools().await?;
        assert!(!tools.contains(&"add".to_owned()) && tools.contains(&"kv_set".to_owned()), "{alias}: {tools:?}");
        let listed = crate::policy::tandem(host.directory.path(), &["plugin", "list", "--json"]).await?;
        let all: Vec<Value> = serde_json::from_slice(&listed.stdout)?;
        let refused = all.iter().find(|plugin| plugin["file"] == "sums.wasm").cloned().unwrap_or_default();
        assert_eq!(refused["error"]["code"], "name-collision", "{refused}");
        assert!(refused["error"]["reason"].as_str().is_some_and(|reason| reason.contains(owner)), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn an_alias_that_does_not_fit_its_tool_is_not_packed() -> anyhow::Result<()> {
    for (rename, problem) in [
        ([("first", "c")], "`first` is renamed to `c`, which is not a parameter of the tool"),
        ([("b", "a")], "`b` is renamed, but is a parameter of the tool itself"),
    ] {
        let packed = variant_bytes("echo", aliased("sums", "sum_of_two", &rename));
        let error = packed.expect_err("it is refused").to_string();
        assert!(error.contains("alias `sum_of_two` of tool `add`") && error.contains(problem), "{error}");
    }
    Ok(())
}
