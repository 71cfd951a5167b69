//! The arguments of `tandem peer`, `tandem task` and `tandem workflow`.

use clap::{Args as ClapArgs, Subcommand};
use tandem_types::HumanDuration;

use crate::args::{Source, Target};

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  tandem peers --all\n  tandem peers tools 12D3KooW…\n  tandem peers call 12D3KooW… dataset_load '{\"path\": \"data/countries.csv\", \"limit\": 3}'\n  tandem peers block 12D3KooW… --for 7d\n\nThe list is asked for as by any client. The commands are the operator's: they go through the host's own socket\n(--config names the host), and each call and block stands in the audit log."
)]
pub(crate) struct Peers {
    #[command(subcommand)]
    pub command: Option<PeerCommand>,
    /// Also known and banned peers that are not connected
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

/// What an operator does through the host's own socket.
#[derive(Debug, Subcommand)]
pub(crate) enum PeerAction {
    /// List the tools that a peer lets this host call
    Tools {
        /// Its id
        peer: String,
        #[command(flatten)]
        source: Source,
    },
    /// Call a tool of a peer
    Call {
        /// Its id
        peer: String,
        /// The tool
        tool: String,
        /// Its arguments, a JSON object; `-` reads them from standard input
        #[arg(default_value = "{}")]
        arguments: String,
        /// How long its answer may take, at most 5m
        #[arg(long, value_name = "DURATION", default_value = "30s")]
        wait: HumanDuration,
        #[command(flatten)]
        source: Source,
    },
    /// Disconnect and ban a peer for a duration
    Block {
        /// Its id
        peer: String,
        /// How long; for ever is p2p.block in the configuration
        #[arg(long = "for", value_name = "DURATION", default_value = "24h")]
        time: HumanDuration,
        #[command(flatten)]
        source: Source,
    },
    /// Lift a ban and reset the peer's score
    Unblock {
        /// Its id
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
    /// How many at most, newest first
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
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
    /// List your tasks
    List(Page),
    /// Show one
    Show {
        /// Its id
        id: String,
    },
    /// Follow one to its end; exits with 1 unless it completes
    Watch {
        /// Its id
        id: String,
    },
    /// Cancel one
    Cancel {
        /// Its id
        id: String,
        /// Why, for those who look at it later
        #[arg(long)]
        reason: Option<String>,
    },
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
    /// List your workflows
    List(Page),
    /// Show one with its steps
    Show {
        /// Its id
        id: String,
    },
    /// Follow one to its end; exits with 1 unless it succeeds
    Watch {
        /// Its id
        id: String,
    },
    /// Cancel one
    Cancel {
        /// Its id
        id: String,
        /// Why, for those who look at it later
        #[arg(long)]
        reason: Option<String>,
    },
}
