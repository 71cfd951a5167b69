//! `tandem upstream`: mounted MCP servers of a running host.

use std::io::Write as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tandem_runtime::{
    admin::{self, Ask, UpstreamRequest},
    config::time_text,
};

use crate::{
    exit::Exit,
    source::Query,
    table::{Column, at, list, print, text},
    terminal::{self, line},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem upstream list\n  tandem upstream restart legacy\n\nServers are mounted with [upstreams.NAME] in the configuration; `tandem reload` takes changes of it over. The host's admin\nsocket is used (--config names the host)."
)]
pub(crate) struct Upstreams {
    #[command(subcommand)]
    command: UpstreamCommand,
}

#[derive(Debug, Subcommand)]
enum UpstreamCommand {
    /// List the mounted servers: their states, and why one does not serve
    #[command(
        after_help = "States: up; starting; waiting (it failed and is started again); down (it failed too often, and waits for `restart`)."
    )]
    List {
        #[command(flatten)]
        query: Query,
    },
    /// Start a mounted server again now; its calls end
    Restart {
        /// The server's name in the configuration
        name: String,
        #[command(flatten)]
        query: Query,
    },
}

pub(crate) fn upstreams(args: Upstreams) -> anyhow::Result<Exit> {
    match args.command {
        UpstreamCommand::List { query } => {
            let answer = admin::ask(query.source.load()?, Ask::Upstream { what: UpstreamRequest::List })?;
            show(&answer, query.json)?;
        }
        UpstreamCommand::Restart { name, query } => {
            let what = UpstreamRequest::Restart { name: name.clone() };
            admin::ask(query.source.load()?, Ask::Upstream { what })?;
            match query.json {
                true => terminal::print_json(&json!({ "restarting": name }))?,
                false => writeln!(terminal::out(), "restarting: {}", line(&name))?,
            }
        }
    }
    Ok(Exit::Success)
}

const UPSTREAMS: [Column; 7] = [
    Column("UPSTREAM", "name"),
    Column("CATEGORY", "category"),
    Column("VERSION", "version"),
    Column("STATE", "state"),
    Column("TOOLS", "tools"),
    Column("SINCE", "since"),
    Column("PID", "pid"),
];

fn show(upstreams: &Value, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return Ok(terminal::print_json(upstreams)?);
    }
    let upstreams = list(upstreams, "");
    let row = |upstream: &Value| {
        json!({
            "name": at(upstream, "/name"), "category": at(upstream, "/category"), "version": at(upstream, "/version"),
            "state": at(upstream, "/state"), "tools": at(upstream, "/tools"),
            "since": at(upstream, "/since_ms").as_u64().map(time_text), "pid": at(upstream, "/pid"),
        })
    };
    print(&upstreams.iter().map(row).collect::<Vec<_>>(), &UPSTREAMS)?;
    let mut out = terminal::out();
    for upstream in upstreams {
        if let Some(reason) = at(upstream, "/reason").as_str() {
            writeln!(out, "{}: {}", line(text(upstream, "/name")), line(reason))?;
        }
    }
    Ok(())
}
