//! Where others see and reach this host.
//!
//! | Method | What |
//! |---|---|
//! | `identify` | what connected peers say they see; free, and each may claim anything |
//! | `autonat` | where peers tried to reach this host on its request, and did (`p2p.nat.enabled`) |
//! | `http` | what a page of the operator's choice answers (`p2p.nat.ip-urls`), the first one of them |
//!
//! **Bounds.** A page's answer is [`MAX_ANSWER`]; no redirect is followed.

use std::{net::IpAddr, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use libp2p::multiaddr::{Multiaddr, Protocol};
use serde_json::{Value, json};
use tandem_config::HttpUrl;
use tandem_reactor::{
    network::{Network, direct_ip},
    trust::addresses::is_local,
};
use tokio::runtime::Handle;

use super::document::Answer;
use crate::{error::P2pError, format::without_nulls};

/// Bytes of the page's answer: an address, or a small document with one.
const MAX_ANSWER: usize = 4 << 10;
/// Between two looks whether a peer tried.
#[cfg(feature = "nat")]
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What is known of how this host is reached.
#[derive(Default)]
struct Findings {
    addresses: Vec<Value>,
    /// Peers reached this host, or tried and did not.
    #[cfg_attr(not(feature = "nat"), allow(dead_code, reason = "only dial-backs tell"))]
    tried: Option<bool>,
    /// An address of another network than the own was seen.
    public: bool,
}

impl Findings {
    fn add(&mut self, ip: IpAddr, port: Option<u16>, method: &str, confirmations: usize) {
        self.public |= !is_local(ip);
        let found = json!({"ip": ip.to_string(), "port": port, "method": method, "confirmations": confirmations});
        self.addresses.push(without_nulls(found));
    }

    /// That an address is seen does not prove that others can dial it; that a dial came does.
    fn reachability(&self) -> &'static str {
        match self.tried {
            Some(true) => "public",
            Some(false) => "private",
            None if self.addresses.is_empty() || self.public => "unknown",
            None => "private",
        }
    }
}

/// See the module.
pub(super) struct AddressApi {
    pub(super) network: Arc<Network>,
    pub(super) general: Handle,
    /// Whether peers are asked to dial this host (`p2p.nat.enabled`).
    pub(super) nat: bool,
    /// Pages that answer with the address they are asked from.
    pub(super) ip_urls: Vec<HttpUrl>,
}

impl AddressApi {
    pub(super) async fn find(&self, methods: &[String], timeout_s: u32) -> Answer {
        let timeout = Duration::from_secs(timeout_s.clamp(1, 60).into());
        let mut methods: Vec<_> = methods.iter().map(String::as_str).collect();
        if methods.is_empty() {
            methods.push("identify");
            methods.extend(self.nat.then_some("autonat"));
            methods.extend((!self.ip_urls.is_empty()).then_some("http"));
        }
        let mut findings = Findings::default();
        for method in methods {
            match method {
                "identify" => {
                    for (address, confirmations) in self.network.observed() {
                        if let Some((ip, port)) = socket(&address) {
                            findings.add(ip, port, method, confirmations);
                        }
                    }
                }
                "autonat" => self.autonat(timeout, &mut findings).await?,
                "http" => findings.add(self.ask_pages(timeout).await?, None, method, 1),
                other => return Err(P2pError::InvalidArgument(format!("there is no method `{other}`"))),
            }
        }
        Ok(json!({"reachability": findings.reachability(), "addresses": findings.addresses}))
    }

