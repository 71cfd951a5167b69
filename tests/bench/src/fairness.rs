//! What a well-behaved tenant feels while others attack: through the real binary, with keys, over HTTP, a row for each attack.
//!
//! The well-behaved calls come at a steady pace over one connection of a thread of their own; the attacking connections, closed
//! loops, share another one. Attackers compute on machines of their own in life: here their thread stands back, so that it takes
//! cycles that are left rather than the host's. Before each attack the same calls are timed on the same, quiet host. The first row is
//! of a bare handler under as many calls as fit: what the machine's cores and its scheduler take, whatever the server does.

mod attacks;

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use tandem_package::{Package, TrustRoots};
use tokio::{net::TcpStream, runtime::Runtime};

use self::attacks::{ATTACKERS, Attack, attacks};
use crate::{
    child::{Running, serve, server},
    driver::initialize,
    footprint::memory_mib,
};

/// Goal: the 99th percentile under attack, of what it is on the quiet host.
const GOAL: f64 = 3.0;
const CALLS: usize = 2_000;
const PACE: Duration = Duration::from_millis(2);
/// A row takes no longer, however slow the calls are.
const LONGEST: Duration = Duration::from_secs(10);
/// Until all attackers are at it.
const LEAD: Duration = Duration::from_millis(500);
/// How much the attackers' thread stands back, as in nice(2).
const NICENESS: i32 = 15;
const GUESTS: [&str; 5] = ["echo", "spin", "host-loop", "grow-memory", "big-output"];
/// What any guest may answer: one that is refused costs the host less.
const OUTPUT: &str = "5MiB";
const CONFIG: &str = "[server]\nexposure = 'full'\n[plugins]\nallow-unsigned = true\nwatch = false\n\
    [telemetry]\nlog-format = 'json'\n[tenants.good]\nkeys = ['${file:{home}/keys/good}']\n\
    rate = { per-second = 10000, burst = 10000 }\ncpu-per-minute = '600s'\n";

struct Host {
    child: Running,
    address: SocketAddr,
}

impl Host {
    fn start(home: &Path) -> anyhow::Result<Self> {
        let (child, address) = serve(home)?;
        Ok(Self { child, address })
    }

    /// A handler that does nothing but add, without a host around it.
    fn bare() -> anyhow::Result<Self> {
        let threads = std::thread::available_parallelism()?.get();
        let (child, address) = server("axum", threads)?;
        Ok(Self { child, address })
    }

    /// The most memory that it ever had, in MiB.
    fn peak(&self) -> anyhow::Result<f64> {
        memory_mib(self.child.id(), "VmHWM:")
    }
}

