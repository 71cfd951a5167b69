//! The few calls of GitHub's REST API that the registry makes, within bounds.
//!
//! The token goes to the configured server only: redirects are not followed, and links to further pages must stay on
//! its origin. It is in no error and in no `Debug`.

use std::time::Duration;

use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode, Url,
    header::{self, HeaderMap, HeaderValue},
    redirect,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tandem_config::{HttpUrl, RepositoryName};
use tandem_types::Secret;

use super::{GithubError, GithubSettings};
use crate::trust::UnixMillis;

/// Bytes of an answer: a page of comments, each as long as GitHub allows, escaped.
const MAX_ANSWER: usize = 16 << 20;
/// Comments of a page, the most that GitHub gives.
pub(super) const PER_PAGE: usize = 100;
/// The wait when GitHub limits and does not say for how long, and the longest that is believed.
const LIMITED: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3_600));

#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base: Url,
    repository: RepositoryName,
    authorization: Option<HeaderValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) pull_request: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) body: Option<String>,
    /// Missing when the account was deleted.
    #[serde(default)]
    pub(super) user: Option<User>,
}

/// A page of comments.
#[derive(Debug)]
pub(super) enum PageAnswer {
    /// The page is as it was; the next one, if the answer says so.
    Unchanged(Option<Url>),
    Page {
        comments: Vec<Comment>,
        etag: Option<HeaderValue>,
        next: Option<Url>,
    },
    /// It is too long to be read, but others follow.
    TooLong(Option<Url>),
}

impl Api {
    pub(super) fn new(settings: &GithubSettings) -> Result<Self, GithubError> {
        // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("tandem/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| GithubError::Client(error.without_url()))?;
        let authorization = settings.token.as_ref().map(|token| bearer(token, &settings.api_base)).transpose()?;
        let base = settings.api_base.as_str().parse().map_err(|_| GithubError::Base)?;
        Ok(Self { client, base, repository: settings.repository.clone(), authorization })
    }

    pub(super) fn has_token(&self) -> bool {
        self.authorization.is_some()
    }

    /// The account of the token; none where the token is one of an app.
    pub(super) async fn account(&self, now: UnixMillis) -> Result<Option<u64>, GithubError> {
        let response = self.send(self.request(Method::GET, self.url("/user", &[])?), now).await?;
        match response.status() {
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(None),
            _ => self.json::<User>(response).await.map(|user| Some(user.id)),
        }
    }

    /// Open issues with a label, the first one first.
    pub(super) async fn issues(&self, label: &str, now: UnixMillis) -> Result<Vec<Issue>, GithubError> {
        let query =
            [("labels", label), ("state", "open"), ("sort", "created"), ("direction", "asc"), ("per_page", "10")];
        let url = self.repository_url("/issues", &query)?;
        self.json(self.send(self.request(Method::GET, url), now).await?).await
    }

    pub(super) fn comments_url(&self, issue: u64) -> Result<Url, GithubError> {
        self.repository_url(&format!("/issues/{issue}/comments"), &[("per_page", &PER_PAGE.to_string())])
    }

