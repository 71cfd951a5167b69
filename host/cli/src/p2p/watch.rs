//! Following a task or a workflow to its end, with progress bars on a terminal and a line for each change elsewhere.

use std::{collections::HashMap, io::Write as _, time::Duration};

use anyhow::bail;
use indicatif::ProgressBar;
use serde_json::Value;
use tandem_client::Session;

use crate::{
    progress,
    table::{at, list, print_either, text},
    terminal,
};

/// What is drawn of a task; until its size is known, there is nothing to draw a part of.
const UNKNOWN: &str = "{spinner} {msg} [{elapsed}]";
const KNOWN: &str = "{spinner} {msg} [{elapsed}] {bar:32} {pos}/{len}";
/// What is drawn of a workflow and of its steps.
const WORKFLOW: &str = "{msg} [{elapsed}] {bar:32} {pos}/{len}";
const STEP: &str = "  {spinner} {msg} [{elapsed}]";

/// Whether bars are drawn, and whether lines are printed.
fn ways(json: bool) -> (bool, bool) {
    let terminal = progress::is_drawn();
    (terminal && !json, !terminal && !json)
}

/// Follows a task.
pub(super) async fn task(host: &Session, id: &str, json: bool) -> anyhow::Result<()> {
    let (drawn, printed) = ways(json);
    let bar = progress::bar(UNKNOWN, drawn);
    let mut before = String::new();
    let followed = host.follow_task(id, |status| {
        if let Some(total) = at(status, "/progress/total").as_u64().filter(|total| *total > 0) {
            progress::style(&bar, KNOWN);
            bar.set_length(total);
        }
        let line = format!("{} {}", text(status, "/tool"), text(status, "/state"));
        bar.set_position(at(status, "/progress/current").as_u64().unwrap_or(0));
        bar.set_message(line.clone());
        bar.tick();
        if printed && line != before {
            writeln!(terminal::out(), "{line}")?;
        }
        before = line;
        anyhow::Ok(())
    });
    let result = followed.await?;
    bar.finish_and_clear();
    terminal::print_json(&result)?;
    match text(&result, "/state") {
        "completed" => Ok(()),
        other => bail!("the task is {other}"),
    }
}

/// Follows a workflow, a bar for all of it and a line for each step that runs.
pub(super) async fn workflow(host: &Session, id: &str, json: bool) -> anyhow::Result<()> {
    let (drawn, printed) = ways(json);
    let whole = progress::bar(WORKFLOW, drawn);
    let mut steps: HashMap<String, (String, Option<ProgressBar>)> = HashMap::new();
    let followed = host.follow_workflow(id, |workflow| {
        let all = list(workflow, "/steps");
        let goes_on = |step: &Value| matches!(text(step, "/state"), "pending" | "ready" | "running");
        whole.set_length(all.len() as u64);
        whole.set_position(all.iter().filter(|step| !goes_on(step)).count() as u64);
        whole.set_message(text(workflow, "/state").to_owned());
        for step in all {
            let (name, state) = (text(step, "/id"), text(step, "/state"));
            let (before, bar) = steps.entry(name.to_owned()).or_default();
            if before == state {
                continue;
            }
            state.clone_into(before);
            let line = format!("{name} {state} {}", text(step, "/peer"));
            match state {
                "running" if drawn => {
                    let bar = bar.insert(progress::bar(STEP, drawn));
                    bar.enable_steady_tick(Duration::from_millis(100));
                    bar.set_message(line);
                }
                "pending" | "ready" if printed => {}
                _ if printed => writeln!(terminal::out(), "{}", line.trim_end())?,
                _ => bar.take().into_iter().for_each(|bar| bar.finish_with_message(line.clone())),
            }
        }
        anyhow::Ok(())
    });
    let workflow = followed.await?;
    whole.finish();
    let state = text(&workflow, "/state");
    print_either(&workflow, state, json)?;
    match state {
        "succeeded" => Ok(()),
        _ => bail!("the workflow is {state}"),
    }
}