/// A directory with the plugins, unsigned, and a key for each tenant.
fn home() -> anyhow::Result<tempfile::TempDir> {
    let home = tempfile::tempdir()?;
    for directory in ["plugins", "keys"] {
        fs::create_dir_all(home.path().join(directory))?;
    }
    let mut files: Vec<_> = GUESTS.map(|guest| (guest, crate::plugin::file(guest))).into();
    files.push(("search", "plugins/search.wasm".into()));
    let bulk = tandem_harness::large_raw_plugin(home.path(), "bulk-fill", "tools-only", "", "240MiB")?;
    files.push(("bulk-fill", bulk));
    for (name, file) in files {
        let bytes = fs::read(&file).with_context(|| format!("{}: run `make plugins` first", file.display()))?;
        let (package, _) = Package::inspect(&bytes, &TrustRoots::none())?;
        let mut manifest = package.manifest.clone();
        manifest.limits.output = manifest.limits.output.max(OUTPUT.parse()?);
        let unsigned = Package::pack(package.component(&bytes), &manifest, &package.descriptors)?;
        fs::write(home.path().join(format!("plugins/{name}.wasm")), unsigned)?;
    }
    let mut config = CONFIG.to_owned();
    for tenant in ATTACKERS {
        config.push_str(&format!("[tenants.{tenant}]\nkeys = ['${{file:{{home}}/keys/{tenant}}}']\n"));
    }
    for tenant in ATTACKERS.iter().chain(&["good"]) {
        fs::write(home.path().join(format!("keys/{tenant}")), hex::encode(Sha256::digest(tenant)))?;
    }
    let config = config.replace("{home}", &home.path().display().to_string());
    fs::write(home.path().join("tandem.toml"), config)?;
    Ok(home)
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Percentiles of well-behaved calls in milliseconds.
async fn well_behaved(address: SocketAddr) -> anyhow::Result<[f64; 2]> {
    let mut sender = connect(address).await?;
    let (mut taken, end) = (Vec::with_capacity(CALLS), Instant::now() + LONGEST);
    while taken.len() < CALLS && Instant::now() < end {
        let request = attacks::rest(address, "good", "add", Bytes::from_static(br#"{"arguments":{"a":1,"b":2}}"#))?;
        let start = Instant::now();
        let response = sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        ensure!(status.is_success(), "a well-behaved call is answered with {status}");
        taken.push(start.elapsed());
        tokio::time::sleep(PACE).await;
    }
    taken.sort_unstable();
    let ms = |part: usize| taken.get(taken.len() * part / 100).map_or(0.0, |taken| taken.as_secs_f64() * 1e3);
    Ok([ms(50), ms(99)])
}

/// One attacking connection, opened anew where the host ends it.
async fn strike(address: SocketAddr, attack: Arc<Attack>, tenant: &'static str, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let strikes = async {
            let mut sender = connect(address).await?;
            let session = match attack.needs_session {
                true => Some(initialize(&mut sender, address, Some(tenant)).await?),
                false => None,
            };
            while !stop.load(Ordering::Relaxed) {
                let response = sender.send_request((attack.request)(address, tenant, session.as_deref())?).await?;
                response.into_body().collect().await?;
            }
            anyhow::Ok(())
        };
        if strikes.await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Runs the attack on a thread of its own until it is stopped.
fn begin(
    address: SocketAddr,
    attack: &Arc<Attack>,
    stop: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<anyhow::Result<()>> {
    let (attack, stop) = (attack.clone(), stop.clone());
    std::thread::spawn(move || {
        rustix::process::nice(NICENESS)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for tenant in ATTACKERS.iter().take(attack.tenants) {
                for _ in 0..attack.connections {
                    all.spawn(strike(address, attack.clone(), tenant, stop.clone()));
                }
            }
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            all.abort_all();
        });
        Ok(())
    })
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let home = home()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Compiles the plugins, for all of the hosts.
    drop(Host::start(home.path())?);
    writeln!(out, "a well-behaved tenant beside attacks of others, over HTTP; goal: p99 under {GOAL} x quiet")?;
    writeln!(
        out,
        "{:42} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9}",
        "", "quiet p50", "quiet p99", "p50 ms", "p99 ms", "x p99", "peak MiB"
    )?;
    row(out, &runtime, Host::bare()?, attacks::calls("calls of a bare handler, without pause"))?;
    for attack in attacks()? {
        row(out, &runtime, Host::start(home.path())?, attack)?;
    }
    Ok(())
}

/// Measures the well-behaved calls alone and under the attack.
fn row(out: &mut impl Write, runtime: &Runtime, host: Host, attack: Attack) -> anyhow::Result<()> {
    let attack = Arc::new(attack);
    runtime.block_on(well_behaved(host.address))?;
    let quiet = runtime.block_on(well_behaved(host.address))?;
    let stop = Arc::new(AtomicBool::new(false));
    let thread = begin(host.address, &attack, &stop);
    std::thread::sleep(LEAD);
    let under = runtime.block_on(well_behaved(host.address));
    stop.store(true, Ordering::Relaxed);
    thread.join().map_err(|_| anyhow::anyhow!("the attackers' thread ended"))??;
    let under = under.with_context(|| attack.name)?;
    writeln!(
        out,
        "{:42} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>7.2} {:>9.0}",
        attack.name,
        quiet[0],
        quiet[1],
        under[0],
        under[1],
        under[1] / quiet[1],
        host.peak()?
    )?;
    Ok(())
}
