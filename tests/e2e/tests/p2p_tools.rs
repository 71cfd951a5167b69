//! Each of the P2P tools answers for real and refuses what is wrong, through MCP, on a host of its own.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tandem_harness::{Client, Host, NOWHERE, text};
use tempfile::TempDir;

use crate::{
    mesh::{connected, host, member, until},
    p2p_fields::Seen,
};

/// The task and workflow id of nobody.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// A host that is nowhere.
const ABSENT: &str = "12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5";
/// Calls tools and remembers which answered and which refused.
struct Caller {
    client: Client,
    answered: BTreeSet<&'static str>,
    refused: BTreeSet<&'static str>,
    seen: Seen,
}

impl Caller {
    async fn ok(&mut self, tool: &'static str, arguments: Value) -> anyhow::Result<Value> {
        let answer = self.client.structured(tool, arguments.clone()).await;
        let answer = answer.map_err(|error| error.context(format!("{tool} {arguments}")))?;
        self.answered.insert(tool);
        self.seen.look(tool, &answer);
        Ok(answer)
    }

    async fn refused(&mut self, tool: &'static str, arguments: Value, why: &str) -> anyhow::Result<()> {
        let result = self.client.call(tool, arguments.clone()).await?;
        let said = format!("{} {:?}", text(&result), result.meta);
        assert!(result.is_error == Some(true) && said.contains(why), "{tool} {arguments}: `{why}` is not in {said}");
        // Whatever refuses, machines have a code to decide by.
        let error = result.structured_content.unwrap_or_default()["error"].clone();
        assert!(error["code"].is_string() && error["message"].is_string(), "{tool} {arguments}: {error}");
        self.refused.insert(tool);
        Ok(())
    }
}

#[tokio::test]
async fn each_of_the_tools_answers_and_refuses() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = host(&registry, &["echo"]).await?;
    let client = host.client("/mcp/full").await?;
    let listed: Vec<_> = client.tools().await?.into_iter().filter(|name| name.starts_with("p2p_")).collect();
    assert_eq!(listed.len(), 32, "{listed:?}");
    let mut caller = Caller { client, answered: BTreeSet::new(), refused: BTreeSet::new(), seen: Seen::default() };
    task_queue(&mut caller).await?;
    workflows(&mut caller).await?;
    peers(&mut caller).await?;
    bootstrap(&mut caller, host.directory.path()).await?;
    let _neighbours = neighbours(&mut caller, &registry).await?;
    // What was cancelled may still be on its way out.
    until(&caller.client, "p2p_taskqueue_status", json!({}), |queue| queue["running"] == 0).await?;
    // It stops the queue, so it comes last.
    caller.refused("p2p_taskqueue_shutdown", json!({"drain_s": -1}), "drain_s").await?;
    let drained = caller.ok("p2p_taskqueue_shutdown", json!({"drain_s": 1})).await?;
    assert_eq!(drained, json!({"drained": 0, "requeued": 0}));
    assert_eq!(caller.ok("p2p_taskqueue_status", json!({})).await?["paused"], true);
    outside(&mut caller).await?;
    let all: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(caller.answered, all, "each tool answered");
    assert_eq!(caller.refused, all, "each tool refused something");
    assert_eq!(caller.seen.missing(), [], "each field was seen");
    Ok(())
}

