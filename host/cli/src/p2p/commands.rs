//! Lists, shows, follows and cancels through the P2P tools.

use std::io::{self, Write as _};

use serde_json::{Map, Value};
use tandem_client::Session;

use super::{
    args::{Cancel, Named, Page, PeerCommand, Peers, TaskCommand, Tasks, WorkflowCommand, Workflows},
    operate, watch,
};
use crate::{
    exit::Exit,
    table::{Column, at, list, print, show, text},
    target::Target,
    terminal::{self, line},
};

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
    args.target.ask(async |host| {
        let states: &[_] = if args.all { &["connected", "known", "banned"] } else { &["connected"] };
        let mut all = Vec::new();
        for state in states {
            let filter = given([("state", Some(state))]);
            all.extend(host.rows("p2p_peer_list", "peers", filter, usize::MAX).await?.0);
        }
        show(&Value::Array(all), &PEERS, args.target.json)
    })?;
    Ok(Exit::Success)
}

/// Lists, shows, follows and cancels tasks.
pub(crate) fn tasks(args: Tasks) -> anyhow::Result<Exit> {
    match &args.command {
        TaskCommand::Pause { source } => return operate::pause(source, true, args.target.json),
        TaskCommand::Resume { source } => return operate::pause(source, false, args.target.json),
        _ => {}
    }
    args.target.ask(async |host| match &args.command {
        TaskCommand::Pause { .. } | TaskCommand::Resume { .. } => Ok(()),
        TaskCommand::List(page) => page_of(host, &args.target, "p2p_taskqueue_list_tasks", "tasks", page, &TASKS).await,
        TaskCommand::Show(Named { id }) => {
            answer_of(host, "p2p_taskqueue_task_status", given([("task_id", Some(id))])).await
        }
        TaskCommand::Watch(Named { id }) => watch::task(host, id, args.target.json).await,
        TaskCommand::Cancel(Cancel { id, reason }) => {
            let arguments = given([("task_id", Some(id)), ("reason", reason.as_deref())]);
            answer_of(host, "p2p_taskqueue_cancel", arguments).await
        }
    })?;
    Ok(Exit::Success)
}

/// Lists, shows, follows and cancels workflows.
pub(crate) fn workflows(args: Workflows) -> anyhow::Result<Exit> {
    args.target.ask(async |host| match &args.command {
        WorkflowCommand::List(page) => {
            page_of(host, &args.target, "p2p_workflow_list", "workflows", page, &WORKFLOWS).await
        }
        WorkflowCommand::Show(Named { id }) => {
            let arguments = given([("workflow_id", Some(id))]);
            if args.target.json {
                return answer_of(host, "p2p_workflow_status", arguments).await;
            }
            Ok(print_workflow(&host.structured("p2p_workflow_status", arguments.into()).await?)?)
        }
        WorkflowCommand::Watch(Named { id }) => watch::workflow(host, id, args.target.json).await,
        WorkflowCommand::Cancel(Cancel { id, reason }) => {
            let arguments = given([("workflow_id", Some(id)), ("reason", reason.as_deref())]);
            answer_of(host, "p2p_workflow_cancel", arguments).await
        }
    })?;
    Ok(Exit::Success)
}

/// A workflow, its steps, what waits and what mends it, and what the steps came to.
fn print_workflow(workflow: &Value) -> io::Result<()> {
    let mut out = terminal::out();
    let part = at(workflow, "/progress").as_f64().unwrap_or_default() * 100.0;
    writeln!(out, "{}: {}, {part:.0} %", line(text(workflow, "/name")), line(text(workflow, "/state")))?;
    for key in ["workflow_id", "created_at", "finished_at", "coordinator", "coordinator_name", "reason"] {
        if let Some(said) = workflow.get(key).and_then(Value::as_str) {
            writeln!(out, "{key}: {}", line(said))?;
        }
    }
    writeln!(out)?;
    print(list(workflow, "/steps"), &STEPS)?;
    for step in list(workflow, "/steps") {
        let id = line(text(step, "/id"));
        if let Some(remedy) = at(step, "/waits_for/remedy").as_str() {
            writeln!(out, "{id} waits: {}", line(remedy))?;
        }
        if let Some(result) = step.get("result") {
            writeln!(out, "{id}: {}", line(&result.to_string()))?;
        } else if at(step, "/result_left_out") == true {
            writeln!(out, "{id}: the result is long: `tandem task watch {}` prints it", text(step, "/task_id"))?;
        }
    }
    Ok(())
}

/// Arguments of a tool, without those that were not given.
fn given<const N: usize>(arguments: [(&str, Option<&str>); N]) -> Map<String, Value> {
    arguments.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

/// Prints what a tool answers.
async fn answer_of(host: &Session, tool: &str, arguments: Map<String, Value>) -> anyhow::Result<()> {
    Ok(terminal::print_json(&host.structured(tool, arguments.into()).await?)?)
}

/// Prints a page of what a tool lists.
async fn page_of(
    host: &Session,
    target: &Target,
    tool: &str,
    rows: &str,
    page: &Page,
    columns: &[Column],
) -> anyhow::Result<()> {
    let filter = given([("state", page.state.as_deref()), ("tag", page.tag.as_deref())]);
    let (all, total) = host.rows(tool, rows, filter, page.limit as usize).await?;
    let shown = all.len();
    show(&Value::Array(all), columns, target.json)?;
    if total > shown as u64 && !target.json {
        writeln!(terminal::err(), "{shown} of {total}; --limit N shows more")?;
    }
    Ok(())
}
