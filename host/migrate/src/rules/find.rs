//! The rule of a key.

use super::{Rule, other, p2p, server};

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
    use crate::rules::Action;

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
