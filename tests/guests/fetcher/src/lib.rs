//! A plugin that fetches any URL it is given: the host refuses what is not granted.

use std::{
    io::{self, Write as _},
    time::Duration,
};

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

    /// Fetches a URL with a secret in a header and in the query, and never sees it.
    #[tool(read_only, open_world)]
    fn fetch_with_secret(
        /// The URL, without a query.
        url: &str,
        /// The secret's name.
        secret: &str,
    ) -> Result<Fetched> {
        let secret = secrets::get(secret)?;
        let (url, value) = (format!("{url}?key={}", secret.placeholder()), format!("Bearer {}", secret.placeholder()));
        fetch(&url, "GET", Some(("authorization", &value)))
    }

    /// Fetches URLs by the SDK, all of them at a time.
    #[tool(read_only, open_world)]
    fn fetch_all(
        /// The URLs.
        urls: &[String],
        /// What each of them is asked for, as `q` in the query.
        query: Option<String>,
        /// When a request is given up, in milliseconds.
        timeout_ms: Option<u64>,
    ) -> Vec<String> {
        let requests: Vec<_> = urls
            .iter()
            .map(|url| {
                let request = http::Request::new("GET", url);
                let request = query.iter().fold(request, |request, query| request.query("q", query));
                timeout_ms.iter().fold(request, |request, ms| request.timeout(Duration::from_millis(*ms)))
            })
            .collect();
        let answers = http::send_all(&requests).into_iter();
        answers
            .map(|answer| answer.map_or_else(|error| error.to_string(), |answer| answer.text().into_owned()))
            .collect()
    }

    /// Counts the bytes of an answer without holding it.
    #[tool(read_only, open_world)]
    fn fetch_length(
        /// The URL.
        url: &str,
    ) -> Result<u64> {
        let mut stream = http::Request::new("GET", url).open()?;
        Ok(io::copy(&mut stream, &mut io::sink())?)
    }

    /// Sends a body in parts, without holding it.
    #[tool(open_world)]
    fn fetch_upload(
        /// The URL.
        url: &str,
        /// A part of the body.
        part: &str,
        /// How often it is sent.
        times: u32,
        /// What is fetched before the last part.
        ask: Option<String>,
        /// When the request is given up, in milliseconds.
        timeout_ms: Option<u64>,
        /// Whether it is left before its end.
        #[arg(default = false)]
        leave: bool,
    ) -> Result<Fetched> {
        let request = http::Request::new("POST", url);
        let request = timeout_ms.iter().fold(request, |request, ms| request.timeout(Duration::from_millis(*ms)));
        let mut upload = request.upload()?;
        for at in 1..=times {
            if let Some(url) = ask.as_ref().filter(|_| at == times) {
                upload.flush()?;
                http::get(url)?.ok()?;
            }
            match upload.write_all(part.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                done => done?,
            }
        }
        if leave {
            return Err(Error::Cancelled);
        }
        let answer = upload.finish()?;
        Ok(Fetched { status: answer.status, body: answer.text().into_owned() })
    }

    /// Reads a secret.
    #[tool(read_only)]
    fn reveal_secret(
        /// The secret's name.
        secret: &str,
    ) -> Result<String> {
        Ok(secrets::get(secret)?.reveal()?)
    }

    /// What stands for a secret.
    #[tool(read_only)]
    fn secret_placeholder(
        /// The secret's name.
        secret: &str,
    ) -> Result<String> {
        Ok(secrets::get(secret)?.placeholder().to_owned())
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
