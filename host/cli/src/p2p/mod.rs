//! `tandem peers`, `tandem tasks`, `tandem workflows`: the P2P tools of a running host, as tables and progress bars.
//!
//! They call the same tools as any client, with the same rights.

mod table;
mod watch;

use anyhow::Context;
use serde_json::{Map, Value, json};

use crate::{
    args::{Page, Peers, Target, TaskCommand, Tasks, WorkflowCommand, Workflows},
    client::Session,
    exit::Exit,
};
use table::{Column, at};

const PEERS: [Column; 6] = [
    Column("PEER", "peer_id"),
    Column("STATE", "state"),
    Column("RTT MS", "rtt_ms"),
    Column("SCORE", "score"),
    Column("TOOLS", "tools"),
    Column("LAST SEEN", "last_seen"),
];
const TASKS: [Column; 6] = [
    Column("TASK", "task_id"),
    Column("TOOL", "tool"),
    Column("STATE", "state"),
    Column("ATTEMPT", "attempt"),
    Column("WORKER", "worker"),
    Column("CREATED", "created_at"),
];
const WORKFLOWS: [Column; 4] = [
    Column("WORKFLOW", "workflow_id"),
    Column("NAME", "name"),
    Column("STATE", "state"),
    Column("CREATED", "created_at"),
];
const STEPS: [Column; 5] = [
    Column("STEP", "id"),
    Column("STATE", "state"),
    Column("ATTEMPT", "attempt"),
    Column("PEER", "peer"),
    Column("ERROR", "error"),
];

/// Lists peers.
pub(crate) fn peers(args: Peers) -> anyhow::Result<Exit> {
    run(&args.target, async |host| {
        let state = if args.all { None } else { Some("connected") };
        let states: Vec<_> = state.map_or_else(|| vec!["connected", "known", "banned"], |one| vec![one]);
        let mut all = Vec::new();
        for state in states {
            let answer = host.ask("p2p_peer_list", json!({"state": state, "limit": 1000})).await?;
            all.extend(at(&answer, "/peers").as_array().cloned().unwrap_or_default());
        }
        show(&args.target, &Value::Array(all), &PEERS)
    })
}

/// Lists, shows, follows and cancels tasks.
pub(crate) fn tasks(args: Tasks) -> anyhow::Result<Exit> {
    run(&args.target, async |host| match &args.command {
        TaskCommand::List(page) => {
            let answer = host.ask("p2p_taskqueue_list_tasks", filter(page)).await?;
            show(&args.target, at(&answer, "/tasks"), &TASKS)
        }
        TaskCommand::Show { id } => {
            let task = host.ask("p2p_taskqueue_task_status", json!({"task_id": id})).await?;
            table::print_json(&task)
        }
        TaskCommand::Watch { id } => watch::task(host, id, args.target.json).await,
        TaskCommand::Cancel { id, reason } => {
            let answer = host.ask("p2p_taskqueue_cancel", with_reason(json!({"task_id": id}), reason)).await?;
            table::print_json(&answer)
        }
    })
}

/// Lists, shows, follows and cancels workflows.
pub(crate) fn workflows(args: Workflows) -> anyhow::Result<Exit> {
    run(&args.target, async |host| match &args.command {
        WorkflowCommand::List(page) => {
            let answer = host.ask("p2p_workflow_list", filter(page)).await?;
            show(&args.target, at(&answer, "/workflows"), &WORKFLOWS)
        }
        WorkflowCommand::Show { id } => {
            let workflow = host.ask("p2p_workflow_status", json!({"workflow_id": id})).await?;
            if args.target.json {
                return table::print_json(&workflow);
            }
            let said = |key: &str| workflow.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let part = at(&workflow, "/progress").as_f64().unwrap_or_default() * 100.0;
            table::print_line(&format!("{}, {part:.0} %", said("state")))?;
            show(&args.target, at(&workflow, "/steps"), &STEPS)
        }
        WorkflowCommand::Watch { id } => watch::workflow(host, id, args.target.json).await,
        WorkflowCommand::Cancel { id, reason } => {
            let answer = host.ask("p2p_workflow_cancel", with_reason(json!({"workflow_id": id}), reason)).await?;
            table::print_json(&answer)
        }
    })
}

fn run(target: &Target, work: impl AsyncFnOnce(&Session) -> anyhow::Result<()>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let host = Session::open(target).await?;
        let done = work(&host).await;
        host.close().await;
        done.map(|()| Exit::Success)
    })
}

fn filter(page: &Page) -> Value {
    let mut filter = Map::new();
    filter.insert("limit".to_owned(), page.limit.into());
    if let Some(state) = &page.state {
        filter.insert("state".to_owned(), state.as_str().into());
    }
    if let Some(tag) = &page.tag {
        filter.insert("tag".to_owned(), tag.as_str().into());
    }
    Value::Object(filter)
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
