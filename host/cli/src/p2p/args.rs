//! The arguments of `tandem peer`, `tandem task` and `tandem workflow`.

use clap::{Args as ClapArgs, Subcommand};
use tandem_types::HumanDuration;

use crate::{source::Source, target::Target};

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  tandem peer list --all\n  tandem peer tools 12D3KooW…\n  tandem peer call 12D3KooW… dataset_load '{\"path\": \"data/countries.csv\", \"limit\": 3}'\n  tandem peer block 12D3KooW… --for 7d\n\n`peer list` is a call like any client's. The other commands are for operators: they use the host's admin socket\n(--config names the host), and each call and ban is recorded in the audit log."
)]
pub(crate) struct Peers {
    #[command(subcommand)]
    pub command: Option<PeerCommand>,
    /// Also list known and banned peers that are not connected
    #[arg(long, global = true)]
    pub all: bool,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// List connected peers
    List,
    #[command(flatten)]
    Action(PeerAction),
}

/// What an operator does through the host's admin socket.
#[derive(Debug, Subcommand)]
pub(crate) enum PeerAction {
    /// List the tools of a peer that this host may call
    Tools {
        /// The peer's id
        peer: String,
        #[command(flatten)]
        source: Source,
    },
    /// Call a tool of a peer
    Call {
        /// The peer's id
        peer: String,
        /// The tool
        tool: String,
        /// Its arguments, a JSON object; `-` reads them from standard input
        #[arg(default_value = "{}")]
        arguments: String,
        /// Timeout, at most 5m
        #[arg(long, value_name = "DURATION", default_value = "30s")]
        wait: HumanDuration,
        #[command(flatten)]
        source: Source,
    },
    /// Disconnect and ban a peer for a duration
    Block {
        /// The peer's id
        peer: String,
        /// Duration; p2p.block in the configuration bans permanently
        #[arg(long = "for", value_name = "DURATION", default_value = "24h")]
        time: HumanDuration,
        #[command(flatten)]
        source: Source,
    },
    /// Lift a ban and reset the peer's score
    Unblock {
        /// The peer's id
        peer: String,
        #[command(flatten)]
        source: Source,
    },
}

/// Which part of a list.
#[derive(Debug, ClapArgs)]
pub(crate) struct Page {
    /// Only those in this state
    #[arg(long)]
    pub state: Option<String>,
    /// Only those with this tag
    #[arg(long)]
    pub tag: Option<String>,
    /// Most rows, newest first
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

/// Which task or workflow.
#[derive(Debug, ClapArgs)]
pub(crate) struct Named {
    /// Its id
    pub id: String,
}

/// Which one ends, and why.
#[derive(Debug, ClapArgs)]
pub(crate) struct Cancel {
    /// Its id
    pub id: String,
    /// The reason to record
    #[arg(long)]
    pub reason: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Tasks {
    #[command(subcommand)]
    pub command: TaskCommand,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Pause the queue: dispatch no task until `resume`; running ones go on (for operators)
    Pause {
        #[command(flatten)]
        source: Source,
    },
    /// Resume the queue after `pause` or p2p_taskqueue_shutdown (for operators)
    Resume {
        #[command(flatten)]
        source: Source,
    },
    /// List the caller's tasks
    List(Page),
    /// Show a task
    Show(Named),
    /// Follow a task to its end; exits with 1 unless it completes
    Watch(Named),
    /// Cancel a task
    Cancel(Cancel),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Workflows {
    #[command(subcommand)]
    pub command: WorkflowCommand,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// List the caller's workflows
    List(Page),
    /// Show a workflow with its steps
    Show(Named),
    /// Follow a workflow to its end; exits with 1 unless it succeeds
    Watch(Named),
    /// Cancel a workflow
    Cancel(Cancel),
}
