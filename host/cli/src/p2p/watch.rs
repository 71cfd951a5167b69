//! Following a task or a workflow to its end, with progress bars on a terminal and a line for each change elsewhere.

use std::{collections::HashMap, io::IsTerminal as _, time::Duration};

use anyhow::bail;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tandem_client::Session;

use super::table::{self, at};

/// Between two looks. A person sees no difference, and the host hardly notices.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Seconds that one question waits for a task's end.
const WAIT_S: u32 = 2;

/// What is drawn of a task that said how much there is to do.
const BAR: &str = "{spinner} {msg} [{elapsed}] {bar:32} {pos}/{len}";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn bar(template: &str) -> ProgressBar {
    ProgressBar::new(0).with_style(style(template))
}

fn said<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Follows a task.
pub(super) async fn task(host: &Session, id: &str, json: bool) -> anyhow::Result<()> {
    // Until its size is known, there is nothing to draw a part of.
    let bar = bar("{spinner} {msg} [{elapsed}]");
    let terminal = std::io::stderr().is_terminal() && !json;
    let mut before = String::new();
    loop {
        let status = host.structured("p2p_taskqueue_task_status", json!({"task_id": id})).await?;
        let state = said(&status, "state").to_owned();
        if terminal {
            if let Some(total) = at(&status, "/progress/total").as_u64().filter(|total| *total > 0) {
                bar.set_style(style(BAR));
                bar.set_length(total);
            }
            bar.set_position(at(&status, "/progress/current").as_u64().unwrap_or(0));
            bar.set_message(format!("{} {state}", said(&status, "tool")));
            bar.tick();
        } else if !json && state != before {
            table::print_line(&format!("{} {state}", said(&status, "tool")))?;
        }
        before.clone_from(&state);
        let result = host.structured("p2p_taskqueue_get_result", json!({"task_id": id, "wait_s": WAIT_S})).await?;
        if matches!(said(&result, "state"), "queued" | "running") {
            continue;
        }
        bar.finish_and_clear();
        table::print_json(&result)?;
        return match said(&result, "state") {
            "completed" => Ok(()),
            other => bail!("the task is {other}"),
        };
    }
}

/// Follows a workflow, a bar for all of it and a line for each step that runs.
pub(super) async fn workflow(host: &Session, id: &str, json: bool) -> anyhow::Result<()> {
    let terminal = std::io::stderr().is_terminal() && !json;
    let bars = MultiProgress::new();
    let whole = bars.add(bar("{msg} [{elapsed}] {bar:32} {pos}/{len}"));
    let mut steps: HashMap<String, (String, Option<ProgressBar>)> = HashMap::new();
    loop {
        let workflow = host.structured("p2p_workflow_status", json!({"workflow_id": id})).await?;
        let all = at(&workflow, "/steps").as_array().cloned().unwrap_or_default();
        let done = all.iter().filter(|step| !matches!(said(step, "state"), "pending" | "ready" | "running")).count();
        whole.set_length(all.len() as u64);
        whole.set_position(done as u64);
        whole.set_message(said(&workflow, "state").to_owned());
        for step in &all {
            let (name, state) = (said(step, "id").to_owned(), said(step, "state").to_owned());
            let known = steps.entry(name.clone()).or_default();
            if known.0 == state {
                continue;
            }
            let line = format!("{name} {state} {}", said(step, "peer"));
            match (terminal, state.as_str()) {
                (true, "running") => {
                    let bar = bars.add(bar("  {spinner} {msg} [{elapsed}]"));
                    bar.enable_steady_tick(Duration::from_millis(100));
                    bar.set_message(line);
                    known.1 = Some(bar);
                }
                (true, _) => {
                    if let Some(bar) = known.1.take() {
                        bar.finish_with_message(line);
                    }
                }
                (false, "pending" | "ready") => {}
                (false, _) if !json => table::print_line(line.trim_end())?,
                _ => {}
            }
            known.0 = state;
        }
        let state = said(&workflow, "state");
        if !matches!(state, "pending" | "running") {
            whole.finish();
            if json {
                table::print_json(&workflow)?;
            } else {
                table::print_line(state)?;
            }
            if state != "succeeded" {
                bail!("the workflow is {state}");
            }
            return Ok(());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
