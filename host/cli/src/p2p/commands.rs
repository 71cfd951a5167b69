//! Lists, shows, follows and cancels through the P2P tools.

use std::io::Write as _;

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::args::{Page, PeerCommand, Peers, TaskCommand, Tasks, WorkflowCommand, Workflows};

use tandem_client::Session;

use super::{
    operate,
    table::{self, Column, at},
    watch,
};
use crate::{exit::Exit, runtime::block_on, target::Target};

const PEERS: [Column; 7] = [
    Column("PEER", "peer_id"),
    Column("NAME", "name"),
    Column("STATE", "state"),
    Column("RTT MS", "rtt_ms"),
    Column("SCORE", "score"),
    Column("TOOLS", "tools"),
    Column("LAST SEEN", "last_seen"),
];
const TASKS: [Column; 8] = [
    Column("TASK", "task_id"),
    Column("TOOL", "tool"),
    Column("STATE", "state"),
    Column("ATTEMPT", "attempt"),
    Column("WORKER", "worker"),
    Column("NAME", "worker_name"),
    Column("CREATED", "created_at"),
    Column("WAITS FOR", "/waits_for/reason"),
];
const WORKFLOWS: [Column; 4] = [
    Column("WORKFLOW", "workflow_id"),
    Column("NAME", "name"),
    Column("STATE", "state"),
    Column("CREATED", "created_at"),
];
const STEPS: [Column; 10] = [
    Column("STEP", "id"),
    Column("TOOL", "tool"),
    Column("STATE", "state"),
    Column("ATTEMPT", "attempt"),
    Column("MS", "duration_ms"),
    Column("PEER", "peer"),
    Column("NAME", "peer_name"),
    Column("TASK", "task_id"),
    Column("WAITS FOR", "/waits_for/reason"),
    Column("ERROR", "error"),
];

/// Lists peers.
pub(crate) fn peers(args: Peers) -> anyhow::Result<Exit> {
    if let Some(PeerCommand::Action(action)) = args.command {
        return operate::peer(action, args.target.json);
    }
    run(&args.target, async |host| {
        let states: &[_] = if args.all { &["connected", "known", "banned"] } else { &["connected"] };
        let mut all = Vec::new();
        for state in states {
            let filter = Map::from_iter([("state".to_owned(), (*state).into())]);
            all.extend(host.rows("p2p_peer_list", "peers", filter, usize::MAX).await?.0);
        }
        show(&args.target, &Value::Array(all), &PEERS)
    })
}

/// Lists, shows, follows and cancels tasks.
pub(crate) fn tasks(args: Tasks) -> anyhow::Result<Exit> {
    match &args.command {
        TaskCommand::Pause { source } => return operate::pause(source, true, args.target.json),
        TaskCommand::Resume { source } => return operate::pause(source, false, args.target.json),
        _ => {}
    }
    run(&args.target, async |host| match &args.command {
        TaskCommand::Pause { .. } | TaskCommand::Resume { .. } => Ok(()),
        TaskCommand::List(page) => list(host, &args.target, "p2p_taskqueue_list_tasks", "tasks", page, &TASKS).await,
        TaskCommand::Show { id } => {
            let task = host.structured("p2p_taskqueue_task_status", json!({"task_id": id})).await?;
            table::print_json(&task)
        }
        TaskCommand::Watch { id } => watch::task(host, id, args.target.json).await,
        TaskCommand::Cancel { id, reason } => {
            let answer = host.structured("p2p_taskqueue_cancel", with_reason(json!({"task_id": id}), reason)).await?;
            table::print_json(&answer)
        }
    })
}

/// Lists, shows, follows and cancels workflows.
pub(crate) fn workflows(args: Workflows) -> anyhow::Result<Exit> {
    run(&args.target, async |host| match &args.command {
        WorkflowCommand::List(page) => {
            list(host, &args.target, "p2p_workflow_list", "workflows", page, &WORKFLOWS).await
        }
        WorkflowCommand::Show { id } => {
            let workflow = host.structured("p2p_workflow_status", json!({"workflow_id": id})).await?;
            if args.target.json {
                return table::print_json(&workflow);
            }
            show_workflow(&args.target, &workflow)
        }
        WorkflowCommand::Watch { id } => watch::workflow(host, id, args.target.json).await,
        WorkflowCommand::Cancel { id, reason } => {
            let answer =
                host.structured("p2p_workflow_cancel", with_reason(json!({"workflow_id": id}), reason)).await?;
            table::print_json(&answer)
        }
    })
}

/// A workflow, its steps, what waits and what mends it, and what the steps came to.
fn show_workflow(target: &Target, workflow: &Value) -> anyhow::Result<()> {
    let said = |key: &str| workflow.get(key).and_then(Value::as_str).map(crate::terminal::line);
    let part = at(workflow, "/progress").as_f64().unwrap_or_default() * 100.0;
    let name = said("name").unwrap_or_default();
    table::print_line(&format!("{name}: {}, {part:.0} %", said("state").unwrap_or_default()))?;
    for key in ["workflow_id", "created_at", "finished_at", "coordinator", "coordinator_name", "reason"] {
        if let Some(text) = said(key) {
            table::print_line(&format!("{key}: {text}"))?;
        }
    }
    table::print_line("")?;
    show(target, at(workflow, "/steps"), &STEPS)?;
    for step in at(workflow, "/steps").as_array().into_iter().flatten() {
        let id = crate::terminal::line(at(step, "/id").as_str().unwrap_or_default());
        if let Some(remedy) = at(step, "/waits_for/remedy").as_str() {
            table::print_line(&format!("{id} waits: {}", crate::terminal::line(remedy)))?;
        }
        match (step.get("result"), at(step, "/result_left_out").as_bool()) {
            (Some(result), _) => table::print_line(&format!("{id}: {}", crate::terminal::line(&result.to_string())))?,
            (None, Some(true)) => {
                let task = at(step, "/task_id").as_str().unwrap_or_default();
                table::print_line(&format!("{id}: the result is long: `tandem task watch {task}` prints it"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn run(target: &Target, work: impl AsyncFnOnce(&Session) -> anyhow::Result<()>) -> anyhow::Result<Exit> {
    block_on(async {
        let host = Session::open(&target.into(), ()).await?;
        let done = work(&host).await;
        host.close().await;
        done.map(|()| Exit::Success)
    })?
}

async fn list(
    host: &Session,
    target: &Target,
    tool: &str,
    rows: &str,
    page: &Page,
    columns: &[Column],
) -> anyhow::Result<()> {
    let (all, total) = host.rows(tool, rows, filter(page), page.limit as usize).await?;
    let shown = all.len();
    show(target, &Value::Array(all), columns)?;
    if total > shown as u64 && !target.json {
        writeln!(crate::terminal::err(), "{shown} of {total}; --limit N shows more")?;
    }
    Ok(())
}

fn filter(page: &Page) -> Map<String, Value> {
    let mut filter = Map::new();
    if let Some(state) = &page.state {
        filter.insert("state".to_owned(), state.as_str().into());
    }
    if let Some(tag) = &page.tag {
        filter.insert("tag".to_owned(), tag.as_str().into());
    }
    filter
}

fn with_reason(mut arguments: Value, reason: &Option<String>) -> Value {
    if let (Some(reason), Value::Object(arguments)) = (reason, &mut arguments) {
        arguments.insert("reason".to_owned(), reason.as_str().into());
    }
    arguments
}

fn show(target: &Target, rows: &Value, columns: &[Column]) -> anyhow::Result<()> {
    if target.json {
        return table::print_json(rows);
    }
    table::print(rows.as_array().context("the host answered no list")?, columns)
}
