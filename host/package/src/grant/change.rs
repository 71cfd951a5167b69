//! One change of grants at run time, as an operator writes it and as it is kept.

use std::{fmt, str::FromStr};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tandem_types::{Name, Secret, Setting, VariableName, text::message, text::shown};

use super::{Allowance, FsGrant, HttpGrant};
use crate::capability::InternalKind;

/// Longest rule of HTTP or value, in bytes.
const MAX_VALUE: usize = 64 << 10;

/// Longest name of an item, in bytes: a rule of HTTP in words.
const MAX_ITEM: usize = 1_024;

/// A kind of capability, in the order in which grants list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the grants")]
pub enum GrantKind {
    Fs,
    Http,
    Env,
    Secrets,
    Internal(InternalKind),
    Allow,
}

impl GrantKind {
    fn named(word: &str) -> Option<Self> {
        match word {
            "fs" => Some(Self::Fs),
            "http" => Some(Self::Http),
            "env" => Some(Self::Env),
            "secrets" => Some(Self::Secrets),
            "allow" => Some(Self::Allow),
            other => InternalKind::named(other).map(Self::Internal),
        }
    }

    /// The word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fs => "fs",
            Self::Http => "http",
            Self::Env => "env",
            Self::Secrets => "secrets",
            Self::Internal(kind) => kind.as_str(),
            Self::Allow => "allow",
        }
    }

    /// Whether its grants have names.
    pub(super) fn has_names(self) -> bool {
        !matches!(self, Self::Internal(_))
    }
}

/// Why a change cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The kind is unknown.
    #[error("`{0}` is not a kind of grant; use fs, http, env, secrets, {internal} or allow", internal = InternalKind::names())]
    Kind(String),
    /// The kind needs a name, or the name is wrong, or has none.
    #[error("`{item}`: {problem}")]
    Item {
        /// What was written.
        item: String,
        /// What is wrong with it.
        problem: String,
    },
}

fn wrong(item: &str, problem: impl Into<String>) -> ChangeError {
    ChangeError::Item { item: shown(item), problem: problem.into() }
}

/// What a change is about: `fs.data`, `http.api.example.com`, `cache`, or all of a kind, as `fs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantItem {
    kind: GrantKind,
    name: Option<String>,
}

impl GrantItem {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> GrantKind {
        self.kind
    }

    /// Its name; none is the whole kind.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for GrantItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        self.name.as_ref().map_or(Ok(()), |name| write!(f, ".{name}"))
    }
}

impl FromStr for GrantItem {
    type Err = ChangeError;

    fn from_str(text: &str) -> Result<Self, ChangeError> {
        let (word, name) = text.split_once('.').map_or((text, None), |(word, name)| (word, Some(name)));
        let kind = GrantKind::named(word).ok_or_else(|| ChangeError::Kind(shown(word)))?;
        if let Some(name) = name {
            let right = match kind {
                GrantKind::Fs | GrantKind::Secrets => name.parse::<Name>().map(drop).map_err(|error| error.to_string()),
                GrantKind::Env => name.parse::<VariableName>().map(drop).map_err(|error| error.to_string()),
                GrantKind::Allow => json::<Allowance>(Value::from(name)).map(drop),
                GrantKind::Http if name.is_empty() || name.len() > MAX_ITEM || name.chars().any(char::is_control) => {
                    Err("write a host, or a rule as `tandem grant list` prints it".to_owned())
                }
                GrantKind::Http => Ok(()),
                GrantKind::Internal(_) => Err(format!("`{word}` has no names; write it alone")),
            };
            right.map_err(|problem| wrong(text, problem))?;
        }
        Ok(Self { kind, name: name.map(str::to_owned) })
    }
}

/// What a grant gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A directory.
    Fs(FsGrant),
    /// A rule of outgoing HTTP.
    Http(HttpGrant),
    /// The value of a variable.
    Env(Setting),
    /// A secret.
    Secret(Secret),
    /// What needs no value.
    On,
}

/// One change of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantChange {
    /// It is taken away, whatever the configuration says.
    Revoke,
    /// It is given.
    Grant(Given),
}

impl GrantChange {
    /// Reads what [`GrantChange::to_kept`] wrote. The value is JSON; none revokes.
    ///
    /// # Errors
    /// The value does not fit the item.
    pub fn from_kept(item: &GrantItem, value: Option<&str>) -> Result<Self, ChangeError> {
        let Some(text) = value else { return Ok(Self::Revoke) };
        let problem = |problem: String| wrong(&item.to_string(), problem);
        if text.len() > MAX_VALUE {
            return Err(problem(format!("its value has more than {MAX_VALUE} bytes")));
        }
        // No message repeats the value: it may be a secret.
        let value = serde_json::from_str(text).map_err(|_| problem("its value is not json".to_owned()))?;
        Given::read(item, value).map(Self::Grant).map_err(problem)
    }

