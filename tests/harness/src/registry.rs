//! An OCI registry for tests (distribution specification 1.1), which can also misbehave, and a file server.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a stand-in that panics fails its test, as it should"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::StreamExt as _;
use serde_json::json;
use tandem_package::Sha256Digest;
use tokio::net::TcpListener;

/// The token that its token service gives.
const TOKEN: &str = "a-token-of-the-test-registry";

/// What goes wrong with the next answer that has a blob or a file; being busy also with the next upload.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection breaks after so many bytes.
    Break(usize),
    /// The content ends early, and its announced length fits that.
    Truncate(usize),
    /// Other bytes than those that were asked for.
    Swap(Vec<u8>),
    /// It is somewhere else.
    Redirect(String),
    /// There is no time; `Retry-After` says so many seconds.
    Busy(u64),
    /// Ranges are not known: the whole file is sent.
    Whole,
    /// It is said to be so long.
    Claim(u64),
}

/// A request that it had.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method and its path with the query.
    pub line: String,
    /// Its `Authorization`.
    pub authorization: Option<String>,
    /// Its `Range`.
    pub range: Option<String>,
}

/// What it holds and how it behaves; tests change it while it runs.
#[derive(Debug, Default)]
pub struct Shelves {
    /// Blobs by digest, and files by name.
    pub blobs: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Manifests by `repository:tag` and `repository@digest`, with their media types.
    pub manifests: Mutex<BTreeMap<String, (String, Vec<u8>)>>,
    /// Faults of the next blobs, in order.
    pub faults: Mutex<VecDeque<Fault>>,
    /// Who may come in: user and password. Everybody where there is none.
    pub user: Mutex<Option<(String, String)>>,
    /// An identity token that counts as the user does.
    pub identity: Mutex<Option<String>>,
    /// Where its token service is, if not with it.
    pub realm: Mutex<Option<String>>,
    /// What was asked, in order.
    pub asked: Mutex<Vec<Asked>>,
    uploads: Mutex<BTreeMap<String, Vec<u8>>>,
    host: Mutex<String>,
}

/// A running registry. It ends with the test.
#[derive(Debug)]
pub struct Registry {
    /// `127.0.0.1:PORT`.
    pub host: String,
    /// What it holds.
    pub shelves: Arc<Shelves>,
}

