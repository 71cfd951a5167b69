//! A plugin is replaced again and again while clients call it without pause.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tandem_harness::{Client, Host, Options, called, replace, variant_bytes};

use crate::reload::{file, operator, until};

const CLIENTS: usize = 16;
/// Replacements of one round, in which ten broken candidates are refused and five versions on trial promoted by themselves.
const REPLACEMENTS: usize = 50;
/// Replacements between two looks at how calls do without any.
const BLOCK: usize = 10;
/// Replacements after which all that is made once is there: the thread that takes over, and what its heap keeps.
const WARM_UP: usize = 15;
/// Part of the memory before that there may be more of after fifty replacements.
const GROWTH: f64 = 0.1;
/// How much longer one call of a hundred may take while versions change.
const SLOWER: f64 = 2.0;
/// How often it is measured, at most. Whatever else the machine does for a second can make either side slow; a host that makes
/// calls wait does so each time.
const ROUNDS: usize = 6;

const CONFIG: &str = "[plugins]\nwatch = false\n[plugins.canary]\nshare = 20\nduration = '1s'\nmin-calls = 20\n";

/// What happens while calls are counted.
#[derive(Clone, Copy)]
enum Phase {
    Quiet,
    Replacing,
    /// Nothing that counts.
    Between,
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    calls: AtomicUsize,
    failures: Mutex<Vec<String>>,
    /// How long calls took that began in the quiet and while replacing.
    taken: [Mutex<Vec<Duration>>; 2],
    phase: AtomicUsize,
    stop: AtomicBool,
}

impl Seen {
    fn begin(&self, phase: Phase) {
        self.phase.store(phase as usize, Ordering::Relaxed);
    }

    /// By how much one call of a hundred took longer; begins anew.
    fn slower(&self) -> f64 {
        let p99 = |taken: &Mutex<Vec<Duration>>| {
            let mut taken = std::mem::take(&mut *taken.lock().expect("nobody panics"));
            assert!(taken.len() > 1_000, "only {} calls were seen", taken.len());
            taken.sort_unstable();
            taken[taken.len() * 99 / 100].as_secs_f64()
        };
        let [quiet, replacing] = &self.taken;
        let (quiet, replacing) = (p99(quiet), p99(replacing));
        println!("p99 {:.1} ms quiet, {:.1} ms while replacing", quiet * 1e3, replacing * 1e3);
        replacing / quiet
    }
}

async fn calling(client: Client, seen: Arc<Seen>) {
    while !seen.stop.load(Ordering::Relaxed) {
        let (phase, start) = (seen.phase.load(Ordering::Relaxed), Instant::now());
        let failure = match client.structured("add", json!({"a": 1, "b": 2})).await {
            Ok(sum) if sum["sum"] == 3.0 => None,
            Ok(other) => Some(other.to_string()),
            Err(error) => Some(format!("{error:#}")),
        };
        seen.calls.fetch_add(1, Ordering::Relaxed);
        seen.failures.lock().expect("nobody panics").extend(failure);
        if let Some(taken) = seen.taken.get(phase) {
            taken.lock().expect("nobody panics").push(start.elapsed());
        }
    }
}

/// Replaces one plugin.
struct Replacer<'h> {
    host: &'h Host,
    home: &'h Path,
    path: PathBuf,
    good: [Vec<u8>; 2],
    broken: [Vec<u8>; 2],
    replaced: usize,
}

impl<'h> Replacer<'h> {
    fn new(host: &'h Host) -> anyhow::Result<Self> {
        // Few files, so that most of the time is spent on replacing and not on compiling.
        let version = |version| variant_bytes("echo", called("echo", version));
        let good = [version("0.1.0+a")?, version("0.1.0+b")?];
        let broken = [good[0][..good[0].len() / 3].to_vec(), variant_bytes("checker", called("echo", "0.1.1"))?];
        Ok(Self { host, home: host.directory.path(), path: file(host, "echo.wasm"), good, broken, replaced: 0 })
    }

