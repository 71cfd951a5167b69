//! Secrets: none is granted.

use crate::bindings::tandem::host::secrets::Error;

pub(crate) fn list() -> Result<Vec<String>, Error> {
    Ok(Vec::new())
}

pub(crate) fn placeholder(name: &str) -> Result<String, Error> {
    Err(Error::Denied(format!("the secret `{name}` is not granted")))
}

pub(crate) fn reveal(name: &str) -> Result<String, Error> {
    placeholder(name)
}
