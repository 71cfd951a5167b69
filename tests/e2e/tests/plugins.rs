//! The shipped categories in the real sandbox, on real files.

use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, root};

async fn start() -> anyhow::Result<(Host, Client)> {
    let data = root().join("examples/data");
    let host = Options::with(&["dataset", "vector", "search"])?
        .config("[grants.dataset]\nfs.data = { path = \"{home}/files\", mode = \"read-write\" }")
        .start()
        .await?;
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        if let Some(name) = path.file_name() {
            std::fs::copy(&path, host.directory.path().join("files").join(name))?;
        }
    }
    let client = host.client("/mcp/full").await?;
    Ok((host, client))
}

/// How many times `needle` stands in the JSON text.
fn count(value: &Value, needle: &str) -> usize {
    value.to_string().matches(needle).count()
}

#[tokio::test]
async fn a_dataset_is_loaded_converted_and_processed() -> anyhow::Result<()> {
    let (host, client) = start().await?;
    let page = client.structured("dataset_load", json!({"path": "data/countries.csv", "limit": 2})).await?;
    assert!(count(&page, "Argentina") == 1 && count(&page, "Austria") == 0, "{page}");
    client.structured("dataset_convert", json!({"from": "data/countries.csv", "to": "data/c.parquet"})).await?;
    assert!(host.directory.path().join("files/c.parquet").exists());
    let back = client.structured("dataset_load", json!({"path": "data/c.parquet", "limit": 2})).await?;
    assert_eq!(count(&back, "Argentina"), 1, "{back}");
    let steps = json!([
        {"step": "filter", "where": {"op": "eq", "column": "name", "value": "Austria"}},
        {"step": "select", "columns": ["capital"]},
    ]);
    let found = client.structured("dataset_process", json!({"path": "data/countries.csv", "steps": steps})).await?;
    assert!(count(&found, "Vienna") == 1 && count(&found, "Canberra") == 0, "{found}");
    assert!(client.structured("dataset_load", json!({"path": "other/countries.csv"})).await.is_err());
    Ok(())
}

#[tokio::test]
async fn vectors_are_found_again_after_a_crash() -> anyhow::Result<()> {
    let (host, client) = start().await?;
    let create = json!({"collection": "docs", "dimensions": 3, "metric": "cosine", "index": "hnsw"});
    client.structured("vector_create", create).await?;
    let items = json!([
        {"id": "a", "vector": [1, 0, 0], "metadata": {"lang": "en"}},
        {"id": "b", "vector": [0, 1, 0], "metadata": {"lang": "de"}},
    ]);
    client.structured("vector_add", json!({"collection": "docs", "items": items})).await?;
    let host = host.crash_and_restart().await?;
    let client = host.client("/mcp/full").await?;
    let search = json!({"collection": "docs", "vector": [1, 0.1, 0], "k": 1});
    let found = client.structured("vector_search", search).await?;
    assert_eq!(found["matches"][0]["id"], "a", "{found}");
    Ok(())
}

#[tokio::test]
async fn documents_are_ranked() -> anyhow::Result<()> {
    let (_host, client) = start().await?;
    let fields = json!([{"name": "title", "type": "text", "language": "english"}]);
    client.structured("search_create", json!({"index": "books", "fields": fields})).await?;
    let documents = json!([
        {"id": "1", "fields": {"title": "Hunting the whale"}},
        {"id": "2", "fields": {"title": "Gardens of the north"}},
    ]);
    client.structured("search_index", json!({"index": "books", "documents": documents})).await?;
    let found = client.structured("search_query", json!({"index": "books", "query": "whales"})).await?;
    assert_eq!((&found["hits"][0]["id"], found["hits"].as_array().map(Vec::len)), (&json!("1"), Some(1)), "{found}");
    Ok(())
}
