//! `[p2p.limits]`: what one peer, and one address, may ask for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::ByteSize;

/// What a peer and an address may ask for of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PeerLimitsConfig {
    /// Open inbound streams of one peer.
    pub streams: u32,
    /// Pending requests of one peer.
    pub in_flight: u32,
    /// Messages per second of one peer.
    pub messages_per_second: u32,
    /// Message burst of one peer.
    pub burst: u32,
    /// Bytes per second of one peer, and its burst.
    pub bytes_per_second: ByteSize,
    /// New connections per second of one IP address (IPv6: one /64).
    pub accepts_per_second: u32,
    /// Connection burst of one address.
    pub accept_burst: u32,
    /// Open connections of one address.
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
        let rates = "a peer without a rate cannot work, and one with more takes the thread";
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
