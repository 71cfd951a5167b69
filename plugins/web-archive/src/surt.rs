//! URLs as the keys by which indexes are sorted (SURT): `com,example)/path?a=1`.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

/// What stays encoded in a key.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'`');

/// The key of a URL: host from its last part on, without `www`, path and query in lower case, parameters sorted. What is no web address stays
/// as it is.
pub(crate) fn key(address: &str) -> String {
    let Some((url, host)) = Url::parse(address).ok().and_then(|url| Some((url.clone(), url.host_str()?.to_owned())))
    else {
        return address.to_owned();
    };
    let mut parts: Vec<&str> = host.split('.').collect();
    let is_www =
        |part: &&str| part.strip_prefix("www").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    if parts.len() > 1 && parts.first().is_some_and(is_www) {
        parts.remove(0);
    }
    parts.reverse();
    let mut key = parts.join(",");
    if let Some(port) = url.port() {
        key.push_str(&format!(":{port}"));
    }
    key.push(')');
    let path = plain(url.path());
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path.as_str() };
    key.push_str(if path.is_empty() { "/" } else { path });
    let query = url.query().map(plain).unwrap_or_default();
    if !query.is_empty() {
        let mut parameters: Vec<&str> = query.split('&').collect();
        parameters.sort_unstable();
        key.push('?');
        key.push_str(&parameters.join("&"));
    }
    key
}

/// A part of a URL in lower case, encoded only where it must be.
fn plain(part: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(part).collect();
    let text = match std::str::from_utf8(&decoded) {
        Ok(text) => utf8_percent_encode(text, ENCODED).to_string(),
        Err(_) => part.to_owned(),
    };
    text.to_lowercase()
}
