//! Hosts to begin with, from an environment variable.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use tandem_types::is_variable_name;

use super::nodes::{ListError, NodeList};

/// The variable that is read unless another is named.
pub const VARIABLE: &str = "TANDEM_BOOTSTRAP";

/// Why nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// No name of a variable. It is not printed: it could be anything.
    #[error("this is not a name of an environment variable; write at most 64 of A-Z a-z 0-9 _, no digit first")]
    Name,
    /// A variable that is not for this: the caller may be a tool, and other variables hold secrets.
    #[error("`{0}` is not read for bootstrap nodes; name a variable that begins with `{VARIABLE}`")]
    NotAllowed(String),
    /// It is not set.
    #[error("the environment variable `{0}` is not set")]
    Unset(String),
    /// Its value is no list.
    #[error("the environment variable `{variable}` is invalid: {source}")]
    List {
        /// Which one.
        variable: String,
        /// Why.
        source: ListError,
    },
}

/// The nodes in the variable `variable`, which must begin with [`VARIABLE`].
///
/// # Errors
/// [`EnvError`].
pub fn from_env(variable: &str) -> Result<NodeList, EnvError> {
    read(variable, std::env::var_os(variable).as_deref())
}

fn read(variable: &str, value: Option<&OsStr>) -> Result<NodeList, EnvError> {
    if !is_variable_name(variable) {
        return Err(EnvError::Name);
    }
    let variable = variable.to_owned();
    if !variable.starts_with(VARIABLE) {
        return Err(EnvError::NotAllowed(variable));
    }
    match value {
        None => Err(EnvError::Unset(variable)),
        Some(value) => {
            NodeList::parse_separated(value.as_bytes()).map_err(|source| EnvError::List { variable, source })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_separators_are_read() {
        let at = |port| format!("/ip4/192.0.2.1/tcp/{port}/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN");
        let value = format!(" {},{}\n{} {},, ", at(1), at(2), at(3), at(4));
        let list = read(VARIABLE, Some(value.as_ref())).unwrap();
        assert_eq!((list.nodes.len(), list.failed.len()), (4, 0));
        let list = read("TANDEM_BOOTSTRAP_TEST", Some("/ip4/192.0.2.1/tcp/1".as_ref())).unwrap();
        assert_eq!((list.nodes.len(), list.failed.len()), (0, 1));
    }

    #[test]
    fn other_variables_are_not_read() {
        assert_eq!(read("HOME", Some("x".as_ref())), Err(EnvError::NotAllowed("HOME".into())));
        assert_eq!(from_env("a=b"), Err(EnvError::Name));
        assert_eq!(from_env("TANDEM_BOOTSTRAP_NOT_SET"), Err(EnvError::Unset("TANDEM_BOOTSTRAP_NOT_SET".into())));
        let bytes = OsStr::from_bytes(b"\xff");
        assert!(matches!(read(VARIABLE, Some(bytes)), Err(EnvError::List { source: ListError::NoText, .. })));
    }
}
