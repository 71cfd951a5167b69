//! Where requests go.

use tandem_package::{HostPattern, PathPrefix};
use url::Url;

use crate::{ImportError, document::At};

/// The server of a document or an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Scheme, host, port and base path, without a slash at the end.
    pub(crate) base: String,
    /// The host, as rules have it.
    pub(crate) host: String,
    /// The port, where it is not the default one of http and https.
    pub(crate) port: Option<u16>,
    /// The base path: empty, or with a slash before it and none behind it.
    pub(crate) path: String,
    /// Whether secrets can be sent to it.
    pub(crate) is_tls: bool,
}

impl Server {
    /// The first server of a `servers` list, with the defaults of its variables.
    pub(crate) fn first(at: &At<'_>) -> Result<Option<Self>, ImportError> {
        let Some(server) = at.member("servers").and_then(|servers| servers.items().next()) else { return Ok(None) };
        let mut text = server.text("url").unwrap_or_default().to_owned();
        for (name, variable) in server.member("variables").iter().flat_map(At::members) {
            let default = variable.text("default").unwrap_or_default();
            text = text.replace(&format!("{{{name}}}"), default);
        }
        Self::parse(&text).map(Some)
    }

    /// Reads the URL of a server.
    pub(crate) fn parse(text: &str) -> Result<Self, ImportError> {
        let refuse = |why: &str| ImportError::Server(format!("the server `{}` {why}", tandem_types::text::shown(text)));
        let url = Url::parse(text).map_err(|_| refuse("is not an absolute URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("is not of http or https"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("has user information, a query or a fragment"));
        }
        let host = url.host_str().ok_or_else(|| refuse("has no host"))?;
        let pattern: HostPattern = host.parse().map_err(|error| refuse(&format!("has no usable host: {error}")))?;
        let path = url.path().trim_end_matches('/').to_owned();
        if !path.is_empty() {
            path.parse::<PathPrefix>().map_err(|error| refuse(&format!("has no usable path: {error}")))?;
        }
        let port = url.port();
        let shown_port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let base = format!("{}://{host}{shown_port}{path}", url.scheme());
        Ok(Self {
            base,
            host: pattern.to_string().trim_matches(['[', ']']).to_owned(),
            port,
            path,
            is_tls: url.scheme() == "https",
        })
    }
}