async fn task_queue(caller: &mut Caller) -> anyhow::Result<()> {
    let task = json!({"tool": "add", "arguments": {"a": 1, "b": 2}, "idempotency_key": "k", "tags": ["t"]});
    let first = caller.ok("p2p_taskqueue_submit", task.clone()).await?;
    let again = caller.ok("p2p_taskqueue_submit", task).await?;
    assert_eq!((&again["task_id"], &again["replayed"]), (&first["task_id"], &json!(true)));
    let other = json!({"tool": "add", "arguments": {"a": 9, "b": 2}, "idempotency_key": "k"});
    caller.refused("p2p_taskqueue_submit", other, "idempotency_conflict").await?;
    caller.refused("p2p_taskqueue_submit", json!({"tool": "ad", "arguments": {}}), "add").await?;
    let local = json!({"tool": "p2p_peer_list", "arguments": {}});
    caller.refused("p2p_taskqueue_submit", local, "cannot run as a task").await?;
    let long = json!({"tool": "add", "arguments": {"a": 1, "b": 1}, "timeout_s": 3_600});
    caller.refused("p2p_taskqueue_submit", long, "longer than the deadline of `add`").await?;
    let id = first["task_id"].clone();
    let result = caller.ok("p2p_taskqueue_get_result", json!({"task_id": id, "wait_s": 30})).await?;
    assert_eq!((&result["state"], &result["result"]["sum"]), (&json!("completed"), &json!(3.0)));
    caller.refused("p2p_taskqueue_get_result", json!({"task_id": NOBODY}), "not found").await?;
    let status = caller.ok("p2p_taskqueue_task_status", json!({"task_id": id})).await?;
    assert_eq!((&status["state"], &status["attempt"]), (&json!("completed"), &json!(1)));
    caller.refused("p2p_taskqueue_task_status", json!({"task_id": "x"}), "task_id").await?;

    let later = json!({"tool": "add", "arguments": {"a": 1, "b": 1}, "run_at": "2099-01-01T00:00:00Z"});
    caller.refused("p2p_taskqueue_submit", later.clone(), "run_at").await?;
    let slow = caller.ok("p2p_taskqueue_submit", json!({"tool": "sleep_ms", "arguments": {"ms": 60_000}})).await?;
    let slow = json!({"task_id": slow["task_id"]});
    let running = until(&caller.client, "p2p_taskqueue_task_status", slow.clone(), |s| s["state"] == "running").await?;
    let worker = running["worker"].clone();
    // The lease is a worker's of this host, and nobody else's.
    let mut beat = slow.clone();
    beat["fence"] = json!(1);
    caller.refused("p2p_taskqueue_heartbeat", beat.clone(), "stale_fence").await?;
    beat["outcome"] = json!("ok");
    caller.refused("p2p_taskqueue_finish", beat, "stale_fence").await?;
    let patch = json!({"task_id": slow["task_id"], "tags": ["x"], "metadata": {"a": 1}});
    let changed = caller.ok("p2p_taskqueue_update_task", patch).await?;
    assert_eq!((&changed["tags"], &changed["metadata"]), (&json!(["x"]), &json!({"a": 1})));
    caller.refused("p2p_taskqueue_update_task", json!({"task_id": id, "tags": []}), "conflict").await?;
    let moved = caller.ok("p2p_taskqueue_priority", json!({"task_id": slow["task_id"], "priority": 9})).await?;
    assert_eq!((&moved["old_priority"], &moved["priority"]), (&json!(5), &json!(9)));
    caller.refused("p2p_taskqueue_priority", json!({"task_id": id, "priority": 9}), "conflict").await?;
    let cancelled = caller.ok("p2p_taskqueue_cancel", json!({"task_id": slow["task_id"], "reason": "enough"})).await?;
    assert_eq!((&cancelled["state"], &cancelled["was"]), (&json!("running"), &json!("running")));
    // The guest is interrupted long before its minute is over.
    let wait = json!({"task_id": slow["task_id"], "wait_s": 25});
    assert_eq!(caller.ok("p2p_taskqueue_get_result", wait).await?["state"], "cancelled");
    caller.refused("p2p_taskqueue_cancel", json!({"task_id": id}), "conflict").await?;
    let again = caller.ok("p2p_taskqueue_resubmit", json!({"task_id": id, "arguments": {"a": 5, "b": 5}})).await?;
    assert_eq!(again["resubmitted_from"], id);
    let wait = json!({"task_id": again["task_id"], "wait_s": 30});
    assert_eq!(caller.ok("p2p_taskqueue_get_result", wait).await?["result"]["sum"], 10.0);
    caller.refused("p2p_taskqueue_resubmit", json!({"task_id": NOBODY}), "not found").await?;
    let wrong = json!({"tool": "add", "arguments": {"a": "one"}, "retry": {"policy": "none"}});
    let wrong = caller.ok("p2p_taskqueue_submit", wrong).await?;
    let wait = json!({"task_id": wrong["task_id"], "wait_s": 30});
    let failed = caller.ok("p2p_taskqueue_get_result", wait).await?;
    assert!(failed["state"] == "failed" && failed["error"].is_string(), "{failed}");
    caller.ok("p2p_taskqueue_task_status", json!({"task_id": wrong["task_id"]})).await?;
    let page = caller.ok("p2p_taskqueue_list_tasks", json!({"state": "completed", "limit": 1})).await?;
    assert_eq!((page["tasks"].as_array().map(Vec::len), &page["total"]), (Some(1), &json!(2)));
    let next = json!({"state": "completed", "limit": 1, "cursor": page["next_cursor"]});
    assert_eq!(caller.ok("p2p_taskqueue_list_tasks", next).await?["tasks"][0]["task_id"], id);
    caller.refused("p2p_taskqueue_list_tasks", json!({"cursor": "!"}), "cursor").await?;
    let nowhere = json!({"tool": "add", "arguments": {"a": 1, "b": 2}, "target_peer": ABSENT});
    let nowhere = caller.ok("p2p_taskqueue_submit", nowhere).await?["task_id"].clone();
    let waits = caller.ok("p2p_taskqueue_task_status", json!({"task_id": nowhere})).await?["waits_for"].clone();
    assert_eq!(waits["reason"], "target_unknown", "{waits}");
    let waiting = caller.ok("p2p_taskqueue_status", json!({})).await?["waiting"].clone();
    assert_eq!((&waiting[0]["reason"], &waiting[0]["tasks"]), (&json!("target_unknown"), &json!(1)), "{waiting}");
    caller.ok("p2p_taskqueue_cancel", json!({"task_id": nowhere})).await?;
    let numbers = caller.ok("p2p_taskqueue_status", json!({"detail": true})).await?;
    assert_eq!((&numbers["completed"], &numbers["cancelled"]), (&json!(2), &json!(2)), "{numbers}");
    assert_eq!(numbers["by_tool"]["add"]["completed"], 2, "{numbers}");
    caller.refused("p2p_taskqueue_status", json!({"detail": 1}), "detail").await?;
    let stats = caller.ok("p2p_taskqueue_worker_stats", json!({})).await?;
    assert_eq!((&stats["workers"][0]["peer_id"], &stats["workers"][0]["completed"]), (&worker, &json!(2)), "{stats}");
    caller.refused("p2p_taskqueue_worker_stats", json!({"worker": "nobody"}), "not found").await?;
    assert_eq!(caller.ok("p2p_taskqueue_discover_peers", json!({"timeout_s": 1})).await?, json!({"peers": []}));
    caller.refused("p2p_taskqueue_discover_peers", json!({"max_peers": 0}), "max_peers").await?;
    assert_eq!(caller.ok("p2p_taskqueue_announce", json!({})).await?["announced_to"], 0);
    caller.refused("p2p_taskqueue_announce", json!({"tools": ["nothing"]}), "nothing").await?;
    let large = json!({"tool": "echo", "arguments": {"text": "x".repeat(70_000)}});
    let large = caller.ok("p2p_taskqueue_submit", large).await?;
    let wait = json!({"task_id": large["task_id"], "wait_s": 30});
    assert!(caller.ok("p2p_taskqueue_get_result", wait).await?["result_cid"].is_string());
    Ok(())
}

