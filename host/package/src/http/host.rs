//! Host patterns: a name, all names under a domain, or an IP address.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tandem_types::text::shown;

/// Longest host name (RFC 1035).
const MAX_HOST: usize = 253;

/// Longest label of a host name (RFC 1035).
const MAX_LABEL: usize = 63;

/// Why a text is no host pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It would allow every host.
    #[error("a bare `*` allows every host; name a host or write `*.example.com`")]
    Everything,
    /// A wildcard over a whole top-level domain.
    #[error("`{0}` allows a whole top-level domain; write at least two labels after `*.`")]
    TopLevel(String),
    /// It is a URL or has a port or user information.
    #[error("`{0}` is more than a host; write the host alone, without scheme, port or path")]
    NotAlone(String),
    /// A name that some parsers read as an IP address.
    #[error("`{0}` could be read as an IP address; write the address in its usual form")]
    Numeric(String),
    /// It breaks the rules of host names.
    #[error(
        "`{0}` is not a valid host name; write a name as `api.example.com`, international names in their xn-- form"
    )]
    Name(String),
}

/// The hosts that a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// This name alone.
    Exact(String),
    /// Every name under this domain, at any depth, but not the domain itself: `*.example.com`.
    Under(String),
    /// This address alone.
    Ip(IpAddr),
    /// `*`, in a request only: whichever hosts the operator names. By itself it covers none.
    Granted,
}

impl HostPattern {
    /// Whether the pattern covers `host`, the host of a parsed URI (an IPv6 address with or without its
    /// brackets). A host in any unusual spelling is not covered.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        match (self, Self::host(host)) {
            (Self::Exact(name), Ok(Self::Exact(host))) => *name == host,
            (Self::Under(domain), Ok(Self::Exact(host))) => is_under(&host, domain),
            (Self::Ip(address), Ok(Self::Ip(host))) => *address == host,
            _ => false,
        }
    }

    /// What both patterns cover.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Granted, named) | (named, Self::Granted) => Some(named.clone()),
            (Self::Under(domain), Self::Exact(name)) | (Self::Exact(name), Self::Under(domain)) => {
                is_under(name, domain).then(|| Self::Exact(name.clone()))
            }
            (Self::Under(one), Self::Under(two)) if is_under(one, two) => Some(self.clone()),
            (Self::Under(one), Self::Under(two)) if is_under(two, one) => Some(other.clone()),
            _ => (self == other).then(|| self.clone()),
        }
    }

    /// Reads a host without wildcards.
    fn host(text: &str) -> Result<Self, HostError> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Ip(address.to_canonical()));
        }
        name(text).map(Self::Exact)
    }
}

fn is_under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
}

/// A host name in lower case.
fn name(text: &str) -> Result<String, HostError> {
    if text.contains(['/', ':', '@', '?', '#', '\\']) {
        return Err(HostError::NotAlone(shown(text)));
    }
    let label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if text.is_empty() || text.len() > MAX_HOST || !text.split('.').all(label) {
        return Err(HostError::Name(shown(text)));
    }
    // A last label that is a number, also a hexadecimal one, makes URL parsers read an IPv4 address.
    let last = text.rsplit('.').next().unwrap_or_default();
    let digits = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let hexadecimal = digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostError::Numeric(shown(text)));
    }
    Ok(text.to_ascii_lowercase())
}

impl FromStr for HostPattern {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if matches!(text, "*" | "*." | "*.*") {
            return Err(HostError::Everything);
        }
        let Some(domain) = text.strip_prefix("*.") else { return Self::host(text) };
        if domain.parse::<IpAddr>().is_ok() {
            return Err(HostError::Name(shown(text)));
        }
        let domain = name(domain)?;
        if domain.contains('.') { Ok(Self::Under(domain)) } else { Err(HostError::TopLevel(shown(text))) }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Under(domain) => write!(f, "*.{domain}"),
            Self::Ip(IpAddr::V4(address)) => address.fmt(f),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Granted => f.write_str("*"),
        }
    }
}

impl Serialize for HostPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HostPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Reads the host of a request, which may be `*`.
pub(crate) fn requested<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HostPattern, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "*" => Ok(HostPattern::Granted),
        host => host.parse().map_err(de::Error::custom),
    }
}

