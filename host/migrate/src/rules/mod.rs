//! Every key of the older host, and what becomes of it.

mod other;
mod p2p;
mod server;

use crate::convert::Convert;

/// What becomes of some keys.
pub(crate) struct Rule {
    /// Dotted keys and variables. Where several are given for one key here, the last counts, as with the older host: what is more
    /// precise before what is less, variables before files. `.*` at the end stands for everything below.
    pub keys: &'static [&'static str],
    pub action: Action,
}

/// What becomes of a key.
pub(crate) enum Action {
    /// It is this key here.
    To(&'static str, Convert),
    /// This host always does so; where the older key turns it off, why that is not carried over.
    Always(&'static str, &'static str),
    /// It has no counterpart, and why.
    Dropped(&'static str),
}

const fn to(keys: &'static [&'static str], key: &'static str, convert: Convert) -> Rule {
    Rule { keys, action: Action::To(key, convert) }
}

const fn always(keys: &'static [&'static str], what: &'static str, off: &'static str) -> Rule {
    Rule { keys, action: Action::Always(what, off) }
}

const fn dropped(keys: &'static [&'static str], why: &'static str) -> Rule {
    Rule { keys, action: Action::Dropped(why) }
}

/// The rules, in the order in which values are set.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    server::RULES.iter().chain(p2p::RULES).chain(other::RULES)
}

/// The rule of a key, and how much the key counts among those of its rule.
pub(crate) fn rule_of(key: &str) -> Option<(usize, usize, &'static Rule)> {
    let fits = |pattern: &str| match pattern.strip_suffix(".*") {
        Some(above) => key.strip_prefix(above).is_some_and(|rest| rest.starts_with('.')),
        None => pattern == key,
    };
    rules().enumerate().find_map(|(order, rule)| {
        let weight = rule.keys.iter().position(|pattern| fits(pattern))?;
        Some((order, weight, rule))
    })
}

/// Every key that is known by its full name.
pub(crate) fn known() -> impl Iterator<Item = &'static str> {
    rules().flat_map(|rule| rule.keys).copied().filter(|key| !key.ends_with(".*"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tandem_config::HostConfig;

    use super::*;

    #[test]
    fn no_key_has_two_rules_and_every_target_is_a_setting() {
        let mut seen = BTreeSet::new();
        for key in rules().flat_map(|rule| rule.keys) {
            assert!(seen.insert(key), "{key} has two rules");
        }
        assert!(seen.len() > 100, "{}", seen.len());
        let settings = HostConfig::keys();
        for rule in rules() {
            if let Action::To(key, _) = rule.action {
                assert!(
                    settings.iter().any(|setting| setting == key) || key.starts_with("upstreams."),
                    "{key} is not a setting"
                );
            }
        }
    }
}
