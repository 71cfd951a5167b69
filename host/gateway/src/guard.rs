//! Keeps web pages of others away from a host that trusts its network.
//!
//! A browser sends requests for any page that asks it to. Two headers tell such requests apart: `Host`, which names
//! what the page believed to talk to (a rebound DNS name is not ours), and `Origin`, which names the page. A request
//! is let through when its `Host` is `localhost`, an IP address or an allowed name, and its `Origin`, if it has one,
//! is the host itself or an allowed origin.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Uri, header, uri::Authority};

use crate::config::ConfigError;

/// Why a request was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the `Host` header is not a name of this host; add it to server.allowed-hosts")]
    Host,
    #[error("the `Origin` header is not an allowed origin; add it to server.allowed-origins")]
    Origin,
}

/// An origin that may call.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Port,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Any,
    Is(u16),
}

/// The rules, parsed once.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    any_host: bool,
    hosts: Vec<String>,
    origins: Vec<Origin>,
}

impl Guard {
    pub(crate) fn new(hosts: &[String], origins: &[String]) -> Result<Self, ConfigError> {
        Ok(Self {
            any_host: hosts.iter().any(|host| host == "*"),
            hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            origins: origins.iter().map(|text| parse_allowed(text)).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = match headers.get(header::HOST) {
            Some(value) => value.to_str().ok().and_then(|text| text.parse::<Authority>().ok()),
            None => uri.authority().cloned(),
        };
        let host = host.ok_or(Refusal::Host)?;
        let listed = self.host_is_listed(host.host());
        if !listed && !self.any_host {
            return Err(Refusal::Host);
        }
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().ok().and_then(parse_origin).ok_or(Refusal::Origin)?;
        // A page of an unlisted host could be anybody's, so with `*` only the listed origins count.
        if listed && same_place(&origin, &host) || self.origin_is_listed(&origin) {
            return Ok(());
        }
        Err(Refusal::Origin)
    }

    /// The origin of a request whose page is among the allowed ones, as the request has it.
    pub(crate) fn allowed_origin<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let parsed = origin.to_str().ok().and_then(parse_origin)?;
        self.origin_is_listed(&parsed).then_some(origin)
    }

    fn host_is_listed(&self, host: &str) -> bool {
        let host = without_dot(host);
        host.eq_ignore_ascii_case("localhost")
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
            || self.hosts.iter().any(|allowed| host.eq_ignore_ascii_case(allowed))
    }

    fn origin_is_listed(&self, origin: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (origin.scheme_str(), origin.host()) else { return false };
        let port = origin.port_u16().or_else(|| default_port(scheme));
        self.origins.iter().any(|allowed| {
            allowed.scheme.eq_ignore_ascii_case(scheme)
                && allowed.host.eq_ignore_ascii_case(host)
                && match allowed.port {
                    Port::Any => true,
                    Port::Is(expected) => port == Some(expected),
                }
        })
    }
}

/// A name without the dot that makes it absolute.
fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn same_place(origin: &Uri, host: &Authority) -> bool {
    let Some(authority) = origin.authority() else { return false };
    let default = origin.scheme_str().and_then(default_port);
    without_dot(authority.host()).eq_ignore_ascii_case(without_dot(host.host()))
        && authority.port_u16().or(default) == host.port_u16().or(default)
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

fn parse_origin(text: &str) -> Option<Uri> {
    let uri: Uri = text.trim().parse().ok()?;
    (uri.scheme().is_some() && uri.authority().is_some()).then_some(uri)
}

fn parse_allowed(text: &str) -> Result<Origin, ConfigError> {
    let wrong = || ConfigError::Origin(text.to_owned());
    let (base, any) = match text.strip_suffix(":*") {
        Some(base) => (base, true),
        None => (text, false),
    };
    let uri = parse_origin(base).ok_or_else(wrong)?;
    let plain = uri.path_and_query().is_none_or(|path| path.as_str() == "/") && !base.ends_with('/');
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(wrong()) };
    let port = match (any, uri.port_u16()) {
        (true, None) => Port::Any,
        (true, Some(_)) => return Err(wrong()),
        (false, Some(port)) => Port::Is(port),
        (false, None) => Port::Is(default_port(scheme).ok_or_else(wrong)?),
    };
    if !plain {
        return Err(wrong());
    }
    Ok(Origin { scheme: scheme.to_owned(), host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(guard: &Guard, host: &str, origin: Option<&str>) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        guard.check(&Uri::from_static("/mcp"), &headers)
    }

    fn guard(hosts: &[&str], origins: &[&str]) -> Guard {
        let owned = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        Guard::new(&owned(hosts), &owned(origins)).unwrap()
    }

    #[test]
    fn a_rebound_name_is_refused_and_an_address_is_not() {
        let guard = guard(&["tools.example.com"], &[]);
        for good in [
            "localhost.",
            "localhost.:8000",
            "tools.example.com.",
            "localhost:8000",
            "127.0.0.1:8000",
            "[::1]:8000",
            "10.0.0.7",
            "Tools.Example.com",
        ] {
            assert_eq!(verdict(&guard, good, None), Ok(()), "{good}");
        }
        for bad in ["localhost..", "evil.example.com", "localhost.evil.com:8000", "127.0.0.1.evil.com"] {
            assert_eq!(verdict(&guard, bad, None), Err(Refusal::Host), "{bad}");
        }
    }

    #[test]
    fn only_own_pages_and_allowed_origins_may_call() {
        let guard = guard(&[], &["https://app.example.com", "http://dev.example.com:*"]);
        for good in [
            "http://localhost:8000",
            "https://app.example.com",
            "https://app.example.com:443",
            "http://dev.example.com:5173",
        ] {
            assert_eq!(verdict(&guard, "localhost:8000", Some(good)), Ok(()), "{good}");
        }
        for bad in [
            "http://localhost:9000",
            "http://app.example.com",
            "https://app.example.com:8443",
            "http://evil.example.com",
            "null",
            "file://",
        ] {
            assert_eq!(verdict(&guard, "localhost:8000", Some(bad)), Err(Refusal::Origin), "{bad}");
        }
    }

    #[test]
    fn with_any_host_allowed_the_own_origin_proves_nothing() {
        let guard = guard(&["*"], &[]);
        assert_eq!(verdict(&guard, "evil.example.com", None), Ok(()));
        assert_eq!(verdict(&guard, "evil.example.com", Some("http://evil.example.com")), Err(Refusal::Origin));
    }

    #[test]
    fn a_wrong_origin_in_the_configuration_is_an_error() {
        for wrong in ["example.com", "https://example.com/", "https://example.com/path", "http://a:80:*", "ftp://a"] {
            assert!(Guard::new(&[], &[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
