//! Load over HTTP: closed loops on kept-alive connections, each answer checked.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::{
    child::{Running, server},
    servers::KINDS,
};

const WARM_UP: Duration = Duration::from_millis(500);
const MEASURE: Duration = Duration::from_secs(3);
const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// How requests are made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// With a session, 2025-11-25.
    Legacy,
    /// Stateless, 2026-07-28.
    Modern,
}

/// A server under load.
struct Server {
    child: Running,
    address: SocketAddr,
}

impl Server {
    fn start(kind: &str) -> anyhow::Result<Self> {
        let (child, address) = server(kind, 1)?;
        Ok(Self { child, address })
    }

    /// Context switches of all threads of the process so far.
    fn switches(&self) -> anyhow::Result<u64> {
        switches(self.child.id())
    }

    /// CPU time of the process so far.
    fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
        // Fields 14 and 15 of proc(5), counted from the third; a tick is 10 ms on Linux.
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
    }
}

struct Measured {
    rate: f64,
    p50: Duration,
    p99: Duration,
    cpu: Duration,
    /// Context switches of a call.
    switches: f64,
}

/// Context switches of all threads of a process, voluntary or not (`proc(5)`).
pub(crate) fn switches(process: u32) -> anyhow::Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may have ended meanwhile.
        let status = fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
        let counts = status.lines().filter_map(|line| line.split_once("ctxt_switches:"));
        sum += counts.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum::<u64>();
    }
    Ok(sum)
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    writeln!(out, "HTTP tools/call of a trivial tool, each server on one thread, {} s each", MEASURE.as_secs())?;
    writeln!(
        out,
        "{:7} {:>5} {:8} {:>9} {:>8} {:>8} {:>9} {:>9} {:>10} {:>9}",
        "era", "conns", "server", "req/s", "p50 us", "p99 us", "cpu us", "switches", "x native", "x axum"
    )?;
    for (era, name) in [(Era::Modern, "modern"), (Era::Legacy, "legacy")] {
        for connections in CONNECTIONS {
            let mut rates = std::collections::HashMap::new();
            for kind in KINDS {
                let server = Server::start(kind)?;
                let measured = runtime.block_on(load(&server, kind, era, connections))?;
                rates.insert(kind, measured.rate);
                let ratio = |of: &str| rates.get(of).map_or(0.0, |base| measured.rate / base);
                writeln!(
                    out,
                    "{name:7} {connections:>5} {kind:8} {:>9.0} {:>8.0} {:>8.0} {:>9.1} {:>9.2} {:>10.2} {:>9.2}",
                    measured.rate,
                    measured.p50.as_secs_f64() * 1e6,
                    measured.p99.as_secs_f64() * 1e6,
                    measured.cpu.as_secs_f64() * 1e6,
                    measured.switches,
                    ratio("native"),
                    ratio("axum"),
                )?;
            }
        }
    }
    Ok(())
}

async fn load(server: &Server, kind: &str, era: Era, connections: usize) -> anyhow::Result<Measured> {
    // The first connection waits for the server to have loaded its plugin.
    ready(server, era, kind).await?;
    let tasks = |until: Instant| -> Vec<_> {
        (0..connections).map(|_| tokio::spawn(drive(server.address, era, kind == "axum", until))).collect()
    };
    for task in tasks(Instant::now() + WARM_UP) {
        task.await??;
    }
    let (cpu, switches, start) = (server.cpu()?, server.switches()?, Instant::now());
    let mut taken = Vec::new();
    for task in tasks(start + MEASURE) {
        taken.extend(task.await??);
    }
    let (elapsed, cpu) = (start.elapsed(), server.cpu()?.saturating_sub(cpu));
    let switches = server.switches()?.saturating_sub(switches);
    taken.sort_unstable();
    let at = |part: usize| taken.get(taken.len() * part / 100).copied().unwrap_or_default();
    let count = u32::try_from(taken.len()).unwrap_or(u32::MAX).max(1);
    Ok(Measured {
        rate: f64::from(count) / elapsed.as_secs_f64(),
        p50: at(50),
        p99: at(99),
        cpu: cpu / count,
        switches: switches as f64 / f64::from(count),
    })
}

async fn ready(server: &Server, era: Era, kind: &str) -> anyhow::Result<()> {
    for _ in 0..200 {
        if drive(server.address, era, kind == "axum", Instant::now() + Duration::from_millis(1)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the server `{kind}` does not answer")
}

/// One connection's closed loop.
pub(crate) async fn drive(address: SocketAddr, era: Era, raw: bool, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let session = if era == Era::Legacy && !raw { Some(initialize(&mut sender, address, None).await?) } else { None };
    let mut taken = Vec::new();
    let mut id = 1_u64;
    while Instant::now() < until || taken.is_empty() {
        id += 1;
        let request = tool_call(address, era, session.as_deref(), id)?;
        let start = Instant::now();
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        taken.push(start.elapsed());
        ensure!(status.is_success() && contains(&body, b"\"sum\":3"), "{status}: {}", String::from_utf8_lossy(&body));
    }
    connection.abort();
    Ok(taken)
}

fn contains(body: &[u8], wanted: &[u8]) -> bool {
    body.windows(wanted.len()).any(|window| window == wanted)
}

type Outgoing = Request<Full<Bytes>>;

pub(crate) fn builder(address: SocketAddr) -> http::request::Builder {
    Request::post("/mcp")
        .header("host", address.to_string())
        .header(CONTENT_TYPE, "application/json")
        .header("accept", "application/json, text/event-stream")
}

fn tool_call(address: SocketAddr, era: Era, session: Option<&str>, id: u64) -> anyhow::Result<Outgoing> {
    let mut params = json!({"name": "add", "arguments": {"a": 1, "b": 2}});
    let mut request = builder(address);
    match era {
        Era::Modern => {
            params = json!({"name": "add", "arguments": {"a": 1, "b": 2}, "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
            }});
            request = request
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", "tools/call")
                .header("mcp-name", "add");
        }
        Era::Legacy => {
            request = request.header("mcp-protocol-version", "2025-11-25");
            if let Some(session) = session {
                request = request.header("mcp-session-id", session);
            }
        }
    }
    let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
    Ok(request.body(Full::from(body.to_string()))?)
}

/// Begins a session, with this key if there is one, and answers its id.
pub(crate) async fn initialize(
    sender: &mut SendRequest<Full<Bytes>>,
    address: SocketAddr,
    key: Option<&str>,
) -> anyhow::Result<String> {
    let builder = |address| match key {
        Some(key) => builder(address).header("authorization", format!("Bearer {key}")),
        None => builder(address),
    };
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"},
    }});
    let response = sender.send_request(builder(address).body(Full::from(body.to_string()))?).await?;
    let session = response.headers().get("mcp-session-id").context("no session")?.to_str()?.to_owned();
    response.into_body().collect().await?;
    let body = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    let request = builder(address).header("mcp-session-id", &session).header("mcp-protocol-version", "2025-11-25");
    sender.send_request(request.body(Full::from(body))?).await?.into_body().collect().await?;
    Ok(session)
}
