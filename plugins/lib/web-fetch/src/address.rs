//! URLs as arguments.

use tandem_sdk::prelude::*;
use url::Url;

use crate::limits::MAX_URL_BYTES;

/// Reads a URL that a tool was given.
pub fn parse(argument: &str, text: &str) -> Result<Url> {
    if text.len() > MAX_URL_BYTES {
        let length = text.len();
        return Err(Error::invalid_arguments(format!("`{argument}` has {length} bytes, the limit is {MAX_URL_BYTES}")));
    }
    let mut url = Url::parse(text.trim()).map_err(|e| {
        Error::invalid_arguments(format!(
            "`{argument}` is not a URL: {e}; give a whole one, as `https://example.com/page`"
        ))
    })?;
    if let Err(problem) = check(&url) {
        return Err(Error::invalid_arguments(format!("`{argument}` {problem}")));
    }
    url.set_fragment(None);
    Ok(url)
}

/// What is wrong with a URL for a request, if anything.
pub fn check(url: &Url) -> std::result::Result<(), String> {
    match url.scheme() {
        "http" | "https" => {}
        other => return Err(format!("has the scheme `{other}`; only `http` and `https` can be read")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it; leave them out".to_owned());
    }
    if url.as_str().len() > MAX_URL_BYTES {
        return Err(format!("has more than {MAX_URL_BYTES} bytes"));
    }
    Ok(())
}