/// A worker that speaks MCP alone, at a host that runs no tasks itself any more.
async fn outside(caller: &mut Caller) -> anyhow::Result<()> {
    caller.refused("p2p_taskqueue_claim", json!({"tools": []}), "tools").await?;
    let task = json!({"tool": "add", "arguments": {"a": 1, "b": 2}});
    let id = caller.ok("p2p_taskqueue_submit", task).await?["task_id"].clone();
    let claimed = caller.ok("p2p_taskqueue_claim", json!({"tools": ["add"], "wait_s": 1})).await?;
    let lease = claimed["tasks"][0].clone();
    assert_eq!((&lease["task_id"], &lease["arguments"]), (&id, &json!({"a": 1, "b": 2})), "{claimed}");
    let mut beat = json!({"task_id": id, "fence": 999});
    caller.refused("p2p_taskqueue_heartbeat", beat.clone(), "stale_fence").await?;
    beat["fence"] = lease["fence"].clone();
    beat["progress"] = json!({"current": 1, "total": 2, "message": "half"});
    assert_eq!(caller.ok("p2p_taskqueue_heartbeat", beat).await?["cancelled"], false);
    let status = caller.ok("p2p_taskqueue_task_status", json!({"task_id": id})).await?;
    assert_eq!(status["progress"], json!({"current": 1, "total": 2, "message": "half"}));
    let failed = json!({"task_id": id, "fence": lease["fence"], "outcome": "retry", "error": "not now"});
    assert_eq!(caller.ok("p2p_taskqueue_finish", failed).await?["state"], "queued");
    let again = json!({"tools": ["add"], "wait_s": 30});
    let fence = caller.ok("p2p_taskqueue_claim", again).await?["tasks"][0]["fence"].clone();
    let done = json!({"task_id": id, "fence": fence, "outcome": "ok", "result": {"sum": 3.0}});
    assert_eq!(caller.ok("p2p_taskqueue_finish", done).await?["state"], "completed");
    let result = caller.ok("p2p_taskqueue_get_result", json!({"task_id": id})).await?;
    assert_eq!(result["result"], json!({"sum": 3.0}), "{result}");
    Ok(())
}

