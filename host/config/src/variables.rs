//! Environment variables that look like settings and are none, as `TANDEM_SERVER_PORT` with one underscore.
//!
//! Whoever sets one believes that it counts. It cannot be an error: other programs of the same name have variables too, and
//! service managers make some for every service that is called `tandem`. So the host names them when it starts.

use std::collections::BTreeMap;

use tandem_types::{text::nearest, text::shown};

use super::{HostConfig, layers::PREFIX};

/// Most variables that are named: an environment is foreign, and nobody reads more.
const MAX_STRAY: usize = 32;

/// A variable that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayVariable {
    /// Its name, in one printable line.
    pub name: String,
    /// The name that was probably meant.
    pub meant: Option<String>,
}

/// The variables with the prefix `TANDEM_` that are no settings and none of `known`, which other parts of the host read.
/// At most 32 of them. Misspelt ones with two underscores are errors of [`HostConfig::load`] already.
#[must_use]
pub fn stray_variables(environment: &BTreeMap<String, String>, known: &[&str]) -> Vec<StrayVariable> {
    let strays = environment.keys().filter_map(|name| {
        let rest = name.strip_prefix(PREFIX)?;
        (!rest.contains("__") && !known.contains(&name.as_str())).then_some((name, rest))
    });
    let strays: Vec<_> = strays.take(MAX_STRAY).collect();
    if strays.is_empty() {
        return Vec::new();
    }
    let settings = HostConfig::keys().into_iter().filter(|key| !key.contains('*'));
    let settings = settings.map(|key| key.to_ascii_uppercase().replace('-', "_").replace('.', "__"));
    let known = known.iter().filter_map(|name| name.strip_prefix(PREFIX)).map(str::to_owned);
    // By the name as someone who does not know of the two underscores writes it.
    let meant: BTreeMap<String, String> = settings.chain(known).map(|name| (name.replace("__", "_"), name)).collect();
    let of = |rest: &str| {
        let near = nearest(rest, meant.keys().map(String::as_str))?;
        meant.get(near).map(|name| format!("{PREFIX}{name}"))
    };
    strays.into_iter().map(|(name, rest)| StrayVariable { name: shown(name), meant: of(rest) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stray(names: &[&str]) -> Vec<(String, Option<String>)> {
        let environment = names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        let found = stray_variables(&environment, &["TANDEM_TOKEN"]);
        found.into_iter().map(|stray| (stray.name, stray.meant)).collect()
    }

    #[test]
    fn a_variable_that_nothing_reads_is_named_with_the_one_that_was_meant() {
        let meant = |name: &str, meant: &str| (name.to_owned(), Some(meant.to_owned()));
        assert_eq!(
            stray(&[
                "TANDEM_SERVER_PORT",
                "TANDEM_PLUGINS_CANARY_SHARE",
                "TANDEM_TOKN",
                "TANDEM_TOKEN",
                "TANDEM_SERVER__PORT",
                "PATH"
            ]),
            [
                meant("TANDEM_PLUGINS_CANARY_SHARE", "TANDEM_PLUGINS__CANARY__SHARE"),
                meant("TANDEM_SERVER_PORT", "TANDEM_SERVER__PORT"),
                meant("TANDEM_TOKN", "TANDEM_TOKEN"),
            ]
        );
        assert_eq!(stray(&["TANDEM_QUITE_ANOTHER_PROGRAM"]), [("TANDEM_QUITE_ANOTHER_PROGRAM".to_owned(), None)]);
        let many: Vec<String> = (0..1_000).map(|n| format!("TANDEM_{n}\u{1b}")).collect();
        let many = stray(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(many.len() == MAX_STRAY && !many[0].0.contains('\u{1b}'));
    }
}