    async fn replace(&mut self, rounds: std::ops::Range<usize>) -> anyhow::Result<()> {
        for round in rounds {
            replace(&self.path, &self.good[self.replaced % 2])?;
            let shown = operator(self.home, &["reload"]).await?;
            assert_eq!(shown[0]["state"], "canary", "{shown}");
            if round % 10 == 4 {
                let serves = |line: &serde_json::Value| line["state"] == "serving" && line["error"].is_null();
                until(self.host, "echo.wasm", serves).await?;
            } else {
                let shown = operator(self.home, &["reload", "echo"]).await?;
                assert_eq!(shown[0]["state"], "serving", "{shown}");
            }
            self.replaced += 1;
            if round % 5 == 2 {
                replace(&self.path, &self.broken[round / 5 % 2])?;
                let shown = operator(self.home, &["reload", "echo"]).await?;
                assert!(!shown[0]["error"].is_null(), "{shown}");
            }
        }
        Ok(())
    }

    /// The commands of a block, each a process of its own that takes the same CPUs, and none that changes anything.
    async fn look(&self) -> anyhow::Result<()> {
        for _ in 0..2 * BLOCK {
            operator(self.home, &["list"]).await?;
        }
        Ok(())
    }

    /// Quiet and replacing by turns, so that what else the machine does meets both alike.
    async fn round(&mut self, seen: &Seen) -> anyhow::Result<()> {
        for block in 0..REPLACEMENTS / BLOCK {
            seen.begin(Phase::Quiet);
            self.look().await?;
            seen.begin(Phase::Replacing);
            self.replace(block * BLOCK..(block + 1) * BLOCK).await?;
        }
        seen.begin(Phase::Between);
        Ok(())
    }
}

/// The least memory within some seconds: what is counted of calls is folded every five.
async fn memory(host: &Host) -> anyhow::Result<u64> {
    let mut least = u64::MAX;
    for _ in 0..24 {
        least = least.min(host.memory()?);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Ok(least)
}

#[tokio::test]
async fn no_call_is_lost_or_waits_long_while_a_plugin_is_replaced_fifty_times() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.config(CONFIG).start().await?;
    let seen = Arc::new(Seen::default());
    seen.begin(Phase::Between);
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(tokio::spawn(calling(host.client("/mcp/full").await?, seen.clone())));
    }
    let mut replacer = Replacer::new(&host)?;
    replacer.replace(0..WARM_UP).await?;
    let before = memory(&host).await?;
    replacer.round(&seen).await?;
    let line = until(&host, "echo.wasm", |line| line["draining"] == 0).await?;
    let after = memory(&host).await?;
    let mut slower = seen.slower();
    for _ in 1..ROUNDS {
        if slower > SLOWER {
            replacer.round(&seen).await?;
            slower = slower.min(seen.slower());
        }
    }
    seen.stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await?;
    }
    let failures = seen.failures.lock().expect("nobody panics").clone();
    assert!(failures.is_empty(), "{} of {:?}: {:?}", failures.len(), seen.calls, failures.first());
    assert!(seen.calls.load(Ordering::Relaxed) > 1_000, "{:?} calls; {line}", seen.calls);
    // Exactly: no replaced version is held by anything.
    until(&host, "echo.wasm", |line| line["draining"] == 0).await?;
    let gone = host.log().iter().filter(|line| line.to_string().contains("old version released")).count();
    assert_eq!(gone, replacer.replaced, "versions that left memory");
    // And nothing of them: a version that left a five-hundredth part of the memory behind would be seen.
    assert!(after as f64 <= before as f64 * (1.0 + GROWTH), "memory went from {before} to {after}");
    assert!(slower <= SLOWER, "one call of a hundred took {slower:.1} times as long, each time it was measured");
    Ok(())
}
