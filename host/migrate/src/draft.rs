//! The configuration while it is made: it is valid after each step.

use std::{collections::BTreeMap, error::Error};

use tandem_config::{ConfigSources, HostConfig, PathBases, ReferenceError};
use tandem_types::text::message;
use toml_edit::Value;

use crate::write::{Written, write};

/// What a caller finds wrong in a configuration beyond what its types say: as `tandem config check` does.
pub type Verdict<'a> = dyn Fn(&HostConfig) -> Result<(), Box<dyn Error + Send + Sync>> + 'a;

/// Values by their keys here.
pub(crate) struct Draft<'a> {
    values: BTreeMap<String, Written>,
    verdict: &'a Verdict<'a>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(verdict: &'a Verdict<'a>) -> Self {
        Self { values: BTreeMap::new(), verdict }
    }

    /// What is set already.
    pub(crate) fn get(&self, key: &str) -> Option<&Written> {
        self.values.get(key)
    }

    /// Sets a key, or leaves it unset and says why.
    pub(crate) fn set(&mut self, from: &str, key: &str, value: Value) -> Result<(), String> {
        self.values.insert(key.to_owned(), Written { value, from: from.to_owned() });
        let checked = self.check();
        if checked.is_err() {
            self.values.remove(key);
        }
        checked
    }

    fn check(&self) -> Result<(), String> {
        let (text, none) = (self.text(), BTreeMap::new());
        let sources = ConfigSources {
            file: Some(("tandem.toml", &text)),
            environment: &none,
            flags: &[],
            resolve: &|_| Err(ReferenceError::Unavailable),
            bases: PathBases::default(),
        };
        let config = HostConfig::load(&sources).map_err(|errors| first(&errors))?;
        (self.verdict)(&config).map_err(|error| message(&error))
    }

    /// As TOML.
    pub(crate) fn text(&self) -> String {
        write(&self.values)
    }
}

/// The first of some errors, in one line.
fn first(errors: &tandem_document::ManifestErrors) -> String {
    let said = errors.as_slice().first().map(|error| match &error.help {
        Some(help) => format!("{}; {help}", error.message),
        None => error.message.clone(),
    });
    said.map_or_else(|| "this host does not take it".to_owned(), |said| message(&said))
}
