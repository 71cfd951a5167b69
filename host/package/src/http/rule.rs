//! One allow-list entry, and the meet of two.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HostPattern, PathPrefix};

/// The ports of `http` and `https`: what a rule without a port is about.
const DEFAULT_PORTS: [u16; 2] = [80, 443];

/// Methods that no rule allows: one opens a tunnel through the gate, the other echoes headers that the host
/// adds.
const NEVER: [&str; 2] = ["CONNECT", "TRACE"];

/// A method that a rule can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// Requests that are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRule {
    /// The hosts.
    pub host: HostPattern,
    /// The port; none is the default ports, 80 and 443.
    pub port: Option<u16>,
    /// The methods; none is every method but `CONNECT` and `TRACE`.
    pub methods: Option<BTreeSet<Method>>,
    /// The paths; none is every path.
    pub path: Option<PathPrefix>,
    /// Networks that are not public and may be reached all the same, once a name resolves into them.
    pub allow_cidrs: Vec<IpNet>,
}

impl HttpRule {
    /// A rule for a host with nothing else restricted.
    #[must_use]
    pub fn host(host: HostPattern) -> Self {
        Self { host, port: None, methods: None, path: None, allow_cidrs: Vec::new() }
    }

    /// Whether a request is allowed: the one gate of outgoing HTTP. `host` is the host of the parsed URI
    /// without user information and port, `port` the one that is connected to, `path` the path as it is
    /// sent. Ask again for every redirect.
    ///
    /// ```
    /// use tandem_package::HttpRule;
    ///
    /// let rule = HttpRule::host("*.example.com".parse()?);
    /// assert!(rule.allows("GET", "api.example.com", 443, "/v1"));
    /// assert!(!rule.allows("GET", "example.com.evil.test", 443, "/v1"));
    /// assert!(!rule.allows("GET", "api.example.com", 8080, "/v1"));
    /// # Ok::<(), tandem_package::HostError>(())
    /// ```
    #[must_use]
    pub fn allows(&self, method: &str, host: &str, port: u16, path: &str) -> bool {
        let method_allowed = match &self.methods {
            Some(methods) => methods.iter().any(|allowed| allowed.as_str() == method),
            None => !NEVER.iter().any(|never| never.eq_ignore_ascii_case(method)),
        };
        method_allowed
            && self.port.map_or_else(|| DEFAULT_PORTS.contains(&port), |allowed| allowed == port)
            && self.host.covers(host)
            && self.path.as_ref().is_none_or(|prefix| prefix.covers(path))
    }

    /// Whether the rule lets a request reach `address` although it is not public.
    #[must_use]
    pub fn allows_private(&self, address: IpAddr) -> bool {
        self.allow_cidrs.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// What both rules allow; none when that is nothing. Private networks are met like everything else: both
    /// rules must name them.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        Some(Self { allow_cidrs: self.shared_cidrs(other), ..self.narrowed(other)? })
    }

    /// What both rules allow, with the private networks of `self`: for an `other` that has no say in them.
    pub(crate) fn narrowed(&self, other: &Self) -> Option<Self> {
        let port = self.shared_port(other)?;
        let methods = match (&self.methods, &other.methods) {
            (Some(one), Some(two)) => Some(one & two),
            (one, two) => one.clone().or_else(|| two.clone()),
        };
        let path = match (&self.path, &other.path) {
            (Some(one), Some(two)) => Some(one.meet(two)?),
            (one, two) => one.clone().or_else(|| two.clone()),
        };
        if methods.as_ref().is_some_and(BTreeSet::is_empty) {
            return None;
        }
        let allow_cidrs = self.allow_cidrs.clone();
        Some(Self { host: self.host.meet(&other.host)?, port, methods, path, allow_cidrs })
    }

    /// The port that both rules are about, none for none; `Some(None)` is the default ports. One that asks for whichever hosts are granted takes their ports as well.
    fn shared_port(&self, other: &Self) -> Option<Option<u16>> {
        match (self.port, other.port) {
            (Some(one), Some(two)) => (one == two).then_some(Some(one)),
            (Some(one), None) if other.host == HostPattern::Granted => Some(Some(one)),
            (None, Some(one)) if self.host == HostPattern::Granted => Some(Some(one)),
            (Some(one), None) | (None, Some(one)) => DEFAULT_PORTS.contains(&one).then_some(Some(one)),
            (None, None) => Some(None),
        }
    }

    /// Why nothing is allowed by both rules although their hosts meet: the first part that differs, or none where the hosts do
    /// not meet.
    pub(crate) fn differs(&self, other: &Self) -> Option<&'static str> {
        self.host.meet(&other.host)?;
        if self.shared_port(other).is_none() {
            return Some("port");
        }
        let disjoint = |one: &BTreeSet<Method>, two: &BTreeSet<Method>| one.is_disjoint(two);
        if self.methods.as_ref().zip(other.methods.as_ref()).is_some_and(|(one, two)| disjoint(one, two)) {
            return Some("methods");
        }
        self.path.as_ref().zip(other.path.as_ref()).is_some_and(|(one, two)| one.meet(two).is_none()).then_some("path")
    }

    fn shared_cidrs(&self, other: &Self) -> Vec<IpNet> {
        let mut shared = Vec::new();
        for one in &self.allow_cidrs {
            for two in &other.allow_cidrs {
                if one.contains(two) {
                    shared.push(*two);
                } else if two.contains(one) {
                    shared.push(*one);
                }
            }
        }
        shared.sort_unstable();
        shared.dedup();
        shared
    }
}

