//! A server that behaves as GitHub's API does, as far as the registry uses it.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing,
};
use serde_json::{Value, json};

/// A comment: its id, its author, its text.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) id: u64,
    pub(super) author: u64,
    pub(super) body: String,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) comments: Vec<Written>,
    pub(super) next_id: u64,
    pub(super) has_issue: bool,
    /// Method, path with query, status.
    pub(super) log: Vec<(Method, String, u16)>,
    /// What to answer instead.
    pub(super) refuse: Option<(StatusCode, Vec<(&'static str, String)>)>,
    /// Whether `/user` is refused, as for tokens of apps.
    pub(super) app: bool,
    /// Where a link to the next page leads, instead of here.
    pub(super) elsewhere: Option<String>,
}

/// The server; it ends with the value.
#[derive(Debug)]
pub(super) struct StandIn {
    pub(super) address: SocketAddr,
    inner: Shared,
    task: tokio::task::JoinHandle<()>,
}

type Shared = Arc<Mutex<Inner>>;

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StandIn {
    pub(super) async fn start() -> Self {
        let inner: Shared = Arc::new(Mutex::new(Inner { has_issue: true, next_id: 1, ..Inner::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/api/v3/user", routing::get(user))
            .route("/api/v3/repos/{owner}/{name}/issues", routing::get(issues))
            .route("/api/v3/repos/{owner}/{name}/issues/7/comments", routing::get(list).post(create))
            .route("/api/v3/repos/{owner}/{name}/issues/comments/{id}", routing::patch(update).delete(delete))
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&inner), gate))
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, inner, task }
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    /// Puts a comment there.
    pub(super) fn put(&self, author: u64, body: String) -> u64 {
        self.with(|inner| add(inner, author, body).id)
    }

    /// What was asked for since the last look, as `GET 200 path`.
    pub(super) fn log(&self) -> Vec<String> {
        self.with(|inner| std::mem::take(&mut inner.log))
            .into_iter()
            .map(|(method, path, status)| format!("{method} {status} {}", path.trim_start_matches("/api/v3")))
            .collect()
    }
}

fn add(inner: &mut Inner, author: u64, body: String) -> Written {
    let comment = Written { id: inner.next_id, author, body };
    inner.next_id += 1;
    inner.comments.push(comment.clone());
    comment
}

/// `Bearer account-5` is account 5.
fn account(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer account-")?.parse().ok()
}

async fn gate(State(inner): State<Shared>, request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().to_string());
    let wrong = request.headers().contains_key(header::AUTHORIZATION) && account(request.headers()).is_none();
    let refuse = inner.lock().unwrap().refuse.clone();
    let response = match refuse {
        Some((status, headers)) => {
            let mut response = status.into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        None if wrong => StatusCode::UNAUTHORIZED.into_response(),
        None => next.run(request).await,
    };
    inner.lock().unwrap().log.push((method, path, response.status().as_u16()));
    response
}

async fn user(State(inner): State<Shared>, headers: HeaderMap) -> Response {
    match account(&headers).filter(|_| !inner.lock().unwrap().app) {
        Some(id) => Json(json!({ "id": id, "login": "x" })).into_response(),
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

async fn issues(State(inner): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let found = inner.lock().unwrap().has_issue && query["labels"] == "tandem-peers" && query["state"] == "open";
    let all = json!([{ "number": 3, "pull_request": {} }, { "number": 7 }]);
    Json(if found { all } else { json!([]) })
}

fn shown(comment: &Written) -> Value {
    json!({ "id": comment.id, "user": { "id": comment.author }, "body": comment.body })
}

async fn list(
    State(inner): State<Shared>,
    Query(query): Query<HashMap<String, usize>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let inner = inner.lock().unwrap();
    let (page, size) = (query.get("page").copied().unwrap_or(1), query["per_page"]);
    let comments: Vec<_> = inner.comments.iter().skip((page - 1) * size).take(size).map(shown).collect();
    let text = Value::from(comments).to_string();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let etag = format!("W/\"{:x}\"", hasher.finish());
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let mut response = ([(header::ETAG, etag)], Bytes::from(text)).into_response();
    if page * size < inner.comments.len() {
        let here = format!("http://{}{}", headers[header::HOST].to_str().unwrap(), uri.path());
        let to = inner.elsewhere.clone().unwrap_or(here);
        let link = format!(
            "<{to}?per_page={size}&page=1>; rel=\"first\", <{to}?per_page={size}&page={}>; rel=\"next\"",
            page + 1
        );
        response.headers_mut().insert(header::LINK, link.parse().unwrap());
    }
    response
}

async fn create(State(inner): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let Some(author) = account(&headers) else { return StatusCode::FORBIDDEN.into_response() };
    let comment = add(&mut inner.lock().unwrap(), author, body["body"].as_str().unwrap().to_owned());
    (StatusCode::CREATED, Json(shown(&comment))).into_response()
}

async fn update(
    State(inner): State<Shared>,
    Path((_, _, id)): Path<(String, String, u64)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut inner = inner.lock().unwrap();
    match inner.comments.iter_mut().find(|comment| comment.id == id) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(comment) if account(&headers) != Some(comment.author) => StatusCode::FORBIDDEN.into_response(),
        Some(comment) => {
            comment.body = body["body"].as_str().unwrap().to_owned();
            Json(shown(comment)).into_response()
        }
    }
}

async fn delete(
    State(inner): State<Shared>,
    Path((_, _, id)): Path<(String, String, u64)>,
    headers: HeaderMap,
) -> StatusCode {
    let mut inner = inner.lock().unwrap();
    match inner.comments.iter().position(|comment| comment.id == id) {
        None => StatusCode::NOT_FOUND,
        Some(at) if account(&headers) != Some(inner.comments[at].author) => StatusCode::FORBIDDEN,
        Some(at) => {
            inner.comments.remove(at);
            StatusCode::NO_CONTENT
        }
    }
}
