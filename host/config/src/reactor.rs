//! `[reactor]`: the P2P lane.

use std::net::{IpAddr, Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::HumanDuration;

use super::values::ip_address;

/// What a call of a P2P tool gets while the reactor is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fallback {
    /// An error.
    #[default]
    Error,
    /// The general lane, for tools that are marked idempotent.
    General,
}

/// The reactor lane: the thread that owns the peer-to-peer network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ReactorConfig {
    /// Whether the host has a reactor lane.
    pub enabled: bool,
    /// Whether a host over standard input has it too (`serve --stdio`, also `--p2p`): clients start several of them, and only one
    /// can be at an address with an identity.
    pub stdio: bool,
    /// The address of its own listener.
    #[serde(deserialize_with = "ip_address")]
    pub host: IpAddr,
    /// The port of its own listener; 0 lets the system choose.
    pub port: u16,
    /// Guest execution time of one call in it, whatever its plugin's own limit says: its thread is the network's too.
    pub cpu: HumanDuration,
    /// What a call of a reactor tool gets while the reactor is down.
    pub fallback: Fallback,
    /// How long a call waits for the reactor to come back before the fallback applies.
    pub fallback_timeout: HumanDuration,
}

impl Default for ReactorConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            stdio: false,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8_001,
            cpu: HumanDuration::millis(50),
            fallback: Fallback::default(),
            fallback_timeout: HumanDuration::secs(5),
        }
    }
}

impl Check for ReactorConfig {
    fn check(&self, findings: &mut Findings) {
        let (none, minute) = (HumanDuration::millis(0), HumanDuration::secs(60));
        let why = "a call that waits longer is better retried";
        findings.range("fallback-timeout", &self.fallback_timeout, &none, &minute, why);
        let (tick, second) = (HumanDuration::millis(1), HumanDuration::secs(1));
        let why = "guest time is counted in milliseconds, and the network waits while guests compute";
        findings.range("cpu", &self.cpu, &tick, &second, why);
    }
}
