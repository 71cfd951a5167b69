//! Sends requests through the host.

use std::fmt;
use std::io;

use serde::Serialize;

use super::error::Error;
use super::request::Request;
use super::response::Response;
use crate::error::Result as AnyResult;
use crate::host;

impl Request {
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
