//! The graph category over several calls, also at once.

use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options};

async fn host() -> anyhow::Result<(Host, Client)> {
    let host = Options::with(&["graph"])?.config("[grants.graph]\nkv = true").in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let entities = json!([{"name": "Ada", "type": "Person"}, {"name": "Charles", "type": "Person"}]);
    let added = client.structured("graph_add_entities", json!({"entities": entities})).await?;
    assert_eq!(added["added"], 2, "{added}");
    Ok((host, client))
}

async fn facts(client: &Client) -> anyhow::Result<usize> {
    let query = json!({"query": "MATCH (a {name: 'Ada'}) RETURN size(a.observations)"});
    let found = client.structured("graph_query", query).await?;
    Ok(usize::try_from(found["rows"][0][0].as_u64().unwrap_or_default())?)
}

#[tokio::test]
async fn what_a_call_added_others_find_and_delete() -> anyhow::Result<()> {
    let (_host, client) = host().await?;
    let knows =
        json!({"relationships": [{"from": "Ada", "type": "KNOWS", "to": "Charles", "properties": {"since": 1833}}]});
    client.structured("graph_add_relationships", knows).await?;
    let query = json!({"query": "MATCH (a)-[r:KNOWS]->(b) RETURN a.name, r.since, b.name"});
    let found = client.structured("graph_query_cypher", query.clone()).await?;
    assert_eq!(found["rows"], json!([["Ada", 1833, "Charles"]]), "also by an older name");
    let deleted = client.structured("graph_delete", json!({"entities": ["Ada"]})).await?;
    assert_eq!((&deleted["entities"], &deleted["relationships"]), (&json!(1), &json!(1)));
    assert_eq!(client.structured("graph_query", query).await?["rows"], json!([]));
    let left = client.structured("graph_query", json!({"query": "MATCH (a) RETURN a.name"})).await?;
    assert_eq!(left["rows"], json!([["Charles"]]));
    Ok(())
}

#[tokio::test]
async fn observations_of_calls_at_once_are_all_kept_and_those_of_many_calls_too() -> anyhow::Result<()> {
    let (_host, client) = host().await?;
    let observe = |fact: usize| {
        let arguments: Value = json!({"entity": "Ada", "observations": [format!("Fact {fact}.")]});
        client.structured("graph_observe", arguments)
    };
    for answer in futures::future::join_all((0..8).map(observe)).await {
        assert_eq!(answer?["added"], 1);
    }
    assert_eq!(facts(&client).await?, 8);
    // The graph is written as a whole again on the way.
    for fact in 8..40 {
        observe(fact).await?;
    }
    assert_eq!(facts(&client).await?, 40);
    Ok(())
}
