//! Tells clients that what the plugin offers has changed.

use crate::host;

pub use crate::bindings::tandem::host::events::{EntryKind, Error};

/// Hides one of the plugin's own entries from the caller's tenant, until the plugin is reloaded or shows it
/// again. A hidden tool cannot be called.
///
/// # Errors
/// When the plugin has no such entry.
pub fn hide(kind: EntryKind, name: &str) -> Result<(), Error> {
    host::events::set_hidden(kind, name, true)
}

/// Shows an entry that was hidden.
///
/// # Errors
/// When the plugin has no such entry.
pub fn show(kind: EntryKind, name: &str) -> Result<(), Error> {
    host::events::set_hidden(kind, name, false)
}

/// Tells the subscribers of a resource, in the caller's tenant, that its content changed.
///
/// # Errors
/// When the plugin has no such resource.
pub fn resource_updated(uri: &str) -> Result<(), Error> {
    host::events::resource_updated(uri)
}
