//! Requests to the services of web archives.

use tandem_sdk::http::Response;
use tandem_sdk::prelude::*;
use tandem_web_fetch::{fetch, request};
use url::Url;

use crate::cdxj::Entry;
use crate::limits::MAX_CAPTURES_BYTES;

/// How an address is matched.
#[input]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// This address only.
    Exact,
    /// All that begin with it.
    Prefix,
    /// All of its host.
    Host,
    /// All of its host and the hosts below it.
    Domain,
}

impl Scope {
    /// The scope that is meant: a bare host name means its domain.
    pub(crate) fn of(given: Option<Self>, url: &str) -> Self {
        given.unwrap_or(if url.contains('/') { Self::Exact } else { Self::Domain })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Host => "host",
            Self::Domain => "domain",
        }
    }
}

/// Asks a service; what has no capture is none.
pub(crate) fn ask(ctx: &Ctx, request: http::Request) -> Result<Option<Response>> {
    ctx.check()?;
    let url = Url::parse(&request.url).map_err(Error::other)?;
    let response = request.max_bytes(MAX_CAPTURES_BYTES).send().map_err(|error| request::failed(&url, &error))?;
    if response.status == 404 {
        return Ok(None);
    }
    fetch::succeeded(&url, response.status)?;
    Ok(Some(response))
}

/// A GET request with what all have.
pub(crate) fn get(url: &str) -> Result<http::Request> {
    Ok(request::request("GET", &Url::parse(url).map_err(Error::other)?))
}

/// The entries of an answer, one a line.
pub(crate) fn entries(from: &str, response: &Response) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (number, line) in response.text().lines().enumerate() {
        let entry = Entry::parse(line)
            .map_err(|error| Error::other(format!("{from}, line {}: not an entry of an index: {error}", number + 1)))?;
        entries.extend(entry);
    }
    Ok(entries)
}

/// The entry nearest to a time, or the last.
pub(crate) fn nearest(entries: Vec<Entry>, timestamp: Option<&str>) -> Option<Entry> {
    let number = |digits: &str| format!("{digits:0<14}").parse::<u64>().unwrap_or(0);
    match timestamp.map(number) {
        None => entries.into_iter().max_by_key(|entry| number(&entry.timestamp)),
        Some(wanted) => entries.into_iter().min_by_key(|entry| number(&entry.timestamp).abs_diff(wanted)),
    }
}