impl Registry {
    /// Starts an empty one.
    pub async fn start() -> Self {
        let shelves = Arc::new(Shelves::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        shelves.host.lock().unwrap().clone_from(&host);
        let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(shelves.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { host, shelves }
    }

    /// Misbehaves so from the next blob or file on, once for each.
    pub fn fault(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shelves.faults.lock().unwrap().extend(faults);
    }

    /// What was asked since this was called last.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.shelves.asked.lock().unwrap())
    }
}

async fn answer(
    State(shelves): State<Arc<Shelves>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (authorization, range) = (text(header::AUTHORIZATION), text(header::RANGE));
    let line = format!("{method} {uri}");
    shelves.asked.lock().unwrap().push(Asked { line, authorization: authorization.clone(), range: range.clone() });
    if uri.path() == "/token" {
        return token(&shelves, authorization.as_deref(), &body);
    }
    if let Some(name) = uri.path().strip_prefix("/files/") {
        return blob(&shelves, &method, name, range.as_deref());
    }
    let bearer = format!("Bearer {TOKEN}");
    if shelves.user.lock().unwrap().is_some() && authorization.as_deref() != Some(&bearer) {
        let own = format!("http://{}/token", shelves.host.lock().unwrap());
        let realm = shelves.realm.lock().unwrap().clone().unwrap_or(own);
        let challenge = format!("Bearer realm=\"{realm}\",service=\"test\",scope=\"repository:everything:*\"");
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
    }
    let path = uri.path().trim_start_matches("/v2/");
    if let Some(repository) = path.strip_suffix("/tags/list") {
        return tags(&shelves, repository, uri.query().unwrap_or_default());
    }
    match (path.rsplit_once("/manifests/"), path.rsplit_once("/blobs/")) {
        (Some((repository, wanted)), _) if method == Method::PUT => {
            put_manifest(&shelves, repository, wanted, &headers, &body)
        }
        (Some((repository, wanted)), _) => manifest(&shelves, repository, wanted),
        (_, Some((repository, rest))) => match rest.strip_prefix("uploads/") {
            Some(id) => upload(&shelves, &method, repository, id, &uri, &body),
            None => blob(&shelves, &method, rest, range.as_deref()),
        },
        _ => StatusCode::OK.into_response(),
    }
}

fn token(shelves: &Shelves, authorization: Option<&str>, body: &[u8]) -> Response {
    let form = String::from_utf8_lossy(body);
    let identity = shelves.identity.lock().unwrap().clone();
    if identity.is_some_and(|identity| form.contains(&format!("refresh_token={identity}"))) {
        return axum::Json(json!({"access_token": TOKEN})).into_response();
    }
    let expected = shelves.user.lock().unwrap().clone().map(|(user, password)| format!("{user}:{password}"));
    let expected = expected.map(|pair| format!("Basic {}", BASE64_STANDARD.encode(pair)));
    match authorization.map(str::to_owned) == expected {
        true => axum::Json(json!({"token": TOKEN})).into_response(),
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Two on a page, however many are asked for.
fn tags(shelves: &Shelves, repository: &str, query: &str) -> Response {
    let all: Vec<String> = shelves
        .manifests
        .lock()
        .unwrap()
        .keys()
        .filter_map(|key| Some(key.strip_prefix(repository)?.strip_prefix(':')?.to_owned()))
        .filter(|tag| !tag.starts_with("sha256:"))
        .collect();
    if all.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let last = query.split('&').find_map(|part| part.strip_prefix("last="));
    let rest: Vec<&String> = all.iter().filter(|tag| last.is_none_or(|last| tag.as_str() > last)).collect();
    let page: Vec<&String> = rest.iter().take(2).copied().collect();
    let link = page.last().filter(|_| rest.len() > 2);
    let link = link.map(|last| (header::LINK, format!("</v2/{repository}/tags/list?n=2&last={last}>; rel=\"next\"")));
    (link.map(|link| [link]), axum::Json(json!({"name": repository, "tags": page}))).into_response()
}

fn put_manifest(shelves: &Shelves, repository: &str, wanted: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let kind = headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    let digest = Sha256Digest::of(body).to_string();
    let mut manifests = shelves.manifests.lock().unwrap();
    manifests.insert(format!("{repository}:{wanted}"), (kind.clone(), body.to_vec()));
    manifests.insert(format!("{repository}@{digest}"), (kind, body.to_vec()));
    (StatusCode::CREATED, [(header::LOCATION, format!("/v2/{repository}/manifests/{digest}"))]).into_response()
}

fn manifest(shelves: &Shelves, repository: &str, wanted: &str) -> Response {
    let key = format!("{repository}{}{wanted}", if wanted.contains(':') { '@' } else { ':' });
    match shelves.manifests.lock().unwrap().get(&key) {
        Some((kind, bytes)) => ([(header::CONTENT_TYPE, kind.clone())], bytes.clone()).into_response(),
        None => {
            let said = json!({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]});
            (StatusCode::NOT_FOUND, axum::Json(said)).into_response()
        }
    }
}

fn upload(shelves: &Shelves, method: &Method, repository: &str, id: &str, uri: &Uri, body: &[u8]) -> Response {
    let busy =
        shelves.faults.lock().unwrap().pop_front_if(|fault| *method == Method::POST && matches!(fault, Fault::Busy(_)));
    if busy.is_some() {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let mut uploads = shelves.uploads.lock().unwrap();
    let id = if *method == Method::POST { format!("upload-{}", uploads.len()) } else { id.to_owned() };
    uploads.entry(id.clone()).or_default().extend_from_slice(body);
    let location = format!("/v2/{repository}/blobs/uploads/{id}");
    if *method != Method::PUT {
        return (StatusCode::ACCEPTED, [(header::LOCATION, location)]).into_response();
    }
    let whole = uploads.remove(&id).unwrap();
    let digest = Sha256Digest::of(&whole).to_string();
    if !uri.query().unwrap_or_default().replace("%3A", ":").contains(&digest) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let location = format!("/v2/{repository}/blobs/{digest}");
    shelves.blobs.lock().unwrap().insert(digest, whole);
    (StatusCode::CREATED, [(header::LOCATION, location)]).into_response()
}

fn blob(shelves: &Shelves, method: &Method, name: &str, range: Option<&str>) -> Response {
    let Some(mut bytes) = shelves.blobs.lock().unwrap().get(name).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fault = if *method == Method::GET { shelves.faults.lock().unwrap().pop_front() } else { None };
    match &fault {
        Some(Fault::Redirect(to)) => return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
        Some(Fault::Busy(seconds)) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response();
        }
        Some(Fault::Swap(other)) => bytes.clone_from(other),
        Some(Fault::Truncate(to)) => bytes.truncate(*to),
        _ => {}
    }
    let etag = format!("\"{}\"", Sha256Digest::of(&bytes));
    let total = bytes.len();
    let from = range.filter(|_| !matches!(fault, Some(Fault::Whole))).map(|range| {
        range.trim_start_matches("bytes=").trim_end_matches('-').parse::<usize>().expect("one open range")
    });
    let rest = bytes.split_off(from.unwrap_or(0).min(total));
    let length = match fault {
        Some(Fault::Claim(length)) => length,
        _ => rest.len() as u64,
    };
    let mut response = Response::builder().header(header::ETAG, etag).header(header::CONTENT_LENGTH, length);
    if let Some(from) = from {
        response = response.status(StatusCode::PARTIAL_CONTENT);
        response = response.header(header::CONTENT_RANGE, format!("bytes {from}-{}/{total}", total.max(1) - 1));
    }
    // What was sent is on its way before the connection breaks: the server writes while it waits for more.
    let broken = futures::stream::once(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(std::io::Error::other("the connection breaks"))
    });
    let sent = |bytes: &[u8]| futures::stream::iter([Ok(Bytes::copy_from_slice(bytes))]);
    let body = match fault {
        Some(Fault::Break(after)) => Body::from_stream(sent(&rest[..after.min(rest.len())]).chain(broken)),
        Some(Fault::Claim(_)) => Body::from_stream(sent(&rest).chain(broken)),
        _ => Body::from(rest),
    };
    response.body(body).unwrap()
}
