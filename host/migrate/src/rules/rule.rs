//! A rule.

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

pub(super) const fn to(keys: &'static [&'static str], key: &'static str, convert: Convert) -> Rule {
    Rule { keys, action: Action::To(key, convert) }
}

pub(super) const fn always(keys: &'static [&'static str], what: &'static str, off: &'static str) -> Rule {
    Rule { keys, action: Action::Always(what, off) }
}

pub(super) const fn dropped(keys: &'static [&'static str], why: &'static str) -> Rule {
    Rule { keys, action: Action::Dropped(why) }
}
