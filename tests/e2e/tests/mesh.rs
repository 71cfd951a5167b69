//! Several hosts on loopback: they find each other, run each other's tasks, and workflows across all of them.

use std::time::Duration;

use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options};
use tempfile::TempDir;

/// How long hosts may take to find each other, or a task to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A call in the reactor lane of an unoptimised host may take ten times the default on a slow machine.
const REACTOR_CPU: &str = "500ms";

/// They find each other by this directory.
pub(crate) fn discovery(registry: &TempDir) -> String {
    format!("directory = \"{}\"\nloopback = true", registry.path().display())
}

/// A host of the tests' network with these plugins beside the P2P ones.
pub(crate) fn member(registry: &TempDir, plugins: &[&str]) -> anyhow::Result<Options> {
    let options = Options::member(plugins, &["/ip4/127.0.0.1/tcp/0"], &discovery(registry))?;
    Ok(options.env("TANDEM_REACTOR__CPU", REACTOR_CPU))
}

pub(crate) async fn host(registry: &TempDir, plugins: &[&str]) -> anyhow::Result<Host> {
    member(registry, plugins)?.start().await
}

/// Waits until a question has the answer that is hoped for.
pub(crate) async fn until(
    client: &Client,
    tool: &str,
    arguments: Value,
    good: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = client.structured(tool, arguments.clone()).await?;
        if good(&answer) {
            return Ok(answer);
        }
        anyhow::ensure!(tokio::time::Instant::now() < end, "{tool}: {answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until a host is connected with so many others, and knows what they run.
pub(crate) async fn connected(client: &Client, count: usize) -> anyhow::Result<Vec<Value>> {
    let answer = until(client, "p2p_peer_list", json!({}), |answer| {
        let peers = answer["peers"].as_array().cloned().unwrap_or_default();
        peers.iter().filter(|peer| peer["tools"].as_array().is_some_and(|tools| !tools.is_empty())).count() >= count
    });
    Ok(answer.await?["peers"].as_array().cloned().unwrap_or_default())
}

pub(crate) async fn ended(client: &Client, task: &Value) -> anyhow::Result<Value> {
    let wait = json!({"task_id": task["task_id"], "wait_s": 60});
    client.structured("p2p_taskqueue_get_result", wait).await
}

#[tokio::test]
async fn a_task_submitted_here_runs_on_the_host_that_has_the_tool() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let (here, there) = (host(&registry, &["progress"]).await?, host(&registry, &["echo"]).await?);
    let (client, other) = (here.client("/mcp/full").await?, there.client("/mcp/full").await?);
    connected(&client, 1).await?;
    let me = connected(&other, 1).await?[0]["peer_id"].clone();
    let task =
        client.structured("p2p_taskqueue_submit", json!({"tool": "add", "arguments": {"a": 20, "b": 22}})).await?;
    assert_eq!(task["state"], "queued");
    let result = ended(&client, &task).await?;
    assert_eq!((&result["state"], &result["result"]), (&json!("completed"), &json!({"sum": 42.0})), "{result}");
    let status = client.structured("p2p_taskqueue_task_status", json!({"task_id": task["task_id"]})).await?;
    assert!(status["worker"].is_string() && status["worker"] != me, "another host ran it: {status}");
    // The other host keeps nothing of it: the task is of the queue here.
    let error = other.structured("p2p_taskqueue_task_status", json!({"task_id": task["task_id"]})).await;
    assert!(error.unwrap_err().to_string().contains("not found"), "it is no task of the other host");
    // And the other way round.
    let back = json!({"tool": "progress_steps", "arguments": {"steps": 3}, "target_peer": me});
    let back = other.structured("p2p_taskqueue_submit", back).await?;
    let result = ended(&other, &back).await?;
    assert_eq!(result["state"], "completed", "{result}");
    Ok(())
}

#[tokio::test]
async fn a_workflow_runs_across_three_hosts() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let first = host(&registry, &["progress"]).await?;
    let (second, third) = (host(&registry, &["echo"]).await?, host(&registry, &["echo"]).await?);
    let client = first.client("/mcp/full").await?;
    let peers = connected(&client, 2).await?;
    let others: Vec<_> = peers.iter().map(|peer| peer["peer_id"].clone()).collect();
    let add = |id: &str, a: Value, b: Value, after: &[&str]| json!({"id": id, "tool": "add", "arguments": {"a": a, "b": b}, "depends_on": after});
    let from = |step: &str| json!({"$from": step, "path": "/sum"});
    let steps = json!([
        add("one", json!(1), json!(2), &[]),
        add("two", from("one"), json!(10), &["one"]),
        add("three", from("one"), json!(100), &["one"]),
        add("sum", from("two"), from("three"), &["two", "three"]),
        {"id": "report", "tool": "progress_steps", "arguments": {"steps": 2}, "depends_on": ["sum"]},
    ]);
    let submitted = client.structured("p2p_workflow_submit", json!({"name": "sums", "steps": steps})).await?;
    assert_eq!((&submitted["steps_total"], &submitted["replayed"]), (&json!(5), &json!(false)));
    let id = json!({"workflow_id": submitted["workflow_id"]});
    let done = until(&client, "p2p_workflow_status", id.clone(), |status| {
        matches!(status["state"].as_str(), Some("succeeded" | "failed" | "cancelled"))
    });
    let done = done.await?;
    assert_eq!((&done["state"], &done["progress"]), (&json!("succeeded"), &json!(1.0)), "{done}");
    for step in done["steps"].as_array().expect("steps") {
        let elsewhere = others.contains(&step["peer"]);
        assert_eq!(elsewhere, step["id"] != "report", "each ran where its tool is: {step}");
    }
    assert_eq!(done["clock"].as_array().map(Vec::len), Some(1), "one frontier: {done}");
    let dag = client.structured("p2p_workflow_get_dag", id).await?;
    let path: Vec<_> =
        dag["dag"]["critical_path"]["steps"].as_array().expect("a path").iter().map(|s| s["id"].clone()).collect();
    assert_eq!((path.first(), path.last()), (Some(&json!("one")), Some(&json!("report"))), "{dag}");
    drop((second, third));
    Ok(())
}

