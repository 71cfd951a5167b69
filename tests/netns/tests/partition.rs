//! A network that is parted while tasks run on the far side of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tandem_harness::SWARM_KEY;
use tandem_netns::{Lab, Node};
use tempfile::TempDir;

use crate::support::{ended, host, in_state, registry, submit, until};

/// How long the network is parted: as long as a lease.
const PARTED: Duration = Duration::from_secs(30);
/// How long the far host's task runs: it ends while the host cannot say so, and well below the 10 s that a tool may take.
const TASK_MS: u32 = 6_000;

const QUEUE: usize = 0;
const FAR: usize = 1;
const STRANGE: usize = 2;
const NEAR: usize = 3;

/// The queue's host gives one task to a host and another to a worker outside any host, and loses sight of both. Their leases end
/// and a third host does the work. What they hand in when the network is whole again comes too late.
pub(crate) async fn run() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(4, 30)?, TempDir::new()?);
    let discovery = registry(&directory);
    let starts = [QUEUE, FAR].map(|place| host(&lab, place, if place == FAR { &["echo"] } else { &[] }, &discovery));
    let nodes = futures::future::try_join_all(starts).await?;
    let (queue, far) = (&nodes[0], &nodes[1]);
    let theirs = far.peer_id().await?;
    let client = queue.client().await?;

    // A worker of the test claims a task, before any host is there that could.
    let mut peer = lab.peer(STRANGE, SWARM_KEY)?;
    let address = format!("{}/p2p/{}", Node::listens(QUEUE), queue.peer_id().await?);
    let mut wire = peer.stream(&address.parse()?).await?;
    wire.tell("tandem/announce", json!({"tools": ["progress_steps"], "capacity": 1, "free": 1, "ttl_s": 300})).await?;
    let claimed = submit(&client, "progress_steps", json!({"steps": 1})).await?;
    let answer = wire.ask("tasks/claim", json!({"tools": ["progress_steps"], "max": 1, "lease_s": 30})).await?;
    let lease = answer["result"]["tasks"][0].clone();
    assert_eq!((&lease["id"], &lease["fence"]), (&claimed, &json!(1)), "{answer}");
    let slept = submit(&client, "sleep_ms", json!({"ms": TASK_MS})).await?;
    let running = in_state(&client, &slept, "running").await?;
    assert_eq!(running["worker"], json!(theirs), "{running}");
    let renewed = wire.ask("tasks/renew", json!({"leases": [{"id": lease["id"], "fence": lease["fence"]}]})).await?;
    assert_eq!(renewed["result"]["leases"][0]["state"], "extended", "{renewed}");

    lab.switch().part(&[FAR, STRANGE]);
    let cut = Instant::now();
    let near = host(&lab, NEAR, &["echo", "progress"], &discovery).await?;
    let mine = near.peer_id().await?;
    // Both come back to the queue when their leases end, and only then.
    let taken_by_near = |task: Value| {
        let (client, mine) = (&client, json!(mine));
        async move {
            let taken = |status: &Value| status["worker"] == mine;
            let status = until(client, "p2p_taskqueue_task_status", json!({"task_id": task}), taken).await?;
            assert_eq!(status["attempt"], 2, "{status}");
            anyhow::Ok(cut.elapsed())
        }
    };
    let (first, second) = tokio::try_join!(taken_by_near(claimed.clone()), taken_by_near(slept.clone()))?;
    let taken = first.max(second);
    tokio::time::sleep(PARTED.saturating_sub(cut.elapsed())).await;
    lab.switch().heal();
    let healed = Instant::now();

    // The worker hands in what it did, with the fence that it was given.
    let finish = json!({"id": lease["id"], "fence": lease["fence"], "outcome": "ok", "result": {"text": "late"}});
    let late = wire.ask("tasks/finish", finish).await?;
    assert_eq!(late["error"]["data"]["reason"], "stale_fence", "{late}");
    let refused = healed.elapsed();
    // So does the host; and it says that it was refused, or that it learnt it first.
    let given_up = |lines: Vec<Value>| {
        let about = |line: &Value| line["task"] == slept || line["task"] == json!(slept.as_str());
        lines.iter().any(|line| {
            let said = line["message"].as_str().unwrap_or_default();
            about(line) && (said.contains("task outcome rejected") || said.contains("task stopped"))
        })
    };
    let end = Instant::now() + Duration::from_secs(120);
    while !given_up(far.host().log()) {
        anyhow::ensure!(Instant::now() < end, "the far host does not learn of it: {:#?}", far.host().log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let learnt = healed.elapsed();
    let result = ended(&client, &slept).await?;
    assert_eq!(result["state"], "completed", "{result}");
    let counted = ended(&client, &claimed).await?;
    assert!(counted["state"] == "completed" && !counted.to_string().contains("late"), "{counted}");
    let last = client.structured("p2p_taskqueue_task_status", json!({"task_id": slept})).await?;
    assert_eq!((&last["worker"], &last["attempt"]), (&json!(mine), &json!(2)), "one completion counts: {last}");

    // The far host is of use again.
    let target = json!({"tool": "add", "arguments": {"a": 1, "b": 1}, "target_peer": theirs});
    let task = client.structured("p2p_taskqueue_submit", target).await?["task_id"].clone();
    let back = ended(&client, &task).await?;
    assert_eq!(back["state"], "completed", "{back}");
    Ok(format!(
        "parted for {:.0} s; both tasks were on another host {:.1} s after the cut; after the healing the stale completion was refused within {:.1} s, the far host knew within {:.1} s and ran tasks again within {:.1} s",
        PARTED.as_secs_f64(),
        taken.as_secs_f64(),
        refused.as_secs_f64(),
        learnt.as_secs_f64(),
        healed.elapsed().as_secs_f64()
    ))
}
