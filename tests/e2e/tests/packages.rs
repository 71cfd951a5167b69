//! What is loaded is what was signed.

use serde_json::json;
use tandem_harness::{Options, plugin, raw_plugin};

#[tokio::test]
async fn a_tampered_plugin_is_left_out_and_the_host_serves_the_others() -> anyhow::Result<()> {
    let mut bytes = std::fs::read(plugin("echo")?)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let directory = tempfile::tempdir()?;
    let tampered = directory.path().join("tampered.wasm");
    std::fs::write(&tampered, bytes)?;
    let truncated = directory.path().join("truncated.wasm");
    let whole = std::fs::read(plugin("echo")?)?;
    std::fs::write(&truncated, whole.get(..whole.len() - 10).expect("it is longer"))?;
    let host = Options::with(&["kv-user"])?.file(tampered).file(truncated).start().await?;
    let tools = host.client("/mcp/full").await?.tools().await?;
    assert!(tools.iter().any(|tool| tool == "kv_get") && !tools.iter().any(|tool| tool == "echo"), "{tools:?}");
    let left_out = host.log().iter().filter(|line| line.to_string().contains("plugin left out")).count();
    assert_eq!(left_out, 2);
    Ok(())
}

#[tokio::test]
async fn a_plugin_whose_key_nobody_trusts_is_left_out() -> anyhow::Result<()> {
    let keys = tempfile::tempdir()?;
    let host = Options::with(&["echo"])?
        .env("TANDEM_PLUGINS__TRUST_ROOTS", &format!("{}/*.pub", keys.path().display()))
        .start()
        .await?;
    assert!(host.client("/mcp/full").await?.plugin_tools().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_second_plugin_with_the_same_tools_is_left_out_by_name() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let copy = directory.path().join("zecho.wasm");
    std::fs::copy(plugin("echo")?, &copy)?;
    let host = Options::with(&["echo"])?.file(copy).start().await?;
    let client = host.client("/mcp/full").await?;
    client.structured("add", json!({"a": 1, "b": 1})).await?;
    let reported = |text: &str| host.log().iter().any(|line| line.to_string().contains(text));
    assert!(reported("already taken by plugin `echo`"), "{:?}", host.log());
    drop(client);

    // Of another category, whose tool can be called otherwise.
    let host = Options::with(&["echo", "who"])?.start().await?;
    let reason = "tool `who_am_i` of plugin `who` is already taken by plugin `echo`; rename it with `plugins.prefixes`";
    assert!(host.log().iter().any(|line| line.to_string().contains(reason)), "{:?}", host.log());
    Ok(())
}

#[tokio::test]
async fn a_plugin_whose_tool_is_called_like_a_meta_tool_is_left_out_by_name() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let own_name = raw_plugin(directory.path(), "tools-search", "tools-only", "")?;
    // An operator's alias makes no exception.
    let alias = "plugins.aliases.echo = { add = \"tools_dispatch\" }";
    let host = Options::with(&["echo", "kv-user"])?.file(own_name).config(alias).start().await?;
    for (plugin, tool) in [("tools-search", "tools_search"), ("echo", "tools_dispatch")] {
        let reason = format!("tool `{tool}` of plugin `{plugin}` is already taken by meta-tool `{tool}` of this host");
        assert!(host.log().iter().any(|line| line.to_string().contains(&reason)), "{reason}: {:?}", host.log());
    }
    let client = host.client("/mcp").await?;
    let found = client.structured("tools_search", json!({"query": "kv"})).await?.to_string();
    assert!(found.contains("kv_get") && !found.contains("tools_search"), "{found}");
    Ok(())
}

#[tokio::test]
async fn a_poisoned_cache_entry_is_compiled_anew_and_reported() -> anyhow::Result<()> {
    let cache = tempfile::tempdir()?;
    let path = cache.path().display().to_string();
    let host = Options::with(&["echo"])?.env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &path).start().await?;
    host.stop().await?;
    for entry in std::fs::read_dir(cache.path())? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "cwasm") {
            let mut bytes = std::fs::read(&file)?;
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            std::fs::write(&file, bytes)?;
        }
    }
    let host = Options::with(&["echo"])?.env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &path).start().await?;
    let client = host.client("/mcp/full").await?;
    client.structured("add", json!({"a": 1, "b": 1})).await?;
    let reported = host.log().iter().any(|line| line.to_string().contains("not authentic"));
    assert!(reported, "{:?}", host.log());
    let records = crate::policy::tandem(host.directory.path(), &["audit", "export"]).await?;
    assert!(String::from_utf8(records.stdout)?.contains("plugin.recompiled"), "it is recorded");
    Ok(())
}

#[tokio::test]
async fn a_restart_compiles_nothing() -> anyhow::Result<()> {
    let cache = tempfile::tempdir()?;
    let path = cache.path().display().to_string();
    let loaded = |host: &tandem_harness::Host| {
        let said =
            |line: &serde_json::Value| Some(line["message"].as_str()?.strip_prefix("plugin loaded, ")?.to_owned());
        host.log().iter().filter_map(said).collect::<Vec<String>>()
    };
    let guests = ["echo", "kv-user", "stranger"];
    let start = || Options::with(&guests).map(|o| o.env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &path));
    let host = start()?.start().await?;
    assert_eq!(loaded(&host), ["compiled"; 3]);
    let written = |entry: std::io::Result<std::fs::DirEntry>| entry?.metadata()?.modified();
    let before = std::fs::read_dir(&cache)?.map(written).collect::<Result<Vec<_>, _>>()?;
    host.stop().await?;
    let host = start()?.start().await?;
    assert_eq!(loaded(&host), ["from the compiled-code cache"; 3]);
    let after = std::fs::read_dir(&cache)?.map(written).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(before, after, "nothing is written anew");
    assert_eq!(host.client("/mcp/full").await?.structured("add", json!({"a": 1, "b": 1})).await?["sum"], 2.0);
    Ok(())
}
