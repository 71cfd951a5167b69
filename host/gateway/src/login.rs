//! Signing in to the page for people, where callers authenticate.
//!
//! **Promises.** A browser that may not see `/` gets a form for its key instead of JSON; programs get JSON as before. The key is
//! kept by the browser, in a cookie that no script reads and that goes with no request of another site; it is checked
//! anew with each request, so that a key that was revoked shows nothing more.
//!
//! **Refuses.** The cookie anywhere but at `GET /`, which changes nothing: what calls tools or changes state wants
//! `Authorization`, which no page of others can add. So there is nothing to forge. Forms of other origins are refused by the guard.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::form_urlencoded;

use crate::{access::let_in, auth::API_KEY, body, incoming::ConnectionInfo, problem::Problem, state::AppState};

/// The cookie's name.
const COOKIE: &str = "tandem-key";
/// Largest form, in bytes: a credential has at most 8 KiB, and escaping makes three bytes of one.
const MAX_FORM: usize = 32 << 10;
/// No script, nothing from elsewhere, no frame; forms go to this host only.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The request was let in by the cookie.
#[derive(Clone, Copy)]
pub(crate) struct SignedIn;

/// Lets the cookie stand for a credential at `GET /`, where the request has none.
pub(crate) fn take_cookie<B>(request: &mut http::Request<B>) {
    let headers = request.headers();
    let at_page = *request.method() == Method::GET && request.uri().path() == "/";
    if !at_page || headers.contains_key(header::AUTHORIZATION) || headers.contains_key(API_KEY) {
        return;
    }
    if let Some(credential) = cookie(headers).and_then(|key| HeaderValue::try_from(format!("Bearer {key}")).ok()) {
        request.headers_mut().insert(header::AUTHORIZATION, credential);
        request.extensions_mut().insert(SignedIn);
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

/// Whether a request is a browser's that asks for the page.
pub(crate) fn is_for_people<B>(request: &http::Request<B>) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    *request.method() == Method::GET
        && request.uri().path() == "/"
        && accepts.is_some_and(|accept| accept.contains("text/html"))
}

/// The form in the place of a refusal; a cookie that does not count goes.
pub(crate) fn instead_of(refusal: Response, signed_in: bool) -> Response {
    if refusal.status() != StatusCode::UNAUTHORIZED {
        return refusal;
    }
    let mut page = form(if signed_in { "This key is no longer valid." } else { "" });
    if signed_in {
        set_cookie(&mut page, "", false);
    }
    page
}

/// `POST /login`.
pub(crate) async fn login(State(shared): State<Arc<AppState>>, request: Request) -> Response {
    let address = request.extensions().get::<ConnectionInfo>().map(|connection| connection.address);
    let (mut parts, body) = request.into_parts();
    let body = match body::whole(&parts.headers, body, MAX_FORM).await {
        Ok(body) => body,
        Err(error) => return Problem::from(error).into_response(),
    };
    let key = form_urlencoded::parse(&body).find(|(name, _)| name == "key").map(|(_, key)| key.trim().to_owned());
    let Some(key) = key.filter(|key| !key.is_empty()) else { return form("Write a key.") };
    let Ok(credential) = HeaderValue::try_from(format!("Bearer {key}")) else { return form("This is not a key.") };
    parts.headers.remove(API_KEY);
    parts.headers.insert(header::AUTHORIZATION, credential);
    match let_in(&shared, &parts.uri, &parts.headers, address).await {
        Ok(_) => {
            let secure = parts.headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
            let mut response = to_page();
            set_cookie(&mut response, &BASE64_URL_SAFE_NO_PAD.encode(key), secure);
            response
        }
        Err(problem) => {
            let refusal = problem.into_response();
            if refusal.status() == StatusCode::UNAUTHORIZED { form("This key is not known here.") } else { refusal }
        }
    }
}

/// `POST /logout`. It only forgets: nobody needs to be known for that, but the page has to be ours.
pub(crate) async fn logout(State(shared): State<Arc<AppState>>, request: Request) -> Response {
    if let Err(refusal) = shared.guard.check(request.uri(), request.headers()) {
        return Problem::from(refusal).into_response();
    }
    let mut response = to_page();
    set_cookie(&mut response, "", false);
    response
}

fn to_page() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response()
}

/// Sets the cookie until the browser ends, or takes it away.
fn set_cookie(response: &mut Response, value: &str, secure: bool) {
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{age}{secure}");
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn form(told: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Sign in</title><style>body{{font:15px/1.5 system-ui,sans-serif;max-width:24rem;margin:15vh auto;padding:0 1rem}}\
         input,button{{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:.3rem 0}}.bad{{color:#b00}}\
         @media(prefers-color-scheme:dark){{body{{background:#111;color:#ddd}}.bad{{color:#f88}}}}</style>\
         <h1>Sign in</h1><p class=bad>{told}</p><form method=post action=\"/login\"><label>API key or token\
         <input type=password name=key required autofocus autocomplete=current-password></label><button>Sign in</button></form>\
         <p>The operator issues keys: <code>tandem key issue --name NAME</code>.</p></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        // With none at all, browsers would send the form without an origin.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::UNAUTHORIZED, headers, Html(text)).into_response()
}