    pub(super) async fn page(
        &self,
        url: &Url,
        etag: Option<&HeaderValue>,
        now: UnixMillis,
    ) -> Result<PageAnswer, GithubError> {
        let mut request = self.request(Method::GET, url.clone());
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let response = self.send(request, now).await?;
        let next = self.next(response.headers());
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(PageAnswer::Unchanged(next));
        }
        let etag = response.headers().get(header::ETAG).cloned();
        match self.json(response).await {
            Ok(comments) => Ok(PageAnswer::Page { comments, etag, next }),
            Err(GithubError::TooLong { .. }) => Ok(PageAnswer::TooLong(next)),
            Err(error) => Err(error),
        }
    }

    /// Makes a comment; answers its id.
    pub(super) async fn create(&self, issue: u64, body: &str, now: UnixMillis) -> Result<u64, GithubError> {
        let url = self.repository_url(&format!("/issues/{issue}/comments"), &[])?;
        let request = self.request(Method::POST, url).json(&json!({ "body": body }));
        self.json::<Comment>(self.send(request, now).await?).await.map(|comment| comment.id)
    }

    /// Changes a comment; answers whether it is there and ours.
    pub(super) async fn update(&self, comment: u64, body: &str, now: UnixMillis) -> Result<bool, GithubError> {
        let request = self.request(Method::PATCH, self.comment_url(comment)?).json(&json!({ "body": body }));
        let response = self.send(request, now).await?;
        if matches!(response.status(), StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) {
            return Ok(false);
        }
        self.json::<Comment>(response).await.map(|_| true)
    }

    /// Deletes a comment; answers whether it is gone.
    pub(super) async fn delete(&self, comment: u64, now: UnixMillis) -> Result<bool, GithubError> {
        let response = self.send(self.request(Method::DELETE, self.comment_url(comment)?), now).await?;
        match response.status() {
            StatusCode::FORBIDDEN => Ok(false),
            StatusCode::NOT_FOUND => Ok(true),
            status if status.is_success() => Ok(true),
            _ => Err(failure(&response)),
        }
    }

    fn comment_url(&self, comment: u64) -> Result<Url, GithubError> {
        self.repository_url(&format!("/issues/comments/{comment}"), &[])
    }

    fn repository_url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, GithubError> {
        self.url(&format!("/repos/{}{path}", self.repository.as_str()), query)
    }

    /// Enterprise servers have a path before the API's own.
    fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, GithubError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().clear().extend_pairs(query);
        }
        Ok(url)
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self
            .client
            .request(method, url)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        match &self.authorization {
            Some(value) => request.header(header::AUTHORIZATION, value),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder, now: UnixMillis) -> Result<Response, GithubError> {
        let response = request.send().await.map_err(unreachable)?;
        match (response.status(), limited(&response, now)) {
            (_, Some(retry_after)) => Err(GithubError::RateLimited { retry_after }),
            (StatusCode::UNAUTHORIZED, None) => Err(GithubError::Unauthorized),
            _ => Ok(response),
        }
    }

    async fn json<T: DeserializeOwned>(&self, mut response: Response) -> Result<T, GithubError> {
        if !response.status().is_success() {
            return Err(failure(&response));
        }
        let path = response.url().path().to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len().saturating_add(chunk.len()) > MAX_ANSWER {
                return Err(GithubError::TooLong { path });
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).map_err(|error| GithubError::Document { path, reason: error.to_string() })
    }

    /// The next page (RFC 8288), if it is on the same server.
    fn next(&self, headers: &HeaderMap) -> Option<Url> {
        let links = headers.get(header::LINK)?.to_str().ok()?;
        let next = links.split(',').find_map(|link| {
            let (target, parameters) = link.split_once(';')?;
            let next = parameters.split(';').any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
            next.then(|| target.trim().strip_prefix('<')?.strip_suffix('>')).flatten()
        })?;
        self.base.join(next).ok().filter(|next| next.origin() == self.base.origin())
    }
}

fn bearer(token: &Secret, base: &HttpUrl) -> Result<HeaderValue, GithubError> {
    if !base.is_confidential() {
        return Err(GithubError::Exposed);
    }
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.expose().trim())).map_err(|_| GithubError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn unreachable(source: reqwest::Error) -> GithubError {
    GithubError::Unreachable(source.without_url())
}

fn failure(response: &Response) -> GithubError {
    let (status, path) = (response.status().as_u16(), response.url().path().to_owned());
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => GithubError::NotFound { path },
        StatusCode::FORBIDDEN => GithubError::Forbidden { path },
        _ => GithubError::Status { status, path },
    }
}

/// For how long GitHub wants to be left alone, as it documents for both of its limits.
fn limited(response: &Response, now: UnixMillis) -> Option<Duration> {
    let number = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if !matches!(response.status(), StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    let (usual, longest) = LIMITED;
    let wait = if let Some(seconds) = number("retry-after") {
        Duration::from_secs(seconds)
    } else if number("x-ratelimit-remaining") == Some(0) {
        number("x-ratelimit-reset").map_or(usual, |at| UnixMillis(at.saturating_mul(1_000)).since(now))
    } else if response.status() == StatusCode::TOO_MANY_REQUESTS {
        usual
    } else {
        return None;
    };
    Some(wait.clamp(Duration::from_secs(1), longest))
}
