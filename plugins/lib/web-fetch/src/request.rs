//! One request: what all have, where a redirect leads, and errors with their URL.

use tandem_sdk::prelude::*;
use url::Url;

use crate::limits::{MAX_PAGE_BYTES, REQUEST_TIMEOUT};

const USER_AGENT: &str = "tandem/0.1 (web tools; obeys robots.txt)";

/// A request with what all have.
pub fn request(method: &str, url: &Url) -> http::Request {
    http::Request::new(method, url.as_str())
        .header("user-agent", USER_AGENT)
        .header("accept", "text/html, application/xhtml+xml, */*;q=0.8")
        .max_bytes(MAX_PAGE_BYTES)
        .timeout(REQUEST_TIMEOUT)
}

/// Where a redirect leads.
pub fn target(url: &Url, headers: &[(String, String)]) -> Option<Url> {
    let mut next = url.join(header(headers, "location")?).ok()?;
    next.set_fragment(None);
    Some(next)
}

/// The first header of this name.
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

/// The error of a request that has no answer, with its URL.
pub fn failed(url: &Url, error: &http::Error) -> Error {
    match error {
        http::Error::Denied(m) => Error::denied(format!("{url}: {m}")),
        http::Error::Unavailable(m) => Error::unavailable(format!("{url}: {m}")),
        http::Error::TooLarge(limit) => {
            Error::other(format!("{url} is larger than {limit} bytes, the limit of this tool"))
        }
        other => Error::other(format!("{url}: {other}")),
    }
}
