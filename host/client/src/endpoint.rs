//! The URL of an MCP endpoint.

use reqwest::Url;

use crate::error::ClientError;

/// Which host is asked.
#[derive(Clone, Debug)]
pub struct Target {
    /// The host's MCP endpoint.
    pub url: String,
    /// Bearer token or API key.
    pub token: Option<String>,
}

/// A URL of an MCP endpoint.
///
/// # Errors
/// It has no scheme or no path; the error says what was probably meant.
pub fn endpoint(text: &str) -> Result<String, ClientError> {
    endpoint_at(text, "/mcp")
}

/// The same, with the path that is suggested where there is none.
pub(crate) fn endpoint_at(text: &str, path: &str) -> Result<String, ClientError> {
    let invalid = |reason: String| Err(ClientError::InvalidUrl(reason));
    if !text.contains("://") {
        let path = if text.contains('/') { "" } else { path };
        return invalid(format!("`{text}` has no scheme; write http://{text}{path}"));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return invalid(format!("`{text}`: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return invalid(format!("`{text}`: unsupported scheme; write http:// or https://"));
    }
    if url.path() == "/" {
        return invalid(format!("{text} is not an MCP endpoint; write {}{path}", text.trim_end_matches('/')));
    }
    Ok(text.to_owned())
}

/// The endpoint of the host that a URL leads to.
pub(crate) fn likely_endpoint(url: &str) -> String {
    let origin = Url::parse(url).map(|url| url.origin().ascii_serialization());
    origin.map_or_else(|_| "http://HOST:PORT/mcp".to_owned(), |origin| format!("{origin}/mcp/full"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_the_endpoint_is() {
        for right in ["http://127.0.0.1:8000/mcp", "https://a.test/mcp/full", "http://a/x"] {
            assert_eq!(endpoint(right).unwrap(), right);
        }
        for (wrong, meant) in [
            ("127.0.0.1:8000", "http://127.0.0.1:8000/mcp"),
            ("localhost:8000/mcp", "http://localhost:8000/mcp"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/mcp"),
            ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/mcp"),
            ("ftp://a/mcp", "http://"),
        ] {
            let error = endpoint(wrong).unwrap_err().to_string();
            assert!(error.contains(meant), "{error}");
        }
    }
}
