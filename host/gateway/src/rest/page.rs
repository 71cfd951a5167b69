//! The page for people: what runs here, and how to connect. Rendered on the server, without script or other files.
//! Where callers authenticate, it shows what is there for the caller, without figures of the whole host. A host with hundreds
//! of plugins has several pages, none larger than 200 KB: it is loaded again every five seconds.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    response::{Html, IntoResponse, Response},
};
use http::{HeaderMap, header};
use serde::Deserialize;
use tandem_catalog::{Rejected, View};
use tandem_router::RuntimeStatus;

use crate::{
    incoming::Incoming,
    login::{POLICY, SignedIn},
    meta::state_of,
    state::AppState,
};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.3rem .6rem;\
border-bottom:1px solid #8884}td.n{text-align:right;font-variant-numeric:tabular-nums}code,pre{font:13px/1.5 ui-monospace,\
monospace}pre{background:#8881;padding:.8rem;overflow:auto}summary{cursor:pointer}.bad{color:#b00}\
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}.bad{color:#f88}}";

/// Categories on one page.
const CATEGORIES: usize = 20;
/// Tools shown of one category; the rest is a link.
const TOOLS: usize = 20;
/// Files shown that were left out.
const LEFT_OUT: usize = 20;
/// Characters of a description or a reason.
const TEXT: usize = 160;
/// Bytes after which no more tools are shown: authors choose what is written, and escaping makes six bytes of one.
const ENOUGH: usize = 100 << 10;

/// Which page.
#[derive(Deserialize)]
pub(super) struct Page {
    page: Option<usize>,
}

pub(super) async fn page(
    State(shared): State<Arc<AppState>>,
    query: Result<Query<Page>, QueryRejection>,
    Extension(incoming): Extension<Arc<Incoming>>,
    signed_in: Option<Extension<SignedIn>>,
    headers: HeaderMap,
) -> Response {
    let view = shared.router.view(&incoming.caller);
    // The guard let this host through.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let (name, version, status) = (&shared.config.server_name, &shared.config.server_version, shared.router.status());
    let number = query.ok().and_then(|Query(query)| query.page).unwrap_or(1);
    let mut body = render((name, version, host), &view, &status, shared.auth.is_open(), number);
    if signed_in.is_some() {
        body.push_str("<form method=post action=\"/logout\"><button>Sign out</button></form>");
    }
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (headers, Html(body)).into_response()
}

/// Text as it stands in HTML, in an attribute too.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

// Writing to a string cannot fail, so the results below are not looked at.
fn render(
    (name, version, host): (&str, &str, &str),
    view: &View,
    status: &RuntimeStatus,
    whole: bool,
    number: usize,
) -> String {
    let mut out = String::new();
    let (name, host) = (escape(name), escape(host));
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"5\"><title>{name}</title>\
         <style>{STYLE}</style><h1>{name} <small>{}</small></h1><p>{}</p>",
        escape(version),
        if status.ready { "Ready." } else { "<span class=\"bad\">Not ready.</span>" },
    );
    if whole {
        lanes(&mut out, status);
    }
    categories(&mut out, view, status, number);
    if whole {
        rejected(&mut out, view.rejected());
    }
    let _ = write!(
        out,
        "<h2>Connect</h2><p>Agents speak MCP:</p><pre>http://{host}/mcp                 as configured\n\
         http://{host}/mcp/full            every tool\nhttp://{host}/mcp/category/NAME   one category</pre>\
         <p>Programs can call a tool with plain HTTP:</p><pre>curl http://{host}/v1/tools/NAME/call -H \
         'content-type: application/json' -d '{{\"arguments\": {{}}}}'</pre><p><a href=\"/openapi.json\">openapi.json</a> · \
         <a href=\"/health/runtime\">runtime</a> · <a href=\"/metrics\">metrics</a></p></html>"
    );
    out
}