impl JsonSchema for HostPattern {
    fn schema_name() -> Cow<'static, str> {
        "HostPattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A host name, `*.example.com` for all names under a domain, or an IP address.",
            "type": "string",
            "maxLength": MAX_HOST + 2
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_covers_itself_in_any_case_and_nothing_else() {
        let rule = pattern("API.example.com");
        assert!(rule.covers("api.example.com") && rule.covers("Api.EXAMPLE.com"));
        for other in [
            "example.com",
            "x.api.example.com",
            "api.example.com.",
            "api.example.com.evil.test",
            "evilapi.example.com",
            "api.example.com@evil.test",
            "user@api.example.com",
            "api.example.com:443",
            "api.example.com/x",
            "api.example.com#",
            "api.example.com\\",
            "api.example.com\0",
            " api.example.com",
            "api%2eexample.com",
            "",
        ] {
            assert!(!rule.covers(other), "{other}");
        }
    }

    #[test]
    fn a_wildcard_covers_names_under_its_domain_only() {
        let rule = pattern("*.example.com");
        assert!(rule.covers("a.example.com") && rule.covers("a.b.example.com"));
        for other in
            ["example.com", ".example.com", "notexample.com", "a.example.com.", "a.example.org", "*.example.com"]
        {
            assert!(!rule.covers(other), "{other}");
        }
    }

    #[test]
    fn addresses_match_addresses_in_one_form() {
        assert!(pattern("127.0.0.1").covers("127.0.0.1"));
        assert!(pattern("127.0.0.1").covers("[::ffff:127.0.0.1]"), "the same address, mapped");
        assert!(pattern("::1").covers("[0:0:0:0:0:0:0:1]"));
        for other in ["2130706433", "0x7f.0.0.1", "127.1", "0177.0.0.1", "localhost"] {
            assert!(!pattern("127.0.0.1").covers(other), "{other}");
        }
    }

    #[test]
    fn dangerous_patterns_are_refused() {
        assert_eq!("*".parse::<HostPattern>(), Err(HostError::Everything));
        assert!(matches!("*.com".parse::<HostPattern>(), Err(HostError::TopLevel(_))));
        assert!(matches!("https://example.com".parse::<HostPattern>(), Err(HostError::NotAlone(_))));
        assert!(matches!("example.com:80".parse::<HostPattern>(), Err(HostError::NotAlone(_))));
        assert!(matches!("a@example.com".parse::<HostPattern>(), Err(HostError::NotAlone(_))));
        assert!(matches!("2130706433".parse::<HostPattern>(), Err(HostError::Numeric(_))));
        assert!(matches!("a.0x7f".parse::<HostPattern>(), Err(HostError::Numeric(_))));
        for wrong in ["", "a..b", "a.*.com", "*a.example.com", "example.com.", "-a.com", "ä.com", "*.1.2.3.4"] {
            assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_survives_its_text(text in "(\\*\\.)?[a-z]{1,5}\\.[a-z]{1,5}(\\.[a-z]{1,5})?|[0-9a-f]{1,4}::[0-9a-f]{1,4}") {
            let pattern: HostPattern = text.parse().unwrap();
            prop_assert_eq!(pattern.to_string().parse::<HostPattern>().unwrap(), pattern);
        }

        #[test]
        fn any_text_is_read_or_refused(pattern in ".{0,60}", host in ".{0,60}") {
            if let Ok(pattern) = pattern.parse::<HostPattern>() {
                let _ = pattern.covers(&host);
            }
        }

        #[test]
        fn a_meet_covers_what_both_cover(
            one in "(\\*\\.)?([ab]\\.){1,2}[ab]\\.c", two in "(\\*\\.)?([ab]\\.){1,2}[ab]\\.c", host in "([ab]\\.){1,4}c",
        ) {
            let (one, two): (HostPattern, HostPattern) = (one.parse().unwrap(), two.parse().unwrap());
            let met = one.meet(&two).is_some_and(|meet| meet.covers(&host));
            prop_assert_eq!(met, one.covers(&host) && two.covers(&host));
        }
    }
}