    #[cfg(feature = "nat")]
    async fn autonat(&self, timeout: Duration, findings: &mut Findings) -> Result<(), P2pError> {
        if !self.nat {
            let text = "this host does not ask peers to dial it; the operator turns that on with p2p.nat.enabled";
            return Err(P2pError::Unavailable(text.to_owned()));
        }
        let end = tokio::time::Instant::now() + timeout;
        let mut reached = self.network.reached();
        while reached.is_empty() && tokio::time::Instant::now() < end {
            tokio::time::sleep(POLL_INTERVAL).await;
            reached = self.network.reached();
        }
        for tested in reached {
            let so_far = findings.tried.unwrap_or(false);
            findings.tried = Some(so_far || tested.by > 0);
            if let Some((ip, port)) = socket(&tested.address).filter(|_| tested.by > 0) {
                findings.add(ip, port, "autonat", tested.by);
            }
        }
        Ok(())
    }

    #[cfg(not(feature = "nat"))]
    async fn autonat(&self, _: Duration, _: &mut Findings) -> Result<(), P2pError> {
        let text = "this program was built without dial-backs; build it with the feature `nat`";
        Err(P2pError::Unavailable(text.to_owned()))
    }

    /// What the first page answers that answers an address, asked on the general lane.
    async fn ask_pages(&self, timeout: Duration) -> Result<IpAddr, P2pError> {
        let urls = self.ip_urls.clone();
        if urls.is_empty() {
            let text = "there is no page to ask for this host's address; the operator sets some with p2p.nat.ip-urls";
            return Err(P2pError::Unavailable(text.to_owned()));
        }
        let asked = self.general.spawn(async move {
            let mut pages: FuturesUnordered<_> = urls.iter().map(|url| ip_of(url, timeout)).collect();
            let mut wrong = Vec::new();
            while let Some(answer) = pages.next().await {
                match answer {
                    Ok(ip) => return Ok(ip),
                    Err(error) => wrong.push(error),
                }
            }
            Err(wrong.join("; "))
        });
        let answer = asked.await.map_err(|error| P2pError::Unavailable(error.to_string()))?;
        answer.map_err(|error| P2pError::Unavailable(format!("p2p.nat.ip-urls: {error}")))
    }
}

async fn ip_of(url: &HttpUrl, timeout: Duration) -> Result<IpAddr, String> {
    let text = page(url, timeout).await?;
    read(&text).ok_or_else(|| "the page answered no address; it must be a text or `{\"ip\": …}`".to_owned())
}

async fn page(url: &HttpUrl, timeout: Duration) -> Result<String, String> {
    // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
    drop(rustls::crypto::ring::default_provider().install_default());
    let fail = |error: reqwest::Error| error.without_url().to_string();
    let client = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("tandem/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(fail)?;
    let mut response = client.get(url.as_str()).send().await.map_err(fail)?;
    if !response.status().is_success() {
        return Err(format!("the page answered {}", response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(fail)? {
        bytes.extend_from_slice(&part);
        if bytes.len() > MAX_ANSWER {
            return Err(format!("the page's answer has more than {MAX_ANSWER} bytes"));
        }
    }
    String::from_utf8(bytes).map_err(|_| "the page's answer is not text".to_owned())
}

/// An address, alone or as `ip` of a JSON object.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let document: Value = serde_json::from_str(text).ok()?;
        document.get("ip")?.as_str()?.parse().ok()
    })
}

fn socket(address: &Multiaddr) -> Option<(IpAddr, Option<u16>)> {
    let ip = direct_ip(address)?;
    let port = address.iter().find_map(|part| match part {
        Protocol::Tcp(number) | Protocol::Udp(number) => Some(number),
        _ => None,
    });
    Some((ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_answers_an_address_or_nothing() {
        let ip: IpAddr = "203.0.113.7".parse().unwrap();
        assert_eq!(read(" 203.0.113.7\n"), Some(ip));
        assert_eq!(read(r#"{"ip": "203.0.113.7", "city": "x"}"#), Some(ip));
        assert_eq!(read("2001:db8::1").map(|ip| ip.is_ipv6()), Some(true));
        for wrong in ["", "<html>", "203.0.113.7.1", r#"{"ip": 7}"#, r#"["203.0.113.7"]"#] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
