//! Texts with a form of their own.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, de};
use tandem_document::Findings;
use tandem_types::{MAX_NAME, is_tool_name, name_type, text::shown};
use url::{Host, Url};

/// Longest URL or address, in bytes.
const MAX_URL: usize = 2_048;

/// Longest path, in bytes: Linux takes no longer one.
const MAX_PATH: usize = 4_095;

name_type!(
    /// The origin of a web page.
    WebOrigin,
    "web origin",
    is_web_origin,
    "^https?://[^/@]+$",
    "write scheme and host, and the port where it is not the usual one, as `https://app.example.com`"
);

name_type!(
    /// A URL of HTTP without user information and fragment.
    HttpUrl,
    "url",
    is_http_url,
    "^https?://[^@#]+$",
    "write `https://…` or `http://…` without user, password and fragment"
);

name_type!(
    /// An address of libp2p.
    MultiaddrText,
    "multiaddress",
    is_multiaddr,
    "^/(ip4|ip6|dns|dns4|dns6|dnsaddr)/.+$",
    "write one as `/ip4/127.0.0.1/tcp/4001`"
);

impl MultiaddrText {
    /// Whether it leads to this machine only.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.as_str().split('/').nth(2).and_then(|host| host.parse::<IpAddr>().ok());
        host.is_some_and(|ip| ip.is_loopback())
    }
}

name_type!(
    /// The id of a libp2p peer.
    PeerIdText,
    "peer id",
    is_peer_id,
    "^(12D3KooW[1-9A-HJ-NP-Za-km-z]{44}|Qm[1-9A-HJ-NP-Za-km-z]{44})$",
    "write it as the peer shows it, as `12D3KooW…`"
);

name_type!(
    /// A repository as `owner/name`.
    RepositoryName,
    "repository",
    is_repository,
    "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
    "write `owner/name`"
);

name_type!(
    /// What is put before tools' names; may be empty.
    ToolPrefix,
    "prefix of tool names",
    is_tool_prefix,
    "^[A-Za-z0-9_.-]{0,63}$",
    "write at most 63 of the characters A-Z a-z 0-9 _ . -"
);

name_type!(
    /// A name under which a host is reached.
    HostName,
    "host name",
    is_public_host,
    "^(\\*|[A-Za-z0-9.-]{1,253})$",
    "write the name alone, as `tools.example.com`, or `*` for any"
);

fn is_public_host(text: &str) -> bool {
    let label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    text == "*" || (text.len() <= 253 && text.split('.').all(label))
}

impl HttpUrl {
    /// The host, without port.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        Url::parse(self.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned))
    }

    /// A URL that is part of the program.
    pub(super) fn literal(url: &'static str) -> Self {
        Self(url.to_owned())
    }

    /// Whether nobody on the way can read or change what goes there: `https`, or loopback.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        Url::parse(self.as_str()).is_ok_and(|url| url.scheme() == "https" || is_loopback(&url))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

fn http_url(text: &str) -> Option<Url> {
    let url =
        Url::parse(text).ok().filter(|_| text.len() <= MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let right = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    right.then_some(url)
}

fn is_http_url(text: &str) -> bool {
    http_url(text).is_some()
}

/// Exactly what browsers send: the text is compared, so it must be in the one form.
fn is_web_origin(text: &str) -> bool {
    http_url(text).is_some_and(|url| url.origin().ascii_serialization() == text)
}

fn is_multiaddr(text: &str) -> bool {
    let mut parts = text.split('/');
    let starts = parts.next() == Some("");
    let first = parts.next().is_some_and(|part| matches!(part, "ip4" | "ip6" | "dns" | "dns4" | "dns6" | "dnsaddr"));
    let rest: Vec<&str> = parts.collect();
    starts
        && first
        && text.len() <= MAX_URL
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !rest.is_empty()
        && rest.iter().all(|part| !part.is_empty())
}

fn is_peer_id(text: &str) -> bool {
    let base58 = |byte: u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l');
    let form = (text.len() == 52 && text.starts_with("12D3KooW")) || (text.len() == 46 && text.starts_with("Qm"));
    form && text.bytes().all(base58)
}

fn is_repository(text: &str) -> bool {
    text.split_once('/').is_some_and(|(owner, name)| {
        [owner, name].into_iter().all(|part| is_tool_name(part) && !matches!(part, "." | ".."))
    })
}

fn is_tool_prefix(text: &str) -> bool {
    text.is_empty() || (is_tool_name(text) && text.len() < MAX_NAME)
}

/// Reads the address of a listener.
pub(super) fn ip_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let message = || format!("`{}` is not a valid ip address; write one as `127.0.0.1` or `::1`", shown(&text));
    text.parse().map_err(|_| de::Error::custom(message()))
}

/// Reports a path that cannot be one.
pub(super) fn check_path(key: &str, path: &str, findings: &mut Findings) {
    if path.trim().is_empty() {
        findings.report(key, "empty; write a path, or `.` for the present directory");
    }
    findings.line(key, path, MAX_PATH);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_in_the_form_of_browsers() {
        for right in ["https://app.example.com", "http://localhost:3000", "https://[::1]:8443"] {
            assert!(is_web_origin(right), "{right}");
        }
        for wrong in [
            "*",
            "null",
            "app.example.com",
            "https://app.example.com/",
            "https://A.example.com",
            "https://a:443",
            "ftp://a",
        ] {
            assert!(!is_web_origin(wrong), "{wrong}");
        }
    }

    #[test]
    fn hosts_are_names_alone() {
        assert!(is_public_host("tools.example.com") && is_public_host("*") && is_public_host("localhost"));
        for wrong in ["", "*.example.com", "a.test:80", "https://a.test", "a..test", "a b"] {
            assert!(!is_public_host(wrong), "{wrong}");
        }
        assert_eq!("https://a.test:8443/mcp".parse::<HttpUrl>().unwrap().host().as_deref(), Some("a.test"));
    }

    #[test]
    fn urls_carry_no_credentials() {
        assert!(is_http_url("http://localhost:4318") && is_http_url("https://a.example.com/mcp?x=1"));
        for wrong in [
            "https://u@a.test",
            "https://u:p@a.test",
            "file:///etc/passwd",
            "https://a.test/#x",
            "a.test",
            "https://",
            "http://a b",
        ] {
            assert!(!is_http_url(wrong), "{wrong}");
        }
        let confidential = |url: &str| url.parse::<HttpUrl>().unwrap().is_confidential();
        assert!(confidential("https://a.test") && confidential("http://127.0.0.1:1") && confidential("http://[::1]"));
        assert!(!confidential("http://a.test") && !confidential("http://localhost.evil.test"));
    }

    #[test]
    fn peers_and_addresses() {
        assert!(is_multiaddr("/ip4/127.0.0.1/udp/4001/quic-v1") && is_multiaddr("/dns4/a.test/tcp/443/wss"));
        for wrong in ["", "/", "127.0.0.1:4001", "/tcp/4001", "/ip4", "/ip4//tcp/1", "/ip4/127.0.0.1/", "/memory/1"] {
            assert!(!is_multiaddr(wrong), "{wrong}");
        }
        assert!(is_peer_id(&format!("12D3KooW{}", "a".repeat(44))));
        assert!(!is_peer_id(&format!("12D3KooW{}", "0".repeat(44))) && !is_peer_id("12D3KooWx"));
        assert!(is_repository("owner/name.rs") && !is_repository("a/b/c") && !is_repository("../x"));
    }
}
