//! Whether robots.txt lets a URL be read. The rules of a host are kept in kv for a day.

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tandem_sdk::prelude::*;
use url::Url;

use crate::limits::{MAX_REDIRECTS, MAX_ROBOTS_BYTES, ROBOTS_TTL_SECONDS};
use crate::request;
use crate::robots::Rules;

const PREFIX: &str = "robots/";

/// What is kept for a host.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Unix seconds.
    fetched: u64,
    rules: Rules,
}

/// The rules of the URL's host, from kv or from the host.
pub fn rules(url: &Url) -> Result<Rules> {
    let key = format!("{PREFIX}{}", url.origin().ascii_serialization());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    // What cannot be read is fetched again.
    if let Ok(Some(kept)) = kv::get_json::<Kept>(&key)
        && now.saturating_sub(kept.fetched) < ROBOTS_TTL_SECONDS
    {
        return Ok(kept.rules);
    }
    let rules = request(url)?;
    keep(&key, &Kept { fetched: now, rules: rules.clone() });
    Ok(rules)
}

/// An error unless robots.txt lets this URL be read.
pub fn check(url: &Url) -> Result<()> {
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    match rules(url)?.forbidding(&path) {
        None => Ok(()),
        Some(rule) => Err(Error::denied(format!(
            "{}/robots.txt forbids {url} to robots (rule `Disallow: {rule}`); ask the site's owner, or read another page",
            url.origin().ascii_serialization()
        ))),
    }
}

/// Asks the host. A file that is not there allows everything, a host that fails allows nothing (RFC 9309, 2.3.1).
fn request(url: &Url) -> Result<Rules> {
    let mut at = url.join("/robots.txt").map_err(|e| Error::other(format!("{url}: {e}")))?;
    for _ in 0..=MAX_REDIRECTS {
        let mut stream = request::request("GET", &at).open().map_err(|e| request::failed(&at, &e))?;
        match stream.status() {
            200..300 => {
                let mut body = Vec::new();
                let limit = u64::try_from(MAX_ROBOTS_BYTES).unwrap_or(u64::MAX);
                stream.by_ref().take(limit).read_to_end(&mut body).context(format_args!("reading {at}"))?;
                return Ok(Rules::parse(&String::from_utf8_lossy(&body)));
            }
            300..400 => match request::target(&at, stream.headers()) {
                Some(next) => at = next,
                None => return Ok(Rules::default()),
            },
            400..500 => return Ok(Rules::default()),
            status => {
                return Err(Error::unavailable(format!(
                    "{at} answered with status {status}: until it can be read, nothing of this host may be read (RFC 9309); try again later"
                )));
            }
        }
    }
    // More redirects count as no file.
    Ok(Rules::default())
}

/// Keeps rules. Without room all kept rules go: they can be fetched again.
fn keep(key: &str, kept: &Kept) {
    if kv::set_json(key, kept).is_err() {
        for old in kv::keys(PREFIX).unwrap_or_default() {
            drop(kv::delete(&old));
        }
        drop(kv::set_json(key, kept));
    }
}
