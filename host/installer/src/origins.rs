//! Where the files that a host serves came from.

use serde_json::Value;
use tandem_registry::Lock;
use tandem_runtime::config::ConfigSource;

use crate::{error::InstallError, installation::lock_path};

/// Adds to each plugin of a host's list the source of the very file, by the lock file: its name and digest have to be the same.
///
/// # Errors
/// The lock file cannot be read.
pub fn add_sources(source: &ConfigSource, plugins: &mut Value) -> Result<(), InstallError> {
    let lock = Lock::read(&lock_path(source)?).map_err(|error| InstallError::directory(error.into()))?;
    let lock = lock.unwrap_or_default();
    for plugin in plugins.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        let text = |key: &str| plugin.get(key).and_then(Value::as_str);
        let locked = text("name").and_then(|name| lock.plugins.get(name));
        let source = locked.filter(|locked| text("digest") == Some(&*locked.digest.to_string()));
        if let Some(source) = source.map(|locked| locked.source.to_string()) {
            plugin.insert("source".to_owned(), source.into());
        }
    }
    Ok(())
}
