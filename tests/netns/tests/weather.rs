//! Networks that lose and delay.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tandem_harness::Client;
use tandem_netns::{Lab, Link, Node};
use tempfile::TempDir;

use crate::support::{ended, host, is_over, meshed, quantile, registry, submit, submit_workflow, until};

/// Tasks of one run.
const TASKS: u32 = 40;

/// Two hosts that have the tool, and one that has the queue.
async fn three(lab: &Lab, directory: &TempDir) -> anyhow::Result<Vec<Node>> {
    let discovery = registry(directory);
    let plugins: [&[&str]; 3] = [&[], &["echo"], &["echo"]];
    futures::future::try_join_all((0..3).map(|place| host(lab, place, plugins[place], &discovery))).await
}

pub(crate) async fn lossy() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(3, 20)?, TempDir::new()?);
    lab.switch().all(Link::lossy(0.2));
    let nodes = three(&lab, &directory).await?;
    let start = Instant::now();
    let clients = meshed(&nodes).await?;
    let met = start.elapsed();
    let client = &clients[0];
    let (start, mut tasks) = (Instant::now(), Vec::new());
    for number in 0..TASKS {
        tasks.push((number, submit(client, "add", json!({"a": number, "b": 1})).await?));
    }
    let mut done = 0;
    for (number, task) in &tasks {
        let result = ended(client, task).await?;
        assert_eq!(result["result"], json!({"sum": f64::from(number + 1)}), "{result}");
        done += 1;
    }
    let took = start.elapsed();
    let workflow = across(client).await?;
    let counts = lab.switch().counts();
    let share = counts.lost as f64 / (counts.lost + counts.passed) as f64;
    assert!((0.15..0.25).contains(&share), "the switch loses what it was told to: {counts:?}");
    Ok(format!(
        "{:.1} % of the frames lost; all connected after {:.1} s; {done} of {TASKS} tasks ended well in {:.1} s, and a workflow of 4 steps in {:.1} s",
        share * 100.0,
        met.as_secs_f64(),
        took.as_secs_f64(),
        workflow.as_secs_f64()
    ))
}

pub(crate) async fn slow() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(3, 21)?, TempDir::new()?);
    lab.switch().all(Link { jitter: Duration::from_millis(5), ..Link::slow(Duration::from_millis(100)) });
    let nodes = three(&lab, &directory).await?;
    let start = Instant::now();
    let clients = meshed(&nodes).await?;
    let met = start.elapsed();
    let client = &clients[0];
    // The hosts measure it themselves, a while after they have met.
    let peers = until(client, "p2p_taskqueue_discover_peers", json!({"tool": "add", "timeout_s": 1}), |answer| {
        let measured = |peer: &Value| peer["rtt_ms"].as_f64().is_some_and(|rtt| rtt >= 200.0);
        answer["peers"].as_array().is_some_and(|peers| peers.len() == 2 && peers.iter().all(measured))
    });
    let peers = peers.await?;
    let rtt = peers["peers"].as_array().into_iter().flatten().filter_map(|peer| peer["rtt_ms"].as_f64());
    let rtt = rtt.fold(0.0, f64::max);
    let mut times = Vec::new();
    for number in 0..TASKS / 2 {
        let start = Instant::now();
        let task = submit(client, "add", json!({"a": number, "b": 1})).await?;
        let result = ended(client, &task).await?;
        assert_eq!(result["state"], "completed", "{result}");
        times.push(start.elapsed());
    }
    let workflow = across(client).await?;
    Ok(format!(
        "the hosts measure {rtt:.0} ms; all connected after {:.1} s; a task from submit to result {} ms (median), {} ms (worst); a workflow of 4 steps in a row {:.1} s",
        met.as_secs_f64(),
        quantile(&mut times, 0.5).as_millis(),
        quantile(&mut times, 1.0).as_millis(),
        workflow.as_secs_f64()
    ))
}

/// A workflow of four steps, each of which needs the one before.
async fn across(client: &Client) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let step = |id: u32| match id {
        0 => json!({"id": "s0", "tool": "add", "arguments": {"a": 1, "b": 1}}),
        _ => json!({
            "id": format!("s{id}"), "tool": "add", "depends_on": [format!("s{}", id - 1)],
            "arguments": {"a": {"$from": format!("s{}", id - 1), "path": "/sum"}, "b": 1},
            "retry": {"policy": "exponential", "max_attempts": 5},
        }),
    };
    let steps: Vec<_> = (0..4).map(step).collect();
    let id = submit_workflow(client, "weather", json!(steps)).await?;
    let status = until(client, "p2p_workflow_status", id, is_over).await?;
    assert_eq!(status["state"], "succeeded", "{status}");
    Ok(start.elapsed())
}