async fn workflows(caller: &mut Caller) -> anyhow::Result<()> {
    let step =
        |id: &str, after: &[&str]| json!({"id": id, "tool": "add", "arguments": {"a": 1, "b": 1}, "depends_on": after});
    let workflow = json!({"name": "w", "steps": [step("a", &[]), step("b", &["a"])], "idempotency_key": "w"});
    let first = caller.ok("p2p_workflow_submit", workflow.clone()).await?;
    let again = caller.ok("p2p_workflow_submit", workflow).await?;
    assert_eq!((&again["workflow_id"], &again["replayed"]), (&first["workflow_id"], &json!(true)));
    for (steps, why) in [
        (json!([step("a", &["b"]), step("b", &["a"])]), "wait for each other"),
        (json!([step("a", &[]), step("a", &[])]), "two steps have the id"),
        (json!([{"id": "a", "tool": "nothing", "arguments": {}}]), "unknown tool"),
        (
            json!([step("a", &[]), {"id": "b", "tool": "add", "arguments": {"a": {"$from": "a", "path": ""}, "b": 1}}]),
            "`b`",
        ),
    ] {
        caller.refused("p2p_workflow_submit", json!({"name": "w", "steps": steps}), why).await?;
    }
    let id = json!({"workflow_id": first["workflow_id"]});
    let done = until(&caller.client, "p2p_workflow_status", id.clone(), |s| s["state"] == "succeeded").await?;
    assert_eq!(done["steps"][1]["state"], "succeeded", "{done}");
    assert_eq!(
        (&done["steps"][1]["result"], &done["coordinating_peers"][0]),
        (&json!({"sum": 2.0}), &done["coordinator"])
    );
    let of_it = caller.ok("p2p_taskqueue_list_tasks", json!({"workflow": first["workflow_id"]})).await?;
    let ids: Vec<_> = of_it["tasks"].as_array().into_iter().flatten().map(|task| &task["task_id"]).collect();
    assert_eq!(ids, [&done["steps"][1]["task_id"], &done["steps"][0]["task_id"]], "{of_it}");
    caller.ok("p2p_workflow_status", id.clone()).await?;
    caller.refused("p2p_workflow_status", json!({"workflow_id": NOBODY}), "not found").await?;
    for format in ["json", "dot", "mermaid"] {
        let mut asked = id.clone();
        asked["format"] = json!(format);
        caller.ok("p2p_workflow_get_dag", asked).await?;
    }
    caller.refused("p2p_workflow_get_dag", json!({"workflow_id": NOBODY}), "not found").await?;
    caller.refused("p2p_workflow_coordinate", id.clone(), "conflict").await?;
    caller.refused("p2p_workflow_cancel", id, "conflict").await?;

    let slow = json!({"id": "slow", "tool": "sleep_ms", "arguments": {"ms": 60_000}});
    let long = json!({"name": "long", "steps": [slow, step("after", &["slow"])], "tags": ["long"]});
    let long = caller.ok("p2p_workflow_submit", long).await?;
    let id = json!({"workflow_id": long["workflow_id"]});
    until(&caller.client, "p2p_workflow_status", id.clone(), |s| s["steps"][0]["state"] == "running").await?;
    let mut local = id.clone();
    local["strategy"] = json!("local");
    let assigned = caller.ok("p2p_workflow_coordinate", local).await?;
    assert_eq!(assigned["assignments"].as_array().map(Vec::len), Some(1), "only what has not started: {assigned}");
    let cancelled = caller.ok("p2p_workflow_cancel", id.clone()).await?;
    assert_eq!((&cancelled["state"], &cancelled["cancelled_steps"]), (&json!("cancelled"), &json!(2)));
    until(&caller.client, "p2p_workflow_status", id, |s| s["state"] == "cancelled").await?;
    let page = caller.ok("p2p_workflow_list", json!({"tag": "long"})).await?;
    assert_eq!((&page["workflows"][0]["state"], &page["total"]), (&json!("cancelled"), &json!(1)), "{page}");
    assert!(caller.ok("p2p_workflow_list", json!({"limit": 1})).await?["next_cursor"].is_string());
    caller.refused("p2p_workflow_list", json!({"state": "lost"}), "state").await?;
    let wrong = json!({"id": "wrong", "tool": "add", "arguments": {"a": "one"}});
    let wrong = caller.ok("p2p_workflow_submit", json!({"name": "wrong", "steps": [wrong]})).await?;
    let id = json!({"workflow_id": wrong["workflow_id"]});
    until(&caller.client, "p2p_workflow_status", id.clone(), |s| s["state"] == "failed").await?;
    let failed = caller.ok("p2p_workflow_status", id).await?;
    assert!(failed["steps"][0]["error"].is_string(), "{failed}");
    Ok(())
}

