//! What clients feel while a plugin is replaced under load: the real binary, 16 connections calling without pause, 50
//! replacements with 10 broken candidates and 5 trials among them. A goal that is missed is an error, after the table.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::Value;
use tandem_package::{Package, TrustRoots};

use crate::{
    child::{Running, serve, tandem},
    driver::{Era, drive},
};

const CONNECTIONS: usize = 16;
const REPLACEMENTS: usize = 50;
/// Replacements before memory is measured.
const WARM_UP: usize = 10;
/// Replacements between two looks at how calls do without any: what else the machine does meets both alike.
const BLOCK: usize = 10;
/// How long such a look takes.
const QUIET: Duration = Duration::from_secs(2);
/// Between two commands: a replacement with its compilation takes about as long.
const PAUSE: Duration = Duration::from_millis(500);
/// The calls are counted by slices of this: the replacements are seen to be done at the end of one.
const SLICE: Duration = Duration::from_millis(500);
/// Goal: how much longer one call of a hundred may take while versions change.
const SLOWER: f64 = 2.0;
/// Goal: the memory afterwards, of what it was before.
const MEMORY: f64 = 1.1;
/// How often it is measured, at most. Whatever else the machine does can make either side slow; a host that makes calls wait
/// does so each time.
const ROUNDS: usize = 3;
/// Longer than all replacements take.
const LONGEST: Duration = Duration::from_secs(600);
const CONFIG: &str = "[server]\nexposure = 'full'\n[plugins]\nallow-unsigned = true\nwatch = false\n\
    [plugins.canary]\nshare = 10\nduration = '1s'\nmin-calls = 100\n[telemetry]\nlog-format = 'json'\n";

struct Host {
    child: Running,
    address: SocketAddr,
    home: tempfile::TempDir,
}

impl Host {
    fn start(echo: &[u8]) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        fs::create_dir_all(home.path().join("plugins"))?;
        fs::write(home.path().join("tandem.toml"), CONFIG)?;
        fs::write(home.path().join("plugins/echo.wasm"), echo)?;
        let (child, address) = serve(home.path())?;
        Ok(Self { child, address, home })
    }

    fn reload(&self, bytes: &[u8], arguments: &[&str]) -> anyhow::Result<Value> {
        let path = self.home.path().join("plugins/echo.wasm");
        fs::write(path.with_extension("part"), bytes)?;
        fs::rename(path.with_extension("part"), &path)?;
        let output = tandem(self.home.path())?.arg("reload").args(arguments).arg("--json").output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut shown: Vec<Value> = serde_json::from_slice(&output.stdout)?;
        shown.pop().context("nothing was reloaded")
    }

    fn state(&self) -> anyhow::Result<Value> {
        let output = tandem(self.home.path())?.args(["list", "--json"]).output()?;
        let mut shown: Vec<Value> = serde_json::from_slice(&output.stdout)?;
        shown.pop().context("nothing is loaded")
    }

    fn memory(&self) -> anyhow::Result<f64> {
        crate::footprint::memory_mib(self.child.id(), "VmRSS:")
    }
}

/// The echo guest under another version, and with another component, so that the host compiles it and finds nothing made before.
fn echo(version: &str) -> anyhow::Result<Vec<u8>> {
    let file = crate::plugin::file("echo");
    let bytes = fs::read(&file).with_context(|| format!("{}: run `make plugins` first", file.display()))?;
    let (package, _) = Package::inspect(&bytes, &TrustRoots::none())?;
    let component = Package::annotate(package.component(&bytes), "version", version.as_bytes())?;
    let Package { mut manifest, descriptors, .. } = package;
    manifest.plugin.version = version.parse()?;
    Ok(Package::pack(&component, &manifest, &descriptors)?)
}

fn is(plugin: &Value, state: &str) -> bool {
    plugin.get("state").and_then(Value::as_str) == Some(state)
}

