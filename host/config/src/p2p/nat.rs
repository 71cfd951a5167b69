//! `[p2p.nat]`: being reached behind an address translator.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};

use super::super::{HttpUrl, MultiaddrText};

/// Most relays. Each holds a connection and a reservation.
const MAX_RELAYS: usize = 8;

/// Most pages that are asked for this host's address. Each is a request to somebody else's server.
const MAX_IP_URLS: usize = 8;

/// Being reached behind an address translator, and helping others with it. All of it is off unless given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct NatConfig {
    /// Whether this host asks peers if it can be reached (autonat v2), may be reached and reach others through relays (relay v2), and then tries to connect
    /// directly (dcutr).
    pub enabled: bool,
    /// Relays through which this host can be reached, as `…/p2p/ID`.
    pub relays: Vec<MultiaddrText>,
    /// Whether this host is a relay for its peers: their traffic passes through it.
    pub relay_server: bool,
    /// Whether this host dials peers back when they ask if they can be reached.
    pub autonat_server: bool,
    /// Pages that answer with the address they are asked from, as a text or as `{"ip": …}`. All are asked at once; the first answer
    /// counts.
    pub ip_urls: Vec<HttpUrl>,
}

impl Check for NatConfig {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("relays", self.relays.len(), MAX_RELAYS);
        findings.at_most("ip-urls", self.ip_urls.len(), MAX_IP_URLS);
        if !self.enabled && !self.relays.is_empty() {
            findings.report("relays", "they have no use; set enabled = true or take them out");
        }
        if self.relays.iter().any(|relay| !relay.as_str().contains("/p2p/")) {
            findings.report("relays", "a relay is named with its id; end it with /p2p/ID");
        }
    }
}