#[tokio::test]
async fn a_killed_host_resumes_its_workflow_without_running_a_completed_step_again() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let here = host(&registry, &["echo", "progress"]).await?;
    let client = here.client("/mcp/full").await?;
    let steps = json!([
        {"id": "first", "tool": "add", "arguments": {"a": 1, "b": 1}},
        {"id": "slow", "tool": "sleep_ms", "arguments": {"ms": 2_500}, "depends_on": ["first"]},
        {"id": "last", "tool": "add", "arguments": {"a": {"$from": "first", "path": "/sum"}, "b": 1}, "depends_on": ["slow"]},
    ]);
    let submitted = client.structured("p2p_workflow_submit", json!({"name": "resumed", "steps": steps})).await?;
    let id = json!({"workflow_id": submitted["workflow_id"]});
    let running = |status: &Value| {
        let states: Vec<_> = status["steps"].as_array().into_iter().flatten().map(|s| s["state"].clone()).collect();
        states == [json!("succeeded"), json!("running"), json!("pending")]
    };
    let before = until(&client, "p2p_workflow_status", id.clone(), running).await?;
    drop(client);
    let here = here.crash_and_restart().await?;
    let client = here.client("/mcp/full").await?;
    let ended = |status: &Value| matches!(status["state"].as_str(), Some("succeeded" | "failed" | "cancelled"));
    // Before the leases of the host that died would have ended, 30 s after it.
    let soon = Duration::from_secs(25);
    let after = tokio::time::timeout(soon, until(&client, "p2p_workflow_status", id.clone(), ended)).await??;
    assert_eq!(after["state"], "succeeded", "{after}");
    let first = |status: &Value| status["steps"][0].clone();
    assert_eq!(first(&after), first(&before), "the completed step is as it was");
    assert_eq!(after["steps"][1]["attempt"], 2, "the interrupted one ran again: {after}");
    Ok(())
}

