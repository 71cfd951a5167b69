//! Outgoing HTTP, to the hosts that the manifest requests (`http`) and the operator grants.
//!
//! An answer is waited for and held whole, up to a bound. The host checks every request, redirect and resolved address
//! against the grant; what it refuses is [`Error::Denied`]. A plugin that sends no request imports nothing for it.
//!
//! ```
//! use tandem_sdk::prelude::*;
//!
//! fn rain(city: &str) -> Result<f64> {
//!     let answer: Value = http::get(&format!("https://api.example.com/rain?q={city}"))?.ok()?.json()?;
//!     answer["mm"].as_f64().ok_or_else(|| Error::other("the answer has no `mm`"))
//! }
//! ```

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Context, Error as AnyError, Result as AnyResult};
use crate::host;

/// Bytes of an answer that are kept unless [`Request::max_bytes`] says otherwise: it is held in the plugin's own memory,
/// and takes up to three times as much of it while it comes.
pub const MAX_BYTES: usize = 1 << 20;

/// Why there is no answer. Turns into [`tandem_sdk::Error`](crate::Error) by `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host is not granted.
    Denied(String),
    /// It cannot be reached now, did not answer in time, or broke off.
    Unavailable(String),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
    /// The URL, the method or a header is malformed or forbidden.
    Invalid(String),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(m) | Self::Unavailable(m) | Self::Invalid(m) | Self::Other(m) => write!(f, "http: {m}"),
            Self::TooLarge(bound) => write!(f, "http: the answer is larger than {bound} bytes"),
        }
    }
}

impl std::error::Error for Error {}

/// A request that is being made up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Where it goes: http or https.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Its body; empty where there is none.
    pub body: Vec<u8>,
    /// A longer answer is [`Error::TooLarge`]. [`MAX_BYTES`] unless set.
    pub max_bytes: usize,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        let (method, url) = (method.into(), url.into());
        Self { method, url, headers: Vec::new(), body: Vec::new(), max_bytes: MAX_BYTES }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With a body that is written as JSON, and says so.
    ///
    /// # Errors
    /// A value that does not serialise.
    pub fn json(self, value: &impl Serialize) -> AnyResult<Self> {
        let body = serde_json::to_vec(value).context("writing the request's body")?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// With another bound on the answer, in bytes.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sends it, and waits for the whole answer.
    ///
    /// # Errors
    /// When the host is not granted or not reached, the request is malformed, or the answer is larger than the bound. A
    /// status is no error: see [`Response::ok`].
    pub fn send(&self) -> Result<Response, Error> {
        host::http::send(self)
    }
}

/// Sends a GET without headers, as [`Request::send`].
///
/// # Errors
/// Those of [`Request::send`].
pub fn get(url: &str) -> Result<Response, Error> {
    Request::new("GET", url).send()
}

/// Sends a POST of a value that is written as JSON, as [`Request::send`].
///
/// # Errors
/// Those of [`Request::send`], and a value that does not serialise.
pub fn post_json(url: &str, value: &impl Serialize) -> AnyResult<Response> {
    Ok(Request::new("POST", url).json(value)?.send()?)
}

/// An answer, with whatever status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Names, in lower case, and values. What is no UTF-8 is replaced.
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
    /// A body that is no JSON, or of another shape.
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
