//! A request: what it is made of. `send.rs` sends it.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::Serialize;

use crate::error::{Context, Result as AnyResult};
#[cfg(target_arch = "wasm32")]
use crate::http::error::Error;

/// Bytes of an answer that are kept unless [`Request::max_bytes`] says otherwise: it is held in the plugin's own memory,
/// and takes up to three times as much of it while it comes.
pub const MAX_BYTES: usize = 1 << 20;

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
    /// A longer answer is [`Error::TooLarge`](crate::http::Error::TooLarge). [`MAX_BYTES`] unless set.
    pub max_bytes: usize,
    /// When it is given up. Without it, when the call's deadline has come.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        let (method, url) = (method.into(), url.into());
        Self { method, url, headers: Vec::new(), body: Vec::new(), max_bytes: MAX_BYTES, timeout: None }
    }

    /// With one more parameter in its query, percent-encoded: whatever the value holds, it stays one value.
    #[must_use]
    pub fn query(mut self, name: impl AsRef<str>, value: impl fmt::Display) -> Self {
        let end = self.url.find('#').unwrap_or(self.url.len());
        let (before, _) = self.url.split_at(end);
        let first = match before.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        let parameter = format!("{first}{}={}", encoded(name.as_ref()), encoded(&value.to_string()));
        self.url.insert_str(end, &parameter);
        self
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

    /// Given up with [`Error::Unavailable`](crate::http::Error::Unavailable) when its answer is not there, whole, after so long. The call goes on.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn late(&self) -> Error {
        let after = self.timeout.unwrap_or_default();
        Error::Unavailable(format!("`{} {}` had no answer after {after:?}", self.method, self.url))
    }
}

/// A text in a query: letters, digits and `-._~` as they are, all else as `%XX`.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            // A text takes all that is written.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_a_query_stays_one_value() {
        let url = |url: &str, value: &str| Request::new("GET", url).query("q", value).url;
        assert_eq!(url("https://a.test/x", "New York"), "https://a.test/x?q=New%20York");
        assert_eq!(url("https://a.test", "a&admin=1#b"), "https://a.test?q=a%26admin%3D1%23b");
        assert_eq!(url("https://a.test/?a=b", "ß/%"), "https://a.test/?a=b&q=%C3%9F%2F%25");
        assert_eq!(url("https://a.test/?", ""), "https://a.test/?q=");
        assert_eq!(url("https://a.test/x#part?", "1"), "https://a.test/x?q=1#part?");
        assert_eq!(Request::new("GET", "https://a.test").query("page", 2).url, "https://a.test?page=2");
    }
}
