//! An answer that is there whole.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use crate::error::{Context, Error as AnyError, Result as AnyResult};

/// An answer, with whatever status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Names, in lower case, and values. What is not UTF-8 is replaced.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer, for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The body as UTF-8; what is none is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// A body that is not JSON, or of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> AnyResult<T> {
        serde_json::from_slice(&self.body).context("reading the server's answer")
    }

    /// The answer itself, if its status says success.
    ///
    /// # Errors
    /// A status from 400: [`Unavailable`](crate::Error::Unavailable) for 429 and from 500, else
    /// [`Other`](crate::Error::Other).
    pub fn ok(self) -> AnyResult<Self> {
        let status = self.status;
        let says = || format!("the server answered with status {status}");
        match status {
            ..400 => Ok(self),
            429 | 500.. => Err(AnyError::Unavailable(says())),
            _ => Err(AnyError::Other(says())),
        }
    }
}