    /// The value to keep, as JSON. It holds secrets in clear text.
    #[must_use]
    pub fn to_kept(&self) -> Option<String> {
        let Self::Grant(given) = self else { return None };
        // Our types have text keys and no other source of failure.
        Some(match given {
            Given::Fs(grant) => serde_json::to_string(grant).unwrap_or_default(),
            Given::Http(grant) => serde_json::to_string(grant).unwrap_or_default(),
            Given::Env(value) => Value::from(value.expose()).to_string(),
            Given::Secret(secret) => Value::from(secret.expose()).to_string(),
            Given::On => "true".to_owned(),
        })
    }

    /// Reads a grant as it is written on a command line: `fs.NAME=PATH[:ro|rw]`, `http=RULE`, `env.NAME=VALUE`,
    /// `allow.NAME`, or an internal capability alone, as `cache`. A secret is not written there.
    ///
    /// # Errors
    /// It has another form.
    pub fn from_words(text: &str) -> Result<(GrantItem, Self), ChangeError> {
        let (left, value) = text.split_once('=').map_or((text, None), |(left, value)| (left, Some(value)));
        let mut item: GrantItem = left.parse()?;
        let needs = |form: &str| wrong(left, format!("write {form}"));
        let value = match (item.kind, item.name.is_some(), value) {
            (GrantKind::Fs, true, Some(path)) => {
                let (path, mode) = match path.rsplit_once(':') {
                    Some((path, "rw")) => (path, "read-write"),
                    Some((path, "ro")) => (path, "read-only"),
                    _ => (path, "read-only"),
                };
                serde_json::json!({ "path": path, "mode": mode })
            }
            (GrantKind::Fs, ..) => return Err(needs("fs.NAME=PATH, with :rw at the end where it may write")),
            (GrantKind::Http, false, Some(rule)) => Value::from(rule),
            (GrantKind::Http, ..) => return Err(needs("http=HOST or http=HOST:PORT")),
            (GrantKind::Env, true, Some(value)) => Value::from(value),
            (GrantKind::Env, ..) => return Err(needs("env.NAME=VALUE")),
            (GrantKind::Secrets, ..) => {
                return Err(needs(
                    "secrets.NAME=@FILE, or secrets.NAME=@- for standard input; a command line is seen by all",
                ));
            }
            (GrantKind::Allow, true, None) => Value::from(true),
            (GrantKind::Allow, ..) => return Err(needs("allow.NAME, as allow.reveal-secrets")),
            (_, _, None) => Value::from(true),
            (_, _, Some(_)) => return Err(wrong(left, "it has no value; write it alone")),
        };
        let given = Given::read(&item, value).map_err(|problem| wrong(left, problem))?;
        if let Given::Http(rule) = &given {
            item.name = Some(rule.0.to_string());
        }
        Ok((item, Self::Grant(given)))
    }

    /// A secret that was read from elsewhere.
    ///
    /// # Errors
    /// The item is no secret with a name.
    pub fn secret(item: &str, secret: Secret) -> Result<(GrantItem, Self), ChangeError> {
        let parsed: GrantItem = item.parse()?;
        match (parsed.kind, &parsed.name) {
            (GrantKind::Secrets, Some(_)) => Ok((parsed, Self::Grant(Given::Secret(secret)))),
            _ => Err(wrong(item, "only a secret is read from a file; write secrets.NAME=@FILE")),
        }
    }
}

impl Given {
    fn read(item: &GrantItem, value: Value) -> Result<Self, String> {
        if item.kind.has_names() && item.name.is_none() && item.kind != GrantKind::Http {
            return Err(format!("name what to grant, as {}.NAME", item.kind.as_str()));
        }
        match item.kind {
            GrantKind::Fs => json(value).map(Self::Fs),
            GrantKind::Http => json(value).map(Self::Http),
            GrantKind::Env => match value {
                Value::String(text) if !text.contains('\0') => Ok(Self::Env(Setting::hidden(text))),
                _ => Err("its value is not a text without nul bytes".to_owned()),
            },
            GrantKind::Secrets => match value {
                Value::String(text) if !text.is_empty() => Ok(Self::Secret(Secret::new(text))),
                _ => Err("the secret is empty".to_owned()),
            },
            GrantKind::Internal(_) | GrantKind::Allow => match value {
                Value::Bool(true) => Ok(Self::On),
                _ => Err("it has no value".to_owned()),
            },
        }
    }
}

fn json<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| message(&error))
}
