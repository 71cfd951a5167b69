//! A plugin that fetches any URL it is given: the host refuses what is not granted.

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Fetcher;

/// An answer of a server.
#[output]
struct Fetched {
    /// The status.
    status: u16,
    /// The body, as text.
    body: String,
}

#[tools]
impl Fetcher {
    /// Fetches a URL.
    #[tool(read_only, open_world)]
    fn fetch(
        /// The URL.
        url: &str,
        /// The method.
        #[arg(default = "GET")]
        method: &str,
        /// A header to send, as `name: value`.
        header: Option<String>,
    ) -> Result<Fetched> {
        let header = match &header {
            None => None,
            Some(text) => Some(text.split_once(": ").ok_or_else(|| Error::invalid_arguments("no `name: value`"))?),
        };
        fetch(url, method, header)
    }
}

#[cfg(target_arch = "wasm32")]
fn fetch(url: &str, method: &str, header: Option<(&str, &str)>) -> Result<Fetched> {
    use wstd::http::{Body, Client, Request};

    let mut request = Request::builder().uri(url).method(method);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty())?;
    let fetched = wstd::runtime::block_on(async {
        let mut response = Client::new().send(request).await?;
        let status = response.status().as_u16();
        let body = String::from_utf8_lossy(response.body_mut().contents().await?).into_owned();
        Ok::<_, wstd::http::Error>(Fetched { status, body })
    });
    fetched.map_err(|error| Error::unavailable(format!("{error:#}")))
}

#[cfg(not(target_arch = "wasm32"))]
fn fetch(_url: &str, _method: &str, _header: Option<(&str, &str)>) -> Result<Fetched> {
    Err(Error::unavailable("only a host can fetch"))
}

tandem_sdk::export!(Fetcher);
