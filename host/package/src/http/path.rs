//! Path prefixes that no spelling of a path gets around.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use tandem_types::text::shown;

/// Longest prefix: enough for any interface's root, short enough to print.
const MAX_PREFIX: usize = 256;

/// How often a server could decode a path. One that is still encoded after this is denied.
const MAX_DECODINGS: usize = 4;

/// Why a text is not a path prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path prefix; write an absolute path without `..`, `%`, query or fragment, as `/v1`")]
pub struct PathError(String);

/// A path and everything below it: `/v1` covers `/v1`, `/v1/` and `/v1/x`, never `/v1x`; `/v1/` covers only
/// what is below.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PathPrefix(String);

impl PathPrefix {
    /// The prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the prefix covers `path`, whose query is ignored. A path that a server could resolve to
    /// another one is not covered.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        is_plain(path) && self.starts(path)
    }

    /// What both prefixes cover.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        if self.starts(&other.0) {
            Some(other.clone())
        } else if other.starts(&self.0) {
            Some(self.clone())
        } else {
            None
        }
    }

    fn starts(&self, path: &str) -> bool {
        path.strip_prefix(self.0.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.0.ends_with('/'))
    }
}

/// Whether all servers resolve the path to itself.
fn is_plain(path: &str) -> bool {
    if !path.starts_with('/') {
        return false;
    }
    let separators = path.bytes().filter(|byte| *byte == b'/').count();
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..=MAX_DECODINGS {
        // An encoded `/` gives another path after decoding, and `\` is one for some servers.
        if bytes.iter().filter(|byte| **byte == b'/').count() != separators
            || bytes.iter().any(|byte| *byte == b'\\' || byte.is_ascii_control())
            || bytes.split(|byte| *byte == b'/').any(is_dot_segment)
        {
            return false;
        }
        match decode(&bytes) {
            Some(decoded) => bytes = decoded,
            None => return true,
        }
    }
    false
}

/// `.` and `..`, also with path parameters behind them (`..;x`), which some servers drop.
fn is_dot_segment(segment: &[u8]) -> bool {
    matches!(segment.split(|byte| *byte == b';').next(), Some(b"." | b".."))
}

/// The bytes with one layer of percent-encoding taken off; none when there is none.
fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let pair = (*first == b'%').then(|| digit(tail.first()).zip(digit(tail.get(1)))).flatten();
        match pair.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    (decoded.len() < bytes.len()).then_some(decoded)
}

impl FromStr for PathPrefix {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let plain = text.len() <= MAX_PREFIX
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && !text.contains(['%', '?', '#', ';'])
            && !text.contains("//")
            && is_plain(text);
        if plain { Ok(Self(text.to_owned())) } else { Err(PathError(shown(text))) }
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PathPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for PathPrefix {
    fn schema_name() -> Cow<'static, str> {
        "PathPrefix".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An absolute path; it and everything below it.",
            "type": "string",
            "pattern": "^/[^%?#;\\\\ ]*$",
            "maxLength": MAX_PREFIX
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix(text: &str) -> PathPrefix {
        text.parse().unwrap()
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        for inside in ["/v1", "/v1/", "/v1/x", "/v1?q=..", "/v1/a%20b", "/v1/.well-known", "/v1/...", "/v1/a..b"] {
            assert!(prefix("/v1").covers(inside), "{inside}");
        }
        for outside in ["/v1x", "/v", "/", "", "v1", "/V1", "//v1", "/v2/v1"] {
            assert!(!prefix("/v1").covers(outside), "{outside}");
        }
        assert!(prefix("/").covers("/anything") && !prefix("/v1/").covers("/v1"));
    }

    #[test]
    fn no_spelling_climbs_out() {
        for climb in [
            "/v1/../admin",
            "/v1/..",
            "/v1/./x",
            "/v1/%2e%2e/admin",
            "/v1/%2E./admin",
            "/v1/%252e%252e/admin",
            "/v1/%25252525252e%2e/admin",
            "/v1/..%2fadmin",
            "/v1/x%2fy",
            "/v1/..%5cadmin",
            "/v1/..\\admin",
            "/v1/..;a=b/admin",
            "/v1/%2e%2e%3b/admin",
            "/v1/x\r\n",
            "/v1/%0d%0ax",
            "/v1/%00",
        ] {
            assert!(!prefix("/v1").covers(climb), "{climb}");
        }
    }

    #[test]
    fn a_prefix_is_plain_itself() {
        for wrong in ["", "v1", "/a/../b", "/a%20b", "/a?b", "/a#b", "//a", "/a b", "/ä", "/a\\b", "/..;"] {
            assert!(wrong.parse::<PathPrefix>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_covered_or_not(path in ".{0,80}") {
            let _ = prefix("/v1").covers(&path);
        }

        #[test]
        fn what_is_covered_never_resolves_outside(path in "/v1/([a.%2ef5c/;]{0,12})") {
            if prefix("/v1").covers(&path) {
                let url = url::Url::parse(&format!("http://h{path}")).unwrap();
                prop_assert!(url.path().starts_with("/v1/"), "{} became {}", path, url.path());
            }
        }

        #[test]
        fn a_meet_covers_what_both_cover(one in "/([ab]/?){0,3}", two in "/([ab]/?){0,3}", path in "/([ab]/?){0,4}") {
            if let (Ok(one), Ok(two)) = (one.parse::<PathPrefix>(), two.parse::<PathPrefix>()) {
                let met = one.meet(&two).is_some_and(|meet| meet.covers(&path));
                prop_assert_eq!(met, one.covers(&path) && two.covers(&path));
            }
        }
    }
}