fn lanes(out: &mut String, status: &RuntimeStatus) {
    out.push_str(
        "<h2>Lanes</h2><table><tr><th>Lane<th>State<th>Calls<th>Errors<th>Running<th>Waiting<th>p50 µs<th>p99 µs</tr>",
    );
    for lane in &status.lanes {
        let _ = write!(
            out,
            "<tr><td>{}<td>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}</tr>",
            lane.lane, lane.state, lane.calls, lane.errors, lane.in_flight, lane.queued, lane.p50_us, lane.p99_us
        );
    }
    out.push_str("</table>");
}

fn categories(out: &mut String, view: &View, status: &RuntimeStatus, number: usize) {
    out.push_str("<h2>Categories</h2>");
    let pages = view.categories().count().div_ceil(CATEGORIES).max(1);
    let number = number.clamp(1, pages);
    for category in view.categories().skip((number - 1) * CATEGORIES).take(CATEGORIES) {
        let known = status.categories.iter().find(|known| *known.name == *category.name);
        let name = escape(&category.name);
        let _ = write!(
            out,
            "<details><summary><strong>{name}</strong> {} · {} · {}</summary><table><tr><th>Tool<th>What it does</tr>",
            cut(&category.version),
            known.map_or("serving", |known| state_of(known.circuit)),
            cut(&category.description),
        );
        let mut shown = 0;
        for tool in view.tools_of(category).take(TOOLS) {
            if out.len() >= ENOUGH {
                break;
            }
            let tool_name = escape(&tool.descriptor.name);
            let _ = write!(
                out,
                "<tr><td><a href=\"/v1/tools/{tool_name}\"><code>{tool_name}</code></a><td>{}</tr>",
                cut(&tool.descriptor.description)
            );
            shown += 1;
        }
        let left = view.tools_of(category).count() - shown;
        if left > 0 {
            let _ = write!(out, "<tr><td colspan=2><a href=\"/v1/categories/{name}/tools\">{left} more</a></tr>");
        }
        out.push_str("</table></details>");
    }
    if pages > 1 {
        let link = |to: usize, text: &str| match (1..=pages).contains(&to) {
            true => format!("<a href=\"/?page={to}\">{text}</a>"),
            false => text.to_owned(),
        };
        let (before, after) = (link(number - 1, "previous"), link(number + 1, "next"));
        let _ = write!(out, "<p>{before} · page {number} of {pages} · {after}</p>");
    }
}

fn rejected(out: &mut String, rejected: &[Rejected]) {
    if rejected.is_empty() {
        return;
    }
    out.push_str("<h2 class=bad>Left out</h2><table><tr><th>File<th>Why</tr>");
    for plugin in rejected.iter().take(LEFT_OUT) {
        let _ = write!(out, "<tr><td>{}<td>{}</tr>", cut(&plugin.file), cut(&plugin.reason));
    }
    if let Some(left) = rejected.len().checked_sub(LEFT_OUT).filter(|left| *left > 0) {
        let _ = write!(out, "<tr><td colspan=2>{left} more: <code>tandem plugin list</code> names them</tr>");
    }
    out.push_str("</table>");
}

/// The beginning of a text, as it stands in HTML.
fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        None => escape(text),
        Some((end, _)) => format!("{}…", escape(text.get(..end).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use tandem_catalog::RejectCode;

    use super::*;

    #[test]
    fn what_plugins_say_cannot_become_markup() {
        assert_eq!(
            escape("<script>alert('x')</script> & \"y\""),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;"
        );
        let mut out = String::new();
        rejected(&mut out, &[Rejected::now("<b>.wasm".into(), RejectCode::InvalidPackage, "a & b".into())]);
        assert!(out.contains("&lt;b&gt;.wasm") && out.contains("a &amp; b"), "{out}");
    }

    #[test]
    fn what_was_left_out_is_not_written_without_end() {
        let file =
            |number: usize| Rejected::now(format!("{number}.wasm"), RejectCode::InvalidPackage, "\"".repeat(5000));
        let all: Vec<_> = (0..500).map(file).collect();
        let mut out = String::new();
        rejected(&mut out, &all);
        assert!(out.len() < 50_000 && out.contains("480 more"), "{}", out.len());
    }
}