/// `GET,POST api.example.com:8443/v1`.
impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(methods) = &self.methods {
            let names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
            write!(f, "{} ", names.join(","))?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.path.as_ref().map_or(Ok(()), |path| path.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule() -> HttpRule {
        HttpRule {
            port: Some(8443),
            methods: Some([Method::Get, Method::Post].into()),
            path: Some("/v1".parse().unwrap()),
            ..HttpRule::host("api.example.com".parse().unwrap())
        }
    }

    #[test]
    fn every_part_must_fit() {
        assert!(rule().allows("GET", "API.example.com", 8443, "/v1/x?y=1"));
        assert!(!rule().allows("DELETE", "api.example.com", 8443, "/v1/x"));
        assert!(!rule().allows("get", "api.example.com", 8443, "/v1/x"), "methods are case-sensitive");
        assert!(!rule().allows("GET", "api.example.com", 443, "/v1/x"));
        assert!(!rule().allows("GET", "other.example.com", 8443, "/v1/x"));
        assert!(!rule().allows("GET", "api.example.com", 8443, "/v1/../v2"));
        assert_eq!(rule().to_string(), "GET,POST api.example.com:8443/v1");
    }

    #[test]
    fn a_bare_host_means_default_ports_and_no_tunnel() {
        let rule = HttpRule::host("api.example.com".parse().unwrap());
        assert!(rule.allows("PROPFIND", "api.example.com", 443, "/") && rule.allows("GET", "api.example.com", 80, "/"));
        assert!(!rule.allows("GET", "api.example.com", 8080, "/"));
        assert!(
            !rule.allows("CONNECT", "api.example.com", 443, "/") && !rule.allows("trace", "api.example.com", 443, "/")
        );
    }

    #[test]
    fn private_networks_must_be_in_both() {
        let with = |cidrs: &[&str]| HttpRule {
            allow_cidrs: cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect(),
            ..HttpRule::host("api.example.com".parse().unwrap())
        };
        let met = with(&["10.0.0.0/8", "fd00::/8"]).meet(&with(&["10.1.0.0/16"])).unwrap();
        assert!(met.allows_private("10.1.2.3".parse().unwrap()));
        assert!(met.allows_private("::ffff:10.1.2.3".parse().unwrap()), "the same address, mapped");
        assert!(!met.allows_private("10.2.0.1".parse().unwrap()) && !met.allows_private("fd00::1".parse().unwrap()));
        assert!(with(&["10.0.0.0/8"]).meet(&with(&[])).unwrap().allow_cidrs.is_empty());
    }

    #[test]
    fn whichever_hosts_are_granted_are_those_that_the_grant_names_and_none_by_itself() {
        let any = HttpRule { methods: Some([Method::Get].into()), ..HttpRule::host(HostPattern::Granted) };
        assert!(!any.allows("GET", "api.example.com", 443, "/") && !any.allows("GET", "*", 443, "/"));
        let grant = HttpRule { methods: None, ..rule() };
        let met = grant.narrowed(&any).unwrap();
        assert_eq!(met.to_string(), "GET api.example.com:8443/v1");
        assert!(
            met.allows("GET", "api.example.com", 8443, "/v1") && !met.allows("POST", "api.example.com", 8443, "/v1")
        );
        assert!("*".parse::<HostPattern>().is_err(), "nothing but a request may say so");
        let at = HttpRule { port: Some(443), ..any };
        assert_eq!(grant.narrowed(&at), None, "a port that is asked for is the only one");
    }

    #[test]
    fn the_part_that_differs_is_named() {
        let bare = HttpRule::host("api.example.com".parse().unwrap());
        assert_eq!(rule().differs(&bare), Some("port"));
        let posts = HttpRule { methods: Some([Method::Put].into()), ..rule() };
        assert_eq!(rule().differs(&posts), Some("methods"));
        assert_eq!(rule().differs(&HttpRule { path: Some("/v2".parse().unwrap()), ..rule() }), Some("path"));
        assert_eq!(rule().differs(&HttpRule::host("other.example.com".parse().unwrap())), None);
    }

    fn any_rule() -> impl Strategy<Value = HttpRule> {
        let host = prop_oneof![Just("a.example.com"), Just("*.example.com"), Just("*.a.example.com"), Just("10.0.0.1")];
        let port = prop_oneof![Just(None), Just(Some(443)), Just(Some(8080))];
        let method = prop_oneof![Just(Method::Get), Just(Method::Post), Just(Method::Put)];
        let methods = proptest::option::of(proptest::collection::btree_set(method, 1..3));
        let path = proptest::option::of(prop_oneof![Just("/"), Just("/v1"), Just("/v1/x"), Just("/v2")]);
        (host, port, methods, path).prop_map(|(host, port, methods, path)| HttpRule {
            port,
            methods,
            path: path.map(|path| path.parse().unwrap()),
            ..HttpRule::host(host.parse().unwrap())
        })
    }

    proptest! {
        #[test]
        fn a_meet_allows_what_both_allow(one in any_rule(), two in any_rule()) {
            let met = one.meet(&two);
            for host in ["a.example.com", "b.a.example.com", "example.com", "10.0.0.1"] {
                for port in [80, 443, 8080] {
                    for method in ["GET", "POST", "DELETE"] {
                        for path in ["/", "/v1", "/v1/x/y", "/v2"] {
                            let both = one.allows(method, host, port, path) && two.allows(method, host, port, path);
                            let meet = met.as_ref().is_some_and(|met| met.allows(method, host, port, path));
                            prop_assert_eq!(meet, both, "{} {} {} {}", method, host, port, path);
                        }
                    }
                }
            }
        }
    }
}
