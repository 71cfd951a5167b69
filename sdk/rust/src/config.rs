//! Settings that the operator gave this plugin. Read only.

use std::any::type_name;
use std::fmt::Display;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::host;

/// One value, or none when the operator did not set it.
pub fn get(key: &str) -> Option<String> {
    host::config::get(key)
}

/// All keys and values, sorted by key.
pub fn all() -> Vec<(String, String)> {
    host::config::all()
}

/// One value that the plugin cannot do without.
///
/// # Errors
/// When it is not set; the message tells the operator which key.
pub fn require(key: &str) -> Result<String> {
    get(key)
        .ok_or_else(|| Error::other(format!("the setting `{key}` is missing: set it in the plugin's configuration")))
}

/// One value as a `T`, or none when it is not set.
///
/// # Errors
/// When the value is no `T`.
pub fn parse<T: FromStr<Err: Display>>(key: &str) -> Result<Option<T>> {
    let read = |text: String| {
        text.parse()
            .map_err(|e| Error::other(format!("the setting `{key}` = `{text}` is no {}: {e}", type_name::<T>())))
    };
    get(key).map(read).transpose()
}