fn replace_often(host: &Host, rounds: std::ops::Range<usize>) -> anyhow::Result<()> {
    for round in rounds {
        let bytes = echo(&format!("0.1.0+{round}"))?;
        if round % 5 == 3 {
            let broken = bytes.get(..bytes.len() / 2).unwrap_or_default();
            ensure!(host.reload(broken, &[])?.get("error").is_some_and(|error| !error.is_null()), "it is not refused");
        }
        ensure!(is(&host.reload(&bytes, &[])?, "canary"), "it is not tried out");
        if round % 10 == 9 {
            let start = Instant::now();
            while !is(&host.state()?, "serving") {
                ensure!(start.elapsed() < Duration::from_secs(30), "it is not promoted");
                std::thread::sleep(Duration::from_millis(100));
            }
        } else {
            ensure!(is(&host.reload(&bytes, &["echo"])?, "serving"), "it does not serve");
        }
    }
    Ok(())
}

/// Commands as often as replacements give them, and none that changes anything: each is a process that takes the same CPUs.
fn look_often(host: &Host, until: Instant) -> anyhow::Result<()> {
    while Instant::now() < until {
        host.state()?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = Host::start(&echo("0.1.0")?)?;
    let calls = |until: Instant| -> anyhow::Result<Vec<Duration>> {
        runtime.block_on(async {
            let tasks: Vec<_> =
                (0..CONNECTIONS).map(|_| tokio::spawn(drive(host.address, Era::Modern, false, until))).collect();
            let mut taken = Vec::new();
            for task in tasks {
                taken.extend(task.await??);
            }
            taken.sort_unstable();
            Ok(taken)
        })
    };
    // Calls go on in slices until the work beside them is done; a failed call ends the report with its answer.
    let calls_beside = |work: &(dyn Fn() -> anyhow::Result<()> + Sync)| {
        std::thread::scope(|scope| -> anyhow::Result<Vec<Duration>> {
            let (start, working) = (Instant::now(), scope.spawn(work));
            let mut taken = Vec::new();
            while !working.is_finished() && start.elapsed() < LONGEST {
                taken.extend(calls(Instant::now() + SLICE)?);
            }
            working.join().map_err(|_| anyhow::anyhow!("the replacements panicked"))??;
            Ok(taken)
        })
    };
    let round = |first: usize| -> anyhow::Result<[Vec<Duration>; 2]> {
        let [mut quiet, mut during] = [Vec::new(), Vec::new()];
        for block in (first..first + REPLACEMENTS).step_by(BLOCK) {
            quiet.extend(calls_beside(&|| look_often(&host, Instant::now() + QUIET))?);
            during.extend(calls_beside(&|| replace_often(&host, block..block + BLOCK))?);
        }
        quiet.sort_unstable();
        during.sort_unstable();
        Ok([quiet, during])
    };
    // What is made once, as threads and the buffers in which code is loaded, is no loss.
    calls_beside(&|| replace_often(&host, 0..WARM_UP))?;
    writeln!(out, "{CONNECTIONS} connections calling without pause while a plugin is replaced {REPLACEMENTS} times")?;
    writeln!(out, "{:16} {:>9} {:>9} {:>9} {:>8}", "", "calls", "p50 us", "p99 us", "failed")?;
    let us =
        |taken: &[Duration], part: usize| taken.get(taken.len() * part / 100).map_or(0.0, |d| d.as_secs_f64() * 1e6);
    let (before, mut grown, mut slower) = (host.memory()?, 0.0, f64::INFINITY);
    for attempt in 0..ROUNDS {
        let start = Instant::now();
        let [quiet, during] = round(WARM_UP + attempt * REPLACEMENTS)?;
        for (name, taken) in [("quiet", &quiet), ("during reloads", &during)] {
            writeln!(out, "{name:16} {:>9} {:>9.0} {:>9.0} {:>8}", taken.len(), us(taken, 50), us(taken, 99), 0)?;
        }
        let (ratio, after) = (us(&during, 99) / us(&quiet, 99).max(1.0), host.memory()?);
        if attempt == 0 {
            grown = after / before;
        }
        slower = ratio.min(slower);
        writeln!(
            out,
            "p99 x {ratio:.2}; memory {before:.0} MiB before, {after:.0} MiB after (x {:.2}); {:.1} s",
            after / before,
            start.elapsed().as_secs_f64()
        )?;
        if slower <= SLOWER {
            break;
        }
    }
    ensure!(slower <= SLOWER, "goal missed: p99 x {slower:.2} during reloads at best, where x {SLOWER} is the most");
    ensure!(
        grown <= MEMORY,
        "goal missed: memory x {grown:.2} after {REPLACEMENTS} reloads, where x {MEMORY} is the most"
    );
    Ok(())
}
