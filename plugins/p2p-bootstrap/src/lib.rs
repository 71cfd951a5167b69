//! The category of bootstrapping: the first nodes of the network that a host connects to.
//!
//! **Promises.** A text of nodes reaches the host as it was found, with where it came from. What is not an address is the
//! host's to say, in its answer. Nothing is kept here.
//!
//! **Bounds.** A text has 256 KiB at most.
//!
//! **Refuses.** Paths that leave the granted directory, variables that were not granted, and what is not text. Public nodes
//! are refused by the host unless its operator allows them.

pub mod answers;
mod texts;

use std::path::Path;

use tandem_p2p_forms::answer;
use tandem_sdk::p2p::bootstrap;
use tandem_sdk::prelude::*;

use crate::answers::{Nodes, Sources};

/// Where the host mounts the granted directory.
const DIRECTORY: &str = "/bootstrap";

/// The category.
#[derive(Debug)]
pub struct Bootstrap;

#[tools]
impl Bootstrap {
    /// Takes nodes from a file and connects to them: multiaddrs, one a line, where `#` begins a comment, or in a JSON array.
    /// Errors: `not_found` (no such file), `denied` (no directory is granted), `unauthorized` (callers who sign in need the scope `tandem:operate`).
    #[tool(idempotent, open_world, title = "Bootstrap from a file")]
    fn p2p_bootstrap_from_file(
        /// The file, inside of the granted directory `bootstrap`; `nodes.txt` unless given.
        #[arg(min_length = 1, max_length = 512)]
        path: Option<String>,
        /// Whether to connect to the nodes; otherwise they are only remembered.
        #[arg(default = true)]
        connect: bool,
    ) -> Result<Nodes> {
        let text = texts::file(Path::new(DIRECTORY), path.as_deref().unwrap_or("nodes.txt"))?;
        answer("bootstrap.from-text", bootstrap::from_text("file", &text, connect))
    }

    /// Takes nodes from an environment variable of the host and connects to them: multiaddrs, one a line or in a JSON array.
    /// Errors: `not_found` (the variable is not set, or not granted to this plugin), `unauthorized` (callers who sign in need the scope `tandem:operate`).
    #[tool(idempotent, open_world, title = "Bootstrap from the environment")]
    fn p2p_bootstrap_from_env(
        /// The variable.
        #[arg(default = "TANDEM_BOOTSTRAP", max_length = 64, pattern = "^[A-Za-z_][A-Za-z0-9_]*$")]
        variable: String,
        /// Whether to connect to the nodes; otherwise they are only remembered.
        #[arg(default = true)]
        connect: bool,
    ) -> Result<Nodes> {
        let text = texts::variable(&variable)?;
        answer("bootstrap.from-text", bootstrap::from_text("env", &text, connect))
    }

    /// Takes the public nodes that the host knows and connects to them. They route and find peers, and never run tasks. Errors:
    /// `denied` (the operator does not allow public nodes).
    #[tool(idempotent, open_world, title = "Bootstrap from public nodes")]
    fn p2p_bootstrap_from_public(
        /// Whether to connect to the nodes; otherwise they are only remembered.
        #[arg(default = true)]
        connect: bool,
    ) -> Result<Nodes> {
        answer("bootstrap.from-public", bootstrap::from_public(connect))
    }

    /// Lists where nodes came from so far, how many, when each source was used last and what went wrong.
    #[tool(read_only, idempotent, title = "Sources of nodes")]
    fn p2p_bootstrap_list() -> Result<Sources> {
        answer("bootstrap.list-sources", bootstrap::list_sources())
    }
}

tandem_sdk::export!(Bootstrap);
