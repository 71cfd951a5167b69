//! Outgoing HTTP, to the hosts that the manifest requests (`http`) and the operator grants.
//!
//! An answer is waited for and held whole, up to a bound; [`Request::open`] reads it part by part, [`Request::upload`] writes a body
//! part by part, and [`send_all`] sends several requests at a time. The host checks every request, redirect and resolved address
//! against the grant; what it refuses is [`Error::Denied`]. A plugin that sends no request imports nothing for it.
//!
//! ```
//! use tandem_sdk::prelude::*;
//!
//! fn rain(city: &str) -> Result<f64> {
//!     let request = http::Request::new("GET", "https://api.example.com/rain").query("q", city);
//!     let answer: Value = request.send()?.ok()?.json()?;
//!     answer["mm"].as_f64().ok_or_else(|| Error::other("the answer has no `mm`"))
//! }
//! ```

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io;
use std::time::Duration;

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
    /// No grant covers its host, port, method and path.
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

    /// Given up with [`Error::Unavailable`] when its answer is not there, whole, after so long. The call goes on.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends it, and waits for the whole answer.
    ///
    /// # Errors
    /// When the host is not granted or not reached, the request is malformed, or the answer is larger than the bound. A
    /// status is no error: see [`Response::ok`].
    pub fn send(&self) -> Result<Response, Error> {
        let answers = host::http::send_all(&[self]);
        answers.into_iter().next().unwrap_or_else(|| Err(Error::Unavailable("there is no answer".to_owned())))
    }

    /// Sends it, and waits for the head of the answer; its body is read from the [`Stream`], however long it is.
    ///
    /// ```
    /// use std::io::Read;
    /// use tandem_sdk::prelude::*;
    ///
    /// fn lines(url: &str) -> Result<usize> {
    ///     let (mut stream, mut part, mut lines) = (http::Request::new("GET", url).open()?, [0; 8192], 0);
    ///     loop {
    ///         match stream.read(&mut part)? {
    ///             0 => return Ok(lines),
    ///             length => lines += part[..length].iter().filter(|byte| **byte == b'\n').count(),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`Request::send`], but for the bound.
    pub fn open(&self) -> Result<Stream, Error> {
        host::http::open(self).map(Stream)
    }

    /// Sends its head, and answers what its body is written to, with [`Write`](io::Write): a body of any length goes out while it is
    /// made, and is never held whole. What `body` has is left out.
    ///
    /// ```
    /// use std::io::Write;
    /// use tandem_sdk::prelude::*;
    ///
    /// fn send_lines(url: &str, lines: impl Iterator<Item = String>) -> Result<u16> {
    ///     let mut upload = http::Request::new("PUT", url).upload()?;
    ///     for line in lines {
    ///         writeln!(upload, "{line}")?;
    ///     }
    ///     Ok(upload.finish()?.status)
    /// }
    /// ```
    ///
    /// # Errors
    /// A host that is not granted, or a malformed request. That it is not reached shows while the body is written.
    pub fn upload(self) -> Result<Upload, Error> {
        host::http::Upload::new(self).map(Upload)
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

/// Sends requests, several at a time, and waits for all answers; they come in the order of the requests.
///
/// ```
/// use tandem_sdk::prelude::*;
///
/// fn all(cities: &[String]) -> Result<Vec<Value>> {
///     let requests: Vec<_> = cities
///         .iter()
///         .map(|city| http::Request::new("GET", "https://api.example.com/rain").query("q", city))
///         .collect();
///     http::send_all(&requests).into_iter().map(|answer| answer?.ok()?.json()).collect()
/// }
/// ```
pub fn send_all(requests: &[Request]) -> Vec<Result<Response, Error>> {
    host::http::send_all(&requests.iter().collect::<Vec<_>>())
}

/// An answer whose body is read part by part, with [`Read`](io::Read). What is not read is not waited for.
pub struct Stream(host::http::Incoming);

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("status", &self.0.status).finish_non_exhaustive()
    }
}

impl Stream {
    /// Its status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Its headers: names, in lower case, and values.
    pub fn headers(&self) -> &[(String, String)] {
        &self.0.headers
    }
}

impl io::Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// A request whose body is being written, with [`Write`](io::Write). [`Request::timeout`] counts from its head to the whole answer.
///
/// Writing waits while the server takes no more. It fails with [`BrokenPipe`](io::ErrorKind::BrokenPipe) when there is an answer
/// already or none will come: [`finish`](Upload::finish) has it. One that is dropped before is broken off: the server sees that the
/// body is not whole.
pub struct Upload(host::http::Upload);

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}

impl Upload {
    /// Ends the body, and waits for the whole answer.
    ///
    /// # Errors
    /// Those of [`Request::send`].
    pub fn finish(self) -> Result<Response, Error> {
        self.0.finish()
    }
}

impl io::Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
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
