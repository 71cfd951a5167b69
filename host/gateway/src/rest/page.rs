//! The page for people: what runs here, and how to connect. Rendered on the server, without script or other files.
//! Where callers authenticate, it shows what is there for the caller, without figures of the whole host.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Extension,
    extract::State,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderMap, header};
use tandem_catalog::{Rejected, View};
use tandem_router::RuntimeStatus;

use crate::{Shared, incoming::Incoming, meta::state_of};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.3rem .6rem;\
border-bottom:1px solid #8884}td.n{text-align:right;font-variant-numeric:tabular-nums}code,pre{font:13px/1.5 ui-monospace,\
monospace}pre{background:#8881;padding:.8rem;overflow:auto}summary{cursor:pointer}.bad{color:#b00}\
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}.bad{color:#f88}}";

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(incoming): Extension<Arc<Incoming>>,
    headers: HeaderMap,
) -> Response {
    let view = shared.router.view(&incoming.caller);
    // The guard let this host through.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let (name, version, status) = (&shared.config.server_name, &shared.config.server_version, shared.router.status());
    let body = render(name, version, host, &view, &status, shared.auth.is_open());
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store")], Html(body)).into_response()
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
fn render(name: &str, version: &str, host: &str, view: &View, status: &RuntimeStatus, whole: bool) -> String {
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
    categories(&mut out, view, status);
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

fn categories(out: &mut String, view: &View, status: &RuntimeStatus) {
    out.push_str("<h2>Categories</h2>");
    for category in view.categories() {
        let known = status.categories.iter().find(|known| *known.name == *category.name);
        let _ = write!(
            out,
            "<details><summary><strong>{}</strong> {} · {} · {}</summary><table><tr><th>Tool<th>What it does</tr>",
            escape(&category.name),
            escape(&category.version),
            known.map_or("serving", |known| state_of(known.circuit)),
            escape(&category.description),
        );
        for tool in view.tools_of(category) {
            let name = escape(&tool.descriptor.name);
            let _ = write!(
                out,
                "<tr><td><a href=\"/v1/tools/{name}\"><code>{name}</code></a><td>{}</tr>",
                escape(&tool.descriptor.description)
            );
        }
        out.push_str("</table></details>");
    }
}

fn rejected(out: &mut String, rejected: &[Rejected]) {
    if rejected.is_empty() {
        return;
    }
    out.push_str("<h2 class=bad>Left out</h2><table><tr><th>File<th>Why</tr>");
    for plugin in rejected {
        let _ = write!(out, "<tr><td>{}<td>{}</tr>", escape(&plugin.file), escape(&plugin.reason));
    }
    out.push_str("</table>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_plugins_say_cannot_become_markup() {
        assert_eq!(
            escape("<script>alert('x')</script> & \"y\""),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;"
        );
        let mut out = String::new();
        rejected(&mut out, &[Rejected::now("<b>.wasm".into(), "a & b".into())]);
        assert!(out.contains("&lt;b&gt;.wasm") && out.contains("a &amp; b"), "{out}");
    }
}