/// What is said of other hosts, as soon as there are some.
async fn neighbours(caller: &mut Caller, registry: &TempDir) -> anyhow::Result<[Host; 2]> {
    let neighbour = host(registry, &["progress"]).await?;
    connected(&caller.client, 1).await?;
    let found = caller.ok("p2p_taskqueue_discover_peers", json!({"tool": "progress_steps", "timeout_s": 5})).await?;
    assert_eq!(found["peers"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(caller.ok("p2p_taskqueue_announce", json!({})).await?["announced_to"], 1);
    let measured = |page: &Value| page["peers"][0]["rtt_ms"].is_number();
    until(&caller.client, "p2p_peer_list", json!({"state": "connected"}), measured).await?;
    caller.ok("p2p_peer_list", json!({"state": "connected"})).await?;
    caller.ok("p2p_peer_discover", json!({"sources": ["file"], "timeout_s": 1})).await?;
    let seen = caller.ok("p2p_peer_get_public_ip", json!({"methods": ["identify"]})).await?;
    assert_eq!((&seen["addresses"][0]["ip"], &seen["addresses"][0]["confirmations"]), (&json!("127.0.0.1"), &json!(1)));
    let another = host(registry, &["progress"]).await?;
    connected(&caller.client, 2).await?;
    let page = caller.ok("p2p_peer_list", json!({"limit": 1})).await?;
    assert_eq!((page["peers"].as_array().map(Vec::len), &page["total"]), (Some(1), &json!(2)), "{page}");
    Ok([neighbour, another])
}

async fn peers(caller: &mut Caller) -> anyhow::Result<()> {
    let registered = caller.ok("p2p_peer_register", json!({"ttl_s": 600, "metadata": {"zone": "a"}})).await?;
    assert_eq!(registered["registries"], json!(["file"]), "{registered}");
    let wrong = json!({"addresses": ["nowhere"]});
    caller.refused("p2p_peer_register", wrong, "addresses").await?;
    let found = caller.ok("p2p_peer_discover", json!({"sources": ["file", "dht"], "timeout_s": 1})).await?;
    assert_eq!((&found["peers"], &found["errors"][0]["source"]), (&json!([]), &json!("dht")), "{found}");
    caller.refused("p2p_peer_discover", json!({"sources": ["rumour"]}), "sources").await?;
    let tried = caller.ok("p2p_peer_bootstrap", json!({"nodes": [NOWHERE], "timeout_s": 5})).await?;
    assert_eq!((&tried["connected"], &tried["ready"]), (&json!(0), &json!(false)));
    assert_eq!(tried["failed"][0]["address"], NOWHERE, "{tried}");
    caller.refused("p2p_peer_bootstrap", json!({"nodes": ["/ip4/127.0.0.1/tcp/9"]}), "/p2p/").await?;
    let known = caller.ok("p2p_peer_list", json!({"state": "known"})).await?;
    assert_eq!(known["total"], 1, "the node that an operator named is known: {known}");
    caller.refused("p2p_peer_list", json!({"cursor": "!"}), "cursor").await?;
    let seen = caller.ok("p2p_peer_get_public_ip", json!({})).await?;
    assert_eq!(seen, json!({"addresses": [], "reachability": "unknown"}), "nobody is there to say");
    caller.refused("p2p_peer_get_public_ip", json!({"methods": ["guess"]}), "methods").await?;
    let dry = caller.ok("p2p_peer_cleanup", json!({"older_than_s": 0, "dry_run": true})).await?;
    let real = caller.ok("p2p_peer_cleanup", json!({"older_than_s": 0})).await?;
    assert_eq!(dry["removed"].as_array().map(Vec::len), real["removed"].as_array().map(Vec::len));
    caller.refused("p2p_peer_cleanup", json!({"older_than_s": "x"}), "older_than_s").await
}

async fn bootstrap(caller: &mut Caller, home: &std::path::Path) -> anyhow::Result<()> {
    std::fs::write(home.join("data/bootstrap/nodes.txt"), format!("# ours\n{NOWHERE}\n"))?;
    let nodes = caller.ok("p2p_bootstrap_from_file", json!({"connect": false})).await?;
    assert_eq!((&nodes["nodes"], &nodes["connected"]), (&json!([NOWHERE]), &json!(0)), "{nodes}");
    caller.refused("p2p_bootstrap_from_file", json!({"path": "../tandem.db"}), "path").await?;
    let nodes = caller.ok("p2p_bootstrap_from_env", json!({"connect": true})).await?;
    assert_eq!(nodes["failed"][0]["address"], NOWHERE, "{nodes}");
    caller.refused("p2p_bootstrap_from_env", json!({"variable": "HOME"}), "HOME").await?;
    let sources = caller.ok("p2p_bootstrap_list", json!({})).await?;
    let of = |name: &str| sources["sources"].as_array().and_then(|all| all.iter().find(|s| s["source"] == name));
    assert!(of("env").is_some_and(|env| env["last_error"].is_string()), "{sources}");
    // The list and the directory of records are two things.
    assert_eq!(of("file").map(|file| &file["nodes"]), Some(&json!(1)), "{sources}");
    assert_eq!(of("registry").map(|registry| &registry["nodes"]), Some(&json!(0)), "{sources}");
    caller.refused("p2p_bootstrap_list", json!({"all": true}), "all").await?;
    caller.refused("p2p_bootstrap_from_public", json!({}), "public-nodes").await?;
    // What the operator does not allow cannot be tried; that it answers where he does is the test below.
    caller.answered.insert("p2p_bootstrap_from_public");
    Ok(())
}

#[tokio::test]
async fn public_nodes_are_named_where_the_operator_allows_them() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = member(&registry, &[])?.config("public-nodes = true").start().await?;
    let client = host.client("/mcp/full").await?;
    let answer = client.structured("p2p_bootstrap_from_public", json!({"connect": false})).await?;
    assert_eq!((answer["nodes"].as_array().map(Vec::len), &answer["connected"]), (Some(4), &json!(0)), "{answer}");
    Seen::default().look("p2p_bootstrap_from_public", &answer);
    Ok(())
}

#[tokio::test]
async fn tasks_and_workflows_of_another_tenant_are_not_found() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let hash = |key: &str| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(key));
    let tenant = |name: &str| format!("[tenants.{name}]\nkeys = ['${{file:{{home}}/{name}}}']\n");
    let host = member(&registry, &["echo"])?
        .config(&format!("{}{}", tenant("good"), tenant("bad")))
        .write("good", &hash("good"))
        .write("bad", &hash("bad"))
        .start()
        .await?;
    let (good, bad) = (host.client_as("/mcp/full", "good").await?, host.client_as("/mcp/full", "bad").await?);
    let task = json!({"tool": "add", "arguments": {"a": 1, "b": 2}, "idempotency_key": "k"});
    let mine = good.structured("p2p_taskqueue_submit", task.clone()).await?;
    let id = json!({"task_id": mine["task_id"]});
    for tool in ["task_status", "get_result", "cancel", "resubmit"] {
        let error = bad.structured(&format!("p2p_taskqueue_{tool}"), id.clone()).await.unwrap_err().to_string();
        assert!(error.contains("not found"), "{tool}: {error}");
    }
    // The same key is another one, and its own list is all that a tenant sees.
    assert_eq!(bad.structured("p2p_taskqueue_submit", task).await?["replayed"], false);
    assert_eq!(bad.structured("p2p_taskqueue_list_tasks", json!({})).await?["total"], 1);
    let step = json!({"id": "a", "tool": "add", "arguments": {"a": 1, "b": 1}});
    let flow = good.structured("p2p_workflow_submit", json!({"name": "w", "steps": [step]})).await?;
    let id = json!({"workflow_id": flow["workflow_id"]});
    for tool in ["status", "cancel", "get_dag", "coordinate"] {
        let error = bad.structured(&format!("p2p_workflow_{tool}"), id.clone()).await.unwrap_err().to_string();
        assert!(error.contains("not found"), "{tool}: {error}");
    }
    // What concerns everybody is the operator's.
    let node = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5";
    for (tool, arguments) in [
        ("p2p_taskqueue_shutdown", json!({})),
        ("p2p_taskqueue_announce", json!({})),
        ("p2p_taskqueue_worker_stats", json!({})),
        ("p2p_peer_register", json!({})),
        ("p2p_peer_bootstrap", json!({"nodes": [node]})),
    ] {
        let error = bad.structured(tool, arguments).await.unwrap_err().to_string();
        assert!(error.contains("tandem:operate"), "{tool}: {error}");
    }
    Ok(())
}
