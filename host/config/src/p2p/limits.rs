//! `[p2p.limits]`: what one peer, and one address, may ask for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::ByteSize;

/// What a peer and an address may ask for of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PeerLimitsConfig {
    /// Streams that a peer opened.
    pub streams: u32,
    /// Requests of a peer that have no answer yet.
    pub in_flight: u32,
    /// Messages of a peer in a second.
    pub messages_per_second: u32,
    /// Messages of a peer at once after a rest.
    pub burst: u32,
    /// Bytes of a peer in a second, and at once after a rest.
    pub bytes_per_second: ByteSize,
    /// Connections that one IP address (of IPv6: one /64) opens in a second.
    pub accepts_per_second: u32,
    /// Connections that one address opens at once after a rest.
    pub accept_burst: u32,
    /// Connections of one address that are open.
    pub connections_per_address: u32,
}

impl Default for PeerLimitsConfig {
    fn default() -> Self {
        Self {
            streams: 4,
            in_flight: 64,
            messages_per_second: 200,
            burst: 400,
            bytes_per_second: ByteSize::mib(8),
            accepts_per_second: 5,
            accept_burst: 20,
            connections_per_address: 32,
        }
    }
}

impl Check for PeerLimitsConfig {
    fn check(&self, findings: &mut Findings) {
        findings.range("streams", &self.streams, &1, &64, "a peer needs one; each holds up to a frame of memory");
        findings.range("in-flight", &self.in_flight, &1, &1_024, "each may hold an instance");
        let rates = "a peer that may say nothing is of no use, and one that says more takes the thread";
        findings.range("messages-per-second", &self.messages_per_second, &1, &100_000, rates);
        findings.range("burst", &self.burst, &1, &100_000, rates);
        let (least, most) = (ByteSize::mib(1), ByteSize::mib(1 << 10));
        findings.range("bytes-per-second", &self.bytes_per_second, &least, &most, "a whole frame has 1MiB");
        let accepts = "each costs a handshake of the reactor's thread";
        findings.range("accepts-per-second", &self.accepts_per_second, &1, &1_000, accepts);
        findings.range("accept-burst", &self.accept_burst, &1, &1_000, accepts);
        findings.range("connections-per-address", &self.connections_per_address, &1, &256, "256 are taken in all");
    }
}
