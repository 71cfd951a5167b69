//! The operator's secrets for this plugin, used without being seen. Needs the `secrets` grant.
//!
//! A [`Secret`] is a placeholder: put it into a header's value or into the query of a request, and the host puts the
//! secret in its place when the request leaves, over TLS only.
//!
//! ```
//! use tandem_sdk::secrets;
//!
//! fn header() -> tandem_sdk::Result<String> {
//!     let token = secrets::get("api-token")?;
//!     Ok(format!("Bearer {}", token.placeholder()))
//! }
//! # assert!(header().is_err(), "outside of a host nothing is granted");
//! ```

use std::fmt;

use crate::host;

pub use crate::bindings::tandem::host::secrets::Error;

/// A secret's placeholder. It is worth nothing outside of the running call, and still does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    name: String,
    placeholder: String,
}

impl Secret {
    /// The secret's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text to put where the secret belongs.
    pub fn placeholder(&self) -> &str {
        &self.placeholder
    }

    /// The secret itself.
    ///
    /// # Errors
    /// Without the separate grant `reveal-secrets`.
    pub fn reveal(&self) -> Result<String, Error> {
        host::secrets::reveal(&self.name)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The names of the plugin's secrets, sorted.
///
/// # Errors
/// When the host cannot tell.
pub fn list() -> Result<Vec<String>, Error> {
    host::secrets::list()
}

/// A secret, by its name.
///
/// # Errors
/// When it is not granted.
pub fn get(name: &str) -> Result<Secret, Error> {
    let placeholder = host::secrets::placeholder(name)?;
    Ok(Secret { name: name.to_owned(), placeholder })
}
