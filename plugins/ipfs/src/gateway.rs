//! Requests to gateways and nodes.

use std::time::Duration;

use tandem_sdk::http;
use url::Url;

use crate::{
    fault::{Fault, Result},
    limits::{MAX_URL_BYTES, REQUEST_SECONDS},
};

/// The URL that an argument holds, with these segments below it.
pub(crate) fn address(argument: &str, text: &str, below: &[&str]) -> Result<Url> {
    let wrong = || {
        Fault::Argument(format!(
            "`{argument}` is the URL of a host of at most {MAX_URL_BYTES} bytes, as `https://trustless-gateway.link`"
        ))
    };
    if text.len() > MAX_URL_BYTES {
        return Err(wrong());
    }
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || !url.username().is_empty() {
        return Err(wrong());
    }
    url.set_fragment(None);
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(below);
    Ok(url)
}

/// A request with what all have.
pub(crate) fn request(method: &str, url: &Url, max_bytes: usize) -> http::Request {
    http::Request::new(method, url.as_str())
        .header("user-agent", "tandem/0.1 (ipfs tools)")
        .max_bytes(max_bytes)
        .timeout(Duration::from_secs(REQUEST_SECONDS))
}

/// The body of an answer that is a success. Redirects are errors: only what was asked for is granted.
pub(crate) fn body(url: &Url, response: Result<http::Response, http::Error>) -> Result<Vec<u8>> {
    let response = response.map_err(|error| failed(url, &error))?;
    let status = response.status;
    match status {
        200 => Ok(response.body),
        404 | 410 => {
            Err(Fault::NotFound(format!("{url} answered with status {status}: the content was not found there")))
        }
        429 | 500.. => Err(Fault::Unavailable(format!("{url} answered with status {status}; try again later"))),
        300..400 => Err(Fault::Unsupported(format!(
            "{url} answered with status {status}, a redirect to `{}`, which is not followed: give that host",
            response.header("location").unwrap_or_default()
        ))),
        _ => Err(Fault::Unsupported(format!("{url} answered with status {status}"))),
    }
}

/// A request that has no answer.
fn failed(url: &Url, error: &http::Error) -> Fault {
    match error {
        http::Error::Denied(why) => Fault::Denied(format!("{url}: {why}")),
        http::Error::Unavailable(why) => Fault::Unavailable(format!("{url}: {why}")),
        http::Error::TooLarge(limit) => {
            Fault::Limit(format!("{url} sends more than {limit} bytes, the bound of this tool"))
        }
        other => Fault::Io(format!("{url}: {other}")),
    }
}
