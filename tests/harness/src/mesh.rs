//! Hosts of the tests' network.

use crate::Options;

/// The network's key.
pub const SWARM_KEY: [u8; 32] = [0x5a; 32];
/// Every plugin of the network.
const PLUGINS: [&str; 4] = ["p2p-taskqueue", "p2p-workflow", "p2p-peers", "p2p-bootstrap"];
/// What those of the demonstration get too.
const GRANTS: &str = include_str!("../../mesh/grants.toml");
/// A node that nobody can be reached at: the port before the first that can be had.
pub const NOWHERE: &str = "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";

impl Options {
    /// A host of the tests' network, with these plugins beside the P2P ones, which get what they request. `listen` is where it
    /// listens for peers; `discovery` is lines of `[p2p.discovery]`, the last section: more of them may follow. Another key of
    /// the network is set as `TEST_SWARM_KEY`.
    pub fn member(plugins: &[&str], listen: &[&str], discovery: &str) -> anyhow::Result<Self> {
        let admission = "admission = \"psk\"\npsk = \"${env:TEST_SWARM_KEY}\"";
        Ok(Self::host_of(plugins, listen, admission, discovery)?.env("TEST_SWARM_KEY", &swarm_key()))
    }

    /// The same without a key: it lets everybody in.
    pub fn open(plugins: &[&str], listen: &[&str], discovery: &str) -> anyhow::Result<Self> {
        Self::host_of(plugins, listen, "admission = \"open\"", discovery)
    }

    /// One that lets nobody in until peers are named in `allow = []`.
    pub fn closed(plugins: &[&str], listen: &[&str], discovery: &str) -> anyhow::Result<Self> {
        Self::host_of(plugins, listen, "admission = \"closed\"\nallow = []", discovery)
    }

    fn host_of(plugins: &[&str], listen: &[&str], admission: &str, discovery: &str) -> anyhow::Result<Self> {
        let all: Vec<_> = plugins.iter().chain(&PLUGINS).copied().collect();
        let config = format!(
            r#"
            {GRANTS}
            [grants.p2p-bootstrap]
            allow = ["bootstrap"]
            env = {{ TANDEM_BOOTSTRAP = "{NOWHERE}" }}
            fs.bootstrap = {{ path = "data/bootstrap", mode = "read-only" }}
            [p2p]
            listen = {listen:?}
            {admission}
            [p2p.discovery]
            {discovery}
            "#
        );
        Ok(Self::with(&all)?.mesh().config(&config).write_directory("data/bootstrap"))
    }
}

/// The network's key as configurations write it.
#[must_use]
pub fn swarm_key() -> String {
    SWARM_KEY.iter().map(|byte| format!("{byte:02x}")).collect()
}
