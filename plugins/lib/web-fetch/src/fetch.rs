//! Getting a page through redirects. Each hop is checked by the host and by robots.txt.

use tandem_sdk::http::Response;
use tandem_sdk::prelude::*;
use url::Url;

use crate::limits::{MAX_PAGE_BYTES, MAX_REDIRECTS};
use crate::request::{failed, request, target};
use crate::{address, permission};

/// What a server answered.
#[derive(Debug)]
pub struct Fetched {
    /// Where it came from, after redirects.
    pub url: Url,
    /// Without parameters, in lower case; empty if the server did not say.
    pub media_type: String,
    /// The `charset` of the header.
    pub charset: Option<String>,
    /// Its status, a success.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Its content.
    pub body: Vec<u8>,
}

/// Gets a page, through redirects.
pub fn get(ctx: &Ctx, url: Url) -> Result<Fetched> {
    get_up_to(ctx, url, MAX_PAGE_BYTES)
}

/// Gets what has at most so many bytes, through redirects.
pub fn get_up_to(ctx: &Ctx, url: Url, bytes: usize) -> Result<Fetched> {
    let mut visited = vec![url];
    loop {
        ctx.check()?;
        let Some(url) = visited.last().cloned() else { return Err(Error::other("no URL")) };
        permission::check(&url)?;
        let response = request("GET", &url).max_bytes(bytes).send().map_err(|e| failed(&url, &e))?;
        if (300..400).contains(&response.status)
            && let Some(next) = target(&url, &response.headers)
        {
            follow(&mut visited, next)?;
            continue;
        }
        return answered(url, response);
    }
}

/// Takes one redirect, unless it is one too many.
pub fn follow(visited: &mut Vec<Url>, next: Url) -> Result<()> {
    let from = visited.last().map(Url::to_string).unwrap_or_default();
    if let Err(problem) = address::check(&next) {
        return Err(Error::other(format!("{from} redirects to a URL that {problem}")));
    }
    if visited.contains(&next) {
        return Err(Error::other(format!("{from} redirects to {next}, where the request came from: a redirect loop")));
    }
    if visited.len() > MAX_REDIRECTS {
        return Err(Error::other(format!("{from} redirects to {next}: more than {MAX_REDIRECTS} redirects")));
    }
    visited.push(next);
    Ok(())
}

/// The answer, if its status is a success.
pub fn answered(url: Url, response: Response) -> Result<Fetched> {
    succeeded(&url, response.status)?;
    let (media_type, charset) = content_type(response.header("content-type").unwrap_or_default());
    let Response { status, headers, body } = response;
    Ok(Fetched { url, media_type, charset, status, headers, body })
}

/// An error unless the status is a success.
pub fn succeeded(url: &Url, status: u16) -> Result<()> {
    match status {
        200..300 => Ok(()),
        404 | 410 => Err(Error::not_found(format!("{url} answered with status {status}: there is no such page"))),
        401 | 403 => Err(Error::other(format!("{url} answered with status {status}: it is not open to the public"))),
        429 | 500.. => Err(Error::unavailable(format!("{url} answered with status {status}; try again later"))),
        _ => Err(Error::other(format!("{url} answered with status {status}"))),
    }
}

/// Media type and charset of a `content-type`.
pub fn content_type(header: &str) -> (String, Option<String>) {
    let mut parts = header.split(';');
    let media_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    });
    (media_type, charset)
}
