//! `${env:NAME}` and `${file:PATH}` in texts.
//!
//! A relative path counts as any other of the configuration: in its file from the file's directory, in variables and flags from the
//! working directory. A text may hold several, and `$${` stands for `${`. What a reference gives is not looked into again.

use std::fmt;

use tandem_document::{Node, Source, Tree, Value};
use tandem_types::{is_variable_name, text::message, text::shown};

use crate::paths::PathBases;

/// Longest text that references may give, in bytes: a certificate chain with its key fits.
const MAX_TEXT: usize = 64 << 10;

/// Something outside a configuration that a text in it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// An environment variable.
    Env(&'a str),
    /// The content of a file, without the line ends at its end.
    File(&'a str),
}

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable `{}`", shown(name)),
            Self::File(path) => write!(f, "file `{}`", shown(path)),
        }
    }
}

/// Why a reference has no text.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The variable is not set.
    #[error("{0} is not set")]
    NotSet(String),
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(#[from] Box<dyn std::error::Error + Send + Sync>),
    /// The file is not text.
    #[error("is not UTF-8 text")]
    NotText,
    /// Who reads the configuration gives no text of references.
    #[error("is not available")]
    Unavailable,
}

/// What gives the text of a reference, or says in a few words why there is none.
pub(super) type Resolve<'a> = dyn Fn(Reference<'_>) -> Result<String, ReferenceError> + 'a;

/// Puts the texts of all references into a tree. One that fails is reported in the tree and its value is read
/// as if it were not there.
pub(super) fn resolve_all(tree: &mut Tree, resolve: &Resolve<'_>, bases: &PathBases<'_>) {
    let mut failed = Vec::new();
    let sources = &tree.sources;
    tree.root.for_each_leaf(&mut |node| {
        let Value::Text(text) = &node.value else { return };
        if !text.contains("${") {
            return;
        }
        let base = match sources.get(node.place.source) {
            Some(Source::File { .. }) => bases.file,
            _ => bases.working,
        };
        match expand(text, resolve, base) {
            Ok(expanded) if !expanded.referred => node.value = Value::Text(expanded.text),
            Ok(expanded) => {
                *node = Node {
                    value: Value::Text(expanded.text),
                    loose: true,
                    indirect: node.indirect || expanded.whole,
                    reference: Some(text.clone()),
                    ..node.clone()
                };
            }
            Err(problem) => {
                node.failed = true;
                failed.push((node.place.clone(), problem));
            }
        }
    });
    for (place, problem) in failed {
        let error = tree.error_at(&place, problem, None);
        tree.errors.push(error);
    }
}

struct Expanded {
    text: String,
    /// There was a reference.
    referred: bool,
    /// There was nothing but one reference.
    whole: bool,
}

fn expand(text: &str, resolve: &Resolve<'_>, base: &str) -> Result<Expanded, String> {
    let mut expanded = Expanded { text: String::new(), referred: false, whole: false };
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        let after = reference.get(2..).unwrap_or_default();
        if let Some(before) = before.strip_suffix('$') {
            expanded.text.push_str(before);
            expanded.text.push_str("${");
            rest = after;
            continue;
        }
        let Some((inner, after)) = after.split_once('}') else {
            return Err("`${` without `}`; close it, or write `$${` for the characters themselves".to_owned());
        };
        expanded.text.push_str(before);
        expanded.text.push_str(&value(inner, resolve, base)?);
        expanded.whole = !expanded.referred && before.is_empty() && after.is_empty() && rest.len() == text.len();
        expanded.referred = true;
        rest = after;
        if expanded.text.len() > MAX_TEXT {
            return Err(format!("its references give more than {MAX_TEXT} bytes"));
        }
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

fn value(inner: &str, resolve: &Resolve<'_>, base: &str) -> Result<String, String> {
    let below;
    let reference = match inner.split_once(':') {
        Some(("env", name)) if is_variable_name(name) => Reference::Env(name),
        Some(("file", path)) if !path.is_empty() && !path.chars().any(char::is_control) => {
            let is_whole = path.starts_with('/') || base.is_empty();
            below = if is_whole { path.to_owned() } else { tandem_types::below(base, path) };
            Reference::File(&below)
        }
        _ => return Err("unknown reference; write `${env:NAME}` or `${file:PATH}`".to_owned()),
    };
    let text = resolve(reference).map_err(|problem| format!("{reference}: {}", message(&problem)))?;
    Ok(match reference {
        Reference::Env(_) => text,
        Reference::File(_) => text.trim_end_matches(['\n', '\r']).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<(String, bool), String> {
        let resolve = |reference: Reference<'_>| match reference {
            Reference::Env("NAME") => Ok("${env:OTHER}".to_owned()),
            Reference::File("/run/token" | "/etc/tandem/token") => Ok("token\n".to_owned()),
            _ => Err(ReferenceError::Unreadable("is not set".into())),
        };
        expand(text, &resolve, "/etc/tandem").map(|expanded| (expanded.text, expanded.whole))
    }

    #[test]
    fn references_are_replaced_once() {
        assert_eq!(read("${env:NAME}"), Ok(("${env:OTHER}".into(), true)));
        assert_eq!(read("${file:/run/token}"), Ok(("token".into(), true)));
        assert_eq!(read("${file:token} ${file:../tandem/token}"), Ok(("token token".into(), false)));
        assert_eq!(read("a ${file:/run/token} b"), Ok(("a token b".into(), false)));
        assert_eq!(read("${file:/run/token}${file:/run/token}"), Ok(("tokentoken".into(), false)));
        assert_eq!(read("$${env:NAME} $ {} $$"), Ok(("${env:NAME} $ {} $$".into(), false)));
    }

    #[test]
    fn what_is_no_reference_is_told() {
        assert!(read("${env:NAME").unwrap_err().contains("without `}`"));
        assert!(read("${NAME}").unwrap_err().contains("unknown reference"));
        assert!(read("${env:}").unwrap_err().contains("unknown reference"));
        assert!(read("${env:A B}").unwrap_err().contains("unknown reference"));
        assert!(read("${file:}").unwrap_err().contains("unknown reference"));
        assert_eq!(read("${env:NONE}").unwrap_err(), "environment variable `NONE`: is not set");
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_or_refused(text in "[${}a:env/file]{0,30}") {
            let _ = read(&text);
        }
    }
}
