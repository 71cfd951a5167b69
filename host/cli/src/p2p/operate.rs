//! What an operator does about the queue and peers, through the host's own socket.

use anyhow::Context as _;
use rmcp::model::CallToolResult;
use serde_json::Value;
use tandem_types::HumanDuration;

use tandem_runtime::admin::{self, Ask, P2pRequest};

use super::args::PeerAction;
use crate::{
    exit::Exit,
    source::Source,
    table::{Column, print_either, show},
    tool::print_result,
};

const TOOLS: [Column; 2] = [Column("TOOL", "name"), Column("DESCRIPTION", "description")];

fn ask(source: &Source, what: P2pRequest) -> anyhow::Result<Value> {
    admin::ask(source.load()?, Ask::P2p { what })
}

fn seconds(time: HumanDuration) -> u64 {
    time.as_duration().as_secs()
}

/// What one command about a peer does.
pub(super) fn peer(command: PeerAction, json: bool) -> anyhow::Result<Exit> {
    match command {
        PeerAction::Tools { peer, source } => {
            show(&ask(&source, P2pRequest::Tools { peer })?, &TOOLS, json)?;
        }
        PeerAction::Call { peer, tool, arguments, wait, source } => {
            let arguments = tandem_client::json_arguments(&arguments)?;
            let wait_s = u32::try_from(seconds(wait)).unwrap_or(u32::MAX).max(1);
            let answer = ask(&source, P2pRequest::Call { peer, tool, arguments, wait_s })?;
            let result: CallToolResult =
                serde_json::from_value(answer).context("invalid answer of the peer: no MCP tool result")?;
            print_result(&result, json)?;
            return Ok(if result.is_error == Some(true) { Exit::ToolError } else { Exit::Success });
        }
        PeerAction::Block { peer, time, source } => {
            let done = ask(&source, P2pRequest::Block { peer: peer.clone(), for_s: seconds(time) })?;
            print_either(&done, &format!("{peer} is banned for {time}"), json)?;
        }
        PeerAction::Unblock { peer, source } => {
            let done = ask(&source, P2pRequest::Unblock { peer: peer.clone() })?;
            let was = done.get("was_kept_out") == Some(&Value::Bool(true));
            let text = if was { "may connect again" } else { "was not banned" };
            print_either(&done, &format!("{peer} {text}"), json)?;
        }
    }
    Ok(Exit::Success)
}

/// Pauses the queue, or ends that.
pub(super) fn pause(source: &Source, paused: bool, json: bool) -> anyhow::Result<Exit> {
    let done = ask(source, P2pRequest::Pause { paused })?;
    let text = if paused { "queue paused: no task is dispatched; running tasks continue" } else { "queue resumed" };
    print_either(&done, text, json)?;
    Ok(Exit::Success)
}
