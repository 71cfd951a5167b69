//! The attacks: what reached, in an earlier version, the work that the host does for a caller before and beside the sandbox.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::driver::builder;

/// The tenants that attack, with what a tenant has by default.
pub(super) const ATTACKERS: [&str; 4] = ["bad-0", "bad-1", "bad-2", "bad-3"];

/// As many as a tenant may call at a time.
const ALL: usize = 32;
/// For what takes long on the host's side.
const SOME: usize = 8;

type Outgoing = Request<Full<Bytes>>;
type Make = Box<dyn Fn(SocketAddr, &str, Option<&str>) -> anyhow::Result<Outgoing> + Send + Sync>;

pub(super) struct Attack {
    pub(super) name: &'static str,
    pub(super) tenants: usize,
    /// Of each tenant.
    pub(super) connections: usize,
    pub(super) needs_session: bool,
    pub(super) request: Make,
}

/// A call of a tool over REST. A tenant's key is its name.
pub(super) fn rest(address: SocketAddr, tenant: &str, tool: &str, body: Bytes) -> anyhow::Result<Outgoing> {
    Ok(Request::post(format!("/v1/tools/{tool}/call"))
        .header("host", address.to_string())
        .header("authorization", format!("Bearer {tenant}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(body))?)
}

fn call(name: &'static str, tenants: usize, connections: usize, tool: &'static str, arguments: &Value) -> Attack {
    let body = Bytes::from(json!({"arguments": arguments}).to_string());
    let request: Make = Box::new(move |address, tenant, _| rest(address, tenant, tool, body.clone()));
    Attack { name, tenants, connections, needs_session: false, request }
}

/// No attack: what the machine's cores give beside as many calls as fit.
pub(super) fn calls(name: &'static str) -> Attack {
    call(name, 1, SOME, "add", &json!({"a": 1, "b": 2}))
}

/// A call over MCP of a name that is not there; a name in a header could not be as long.
fn unknown(name: &'static str, bytes: usize) -> Attack {
    let params = json!({"name": "n".repeat(bytes), "arguments": {}});
    let body = Bytes::from(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}).to_string());
    let request: Make = Box::new(move |address, tenant, session| {
        let request = builder(address)
            .header("authorization", format!("Bearer {tenant}"))
            .header("mcp-protocol-version", "2025-11-25")
            .header("mcp-session-id", session.unwrap_or_default());
        Ok(request.body(Full::from(body.clone()))?)
    });
    Attack { name, tenants: 1, connections: SOME, needs_session: true, request }
}

/// A search whose filter has `leaf` below so many levels.
fn nested(leaf: Value, depth: usize) -> Value {
    let filter = (0..depth).fold(leaf, |filter, _| json!({"and": [filter]}));
    json!({"index": "i", "query": "q", "filter": filter})
}

/// All of them.
pub(super) fn attacks() -> anyhow::Result<Vec<Attack>> {
    let wrong = json!({"eq": {"field": "a", "value": []}});
    let wide = json!({"index": "i", "query": "q", "filter": {"and": vec![wrong.clone(); 10_000]}});
    let objects = |bytes: usize| json!({"text": vec![json!({"": 0}); bytes / 7]});
    let none = json!({});
    Ok(vec![
        calls("calls that fit, without pause"),
        call("loops, one tenant", 1, ALL, "spin", &none),
        call("loops, two tenants", 2, ALL, "spin", &none),
        call("loops, four tenants", 4, ALL, "spin", &none),
        call("loops of host calls", 1, ALL, "host_loop", &none),
        call("loops of long host calls", 1, ALL, "random_loop", &none),
        call("loops of bulk memory", 1, SOME, "bulk_fill", &none),
        call("memory without end", 1, SOME, "grow_memory", &none),
        call("10,000 wrong filters", 1, SOME, "search_query", &wide),
        call("a wrong filter, 45 levels deep", 1, SOME, "search_query", &nested(wrong, 45)),
        call("bodies of small objects, 1 MB", 1, SOME, "echo", &objects(1 << 20)),
        call("bodies of small objects, 4 MB", 1, SOME, "echo", &objects(4_000_000)),
        call("texts of 3.5 MB", 1, SOME, "echo", &json!({"text": "x".repeat(3_500_000)})),
        call("answers of 4 MB", 1, SOME, "big_text", &json!({"bytes": 4_000_000})),
        unknown("unknown names", 10),
        unknown("unknown names of 3.9 MB", 3_900_000),
    ])
}
