//! robots.txt (RFC 9309): the rules for this agent, and whether they allow a path.

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_ROBOTS_RULES, MAX_RULE_BYTES};

/// The product token: what a `user-agent` line names.
pub(crate) const AGENT: &str = "tandem";

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    allow: bool,
    pattern: String,
}

/// The rules of a host for this agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    rules: Vec<Rule>,
    /// Sitemaps that the file names.
    #[serde(default)]
    pub sitemaps: Vec<String>,
}

/// The groups that a line belongs to.
#[derive(Default)]
struct Group {
    ours: bool,
    everybody: bool,
    has_rules: bool,
}

impl Rules {
    /// Reads a file. Lines that are none are left out, as RFC 9309 demands.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut ours, mut everybody, mut sitemaps) = (Vec::new(), Vec::new(), Vec::new());
        let (mut group, mut has_group) = (Group::default(), false);
        for line in text.trim_start_matches('\u{feff}').split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    if group.has_rules {
                        group = Group::default();
                    }
                    group.ours |= names_agent(value);
                    group.everybody |= value == "*";
                    has_group |= group.ours;
                }
                key @ ("allow" | "disallow") => {
                    group.has_rules = true;
                    let rule = Rule { allow: key == "allow", pattern: normalize(value) };
                    if rule.pattern.is_empty() || rule.pattern.len() > MAX_RULE_BYTES {
                        continue;
                    }
                    if group.ours && ours.len() < MAX_ROBOTS_RULES {
                        ours.push(rule.clone());
                    }
                    if group.everybody && everybody.len() < MAX_ROBOTS_RULES {
                        everybody.push(rule);
                    }
                }
                "sitemap" if sitemaps.len() < 50 && value.len() < 1000 => sitemaps.push(value.to_owned()),
                _ => {}
            }
        }
        Self { rules: if has_group { ours } else { everybody }, sitemaps }
    }

    /// The rule that forbids this path with its query, if one does: the longest that matches decides, `allow` among equals.
    pub(crate) fn forbidding(&self, path: &str) -> Option<&str> {
        let path = normalize(path);
        let matching = self.rules.iter().filter(|rule| matches(rule.pattern.as_bytes(), path.as_bytes()));
        let decisive = matching.max_by_key(|rule| (rule.pattern.len(), rule.allow))?;
        (!decisive.allow).then_some(decisive.pattern.as_str())
    }
}

/// Whether a `user-agent` line means this agent: its product token is compared without case.
fn names_agent(value: &str) -> bool {
    let token = value.split(|c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '_')).next();
    token.is_some_and(|token| token.eq_ignore_ascii_case(AGENT))
}

/// A path in one form: characters outside of ASCII as `%XX`, escapes in upper case, and no escapes of unreserved characters.
fn normalize(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let escaped = (byte == b'%').then(|| {
            let mut rest = bytes.clone();
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes = rest;
            u8::try_from(value).ok()
        });
        let (byte, was_escaped) = match escaped {
            Some(Some(byte)) => (byte, true),
            _ => (byte, false),
        };
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if unreserved || (!was_escaped && byte.is_ascii()) {
            normal.push(char::from(byte));
        } else {
            normal.push_str(&format!("%{byte:02X}"));
        }
    }
    normal
}

/// Whether a pattern matches the beginning of a path. `*` stands for anything, `$` at the end for the end. Takes linear
/// memory and no recursion: only the last `*` is ever taken back.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_the_end) = match pattern.split_last() {
        Some((b'$', rest)) => (rest, true),
        _ => (pattern, false),
    };
    let (mut p, mut s, mut retry) = (0, 0, None);
    loop {
        match (pattern.get(p), path.get(s)) {
            (Some(b'*'), _) => {
                p += 1;
                retry = Some((p, s));
                continue;
            }
            (None, None) => return true,
            (None, Some(_)) if !to_the_end => return true,
            (Some(expected), Some(found)) if expected == found => {
                (p, s) = (p + 1, s + 1);
                continue;
            }
            (Some(_), None) => return false,
            _ => {}
        }
        match retry {
            Some((after, from)) => {
                retry = Some((after, from + 1));
                (p, s) = (after, from + 1);
            }
            None => return false,
        }
    }
}
