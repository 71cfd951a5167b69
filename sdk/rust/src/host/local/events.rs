//! Events are heard by nobody.

use crate::bindings::tandem::host::events::{EntryKind, Error};

pub(crate) fn set_hidden(_kind: EntryKind, _name: &str, _hidden: bool) -> Result<(), Error> {
    Ok(())
}

pub(crate) fn resource_updated(_uri: &str) -> Result<(), Error> {
    Ok(())
}