#[tokio::test]
async fn a_step_runs_from_its_claim_to_its_end_also_beside_others() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = host(&registry, &["echo"]).await?;
    let client = host.client("/mcp/full").await?;
    let sleep = |id: &str, ms: u32| json!({"id": id, "tool": "sleep_ms", "arguments": {"ms": ms}});
    let mut steps = vec![sleep("long", 900), sleep("short", 300)];
    steps.push(json!({"id": "last", "tool": "add", "arguments": {"a": 1, "b": 1}, "depends_on": ["long", "short"]}));
    let submitted = client.structured("p2p_workflow_submit", json!({"name": "beside", "steps": steps})).await?;
    let id = json!({"workflow_id": submitted["workflow_id"]});
    // The journal says that both run while they do, and by whom.
    let step = |status: &Value, at: usize, key: &str| status["steps"][at][key].clone();
    until(&client, "p2p_workflow_status", id.clone(), |status| {
        (0..2).all(|at| step(status, at, "state") == "running" && step(status, at, "started_at").is_string())
    })
    .await?;
    let done = until(&client, "p2p_workflow_status", id.clone(), |status| status["state"] == "succeeded").await?;
    assert_eq!(done["name"], "beside", "{done}");
    let dag = client.structured("p2p_workflow_get_dag", id).await?;
    let nodes = dag["dag"]["nodes"].as_array().expect("nodes");
    for (node, (id, ms)) in nodes.iter().zip([("long", 900), ("short", 300)]) {
        assert_eq!(node["id"], id);
        assert!(node["duration_ms"].as_u64() >= Some(ms), "{node}");
    }
    let path = &dag["dag"]["critical_path"];
    assert_eq!((&path["steps"][0]["id"], &path["steps"][1]["id"]), (&json!("long"), &json!("last")), "{path}");
    assert!(path["duration_ms"].as_u64() >= Some(900), "{path}");
    Ok(())
}

#[tokio::test]
async fn strangers_are_not_let_in() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let here = host(&registry, &["echo"]).await?;
    let client = here.client("/mcp/full").await?;
    let stranger = member(&registry, &[])?.env("TEST_SWARM_KEY", &"00".repeat(32)).start().await?;
    let other = stranger.client("/mcp/full").await?;
    // They know of each other by the registry, and each tries.
    until(&other, "p2p_peer_list", json!({"state": "known"}), |answer| answer["total"] != 0).await?;
    let tried = other.structured("p2p_peer_bootstrap", json!({"timeout_s": 10})).await?;
    assert_eq!((&tried["connected"], &tried["ready"]), (&json!(0), &json!(false)), "{tried}");
    let none = client.structured("p2p_peer_list", json!({})).await?;
    assert_eq!(none["total"], 0, "{none}");
    Ok(())
}

/// What one of the peers is seen to have, once it has this tool and not that one.
async fn sees(client: &Client, tool: &str, not: &str) -> anyhow::Result<Value> {
    let has = |peer: &Value, name: &str| peer["tools"].as_array().is_some_and(|tools| tools.contains(&json!(name)));
    until(client, "p2p_peer_list", json!({}), |answer| {
        let peers = answer["peers"].as_array().cloned().unwrap_or_default();
        peers.iter().any(|peer| has(peer, tool) && !has(peer, not))
    })
    .await
}

#[tokio::test]
async fn a_peer_calls_as_its_configured_tenant_and_sighup_changes_it() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let (known, stranger) = (host(&registry, &[]).await?, host(&registry, &[]).await?);
    let (client, other) = (known.client("/mcp/full").await?, stranger.client("/mcp/full").await?);
    let me = client.structured("p2p_peer_register", json!({})).await?["peer_id"].clone();
    let tenants = format!(
        "[p2p.tenants]\n{} = 'adds'\n[tenants.adds]\ncategories = ['echo']\n[tenants.peers]\ncategories = ['progress']\n",
        me.as_str().unwrap_or_default(),
    );
    let shared = member(&registry, &["echo", "progress"])?.config(&tenants).start().await?;
    sees(&client, "add", "progress_steps").await?;
    sees(&other, "progress_steps", "add").await?;
    let file = shared.directory.path().join("tandem.toml");
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(file, text.replace(" = 'adds'", " = 'peers'"))?;
    shared.signal("HUP").await?;
    sees(&client, "progress_steps", "add").await?;
    Ok(())
}
