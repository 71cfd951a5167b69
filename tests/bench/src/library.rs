//! The categories that ship: the size of each, what it takes to compile, the first and a warm call of its main operation in process,
//! and the time of a program that does the same, started for it as a client's server would be.
//!
//! Categories that ship and have no row are named: those of the network of hosts are measured by `p2p`. A program that is not
//! installed is named and skipped.

mod inputs;
mod rows;

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::Value;
use tandem_engine::{
    CallContext, Capability, Directory, DirectoryQuota, Engine, EngineConfig, Limits, Plugin, Services,
};
use tandem_package::{HttpRule, Internal, Package, PluginManifest, Request, TrustRoots, capability::KvQuota};
use tandem_runtime::{
    LoadFailure,
    load::{GrantPolicy, Granted, load_file},
};
use tandem_store::Store;
use tandem_types::{ByteSize, Caller};
use tokio::runtime::{Builder, Runtime};

use crate::{library::rows::Row, plugin};

/// Warm calls of a row, and what they take at most: work that takes long is measured fewer times.
const CALLS: usize = 200;
const ENOUGH: Duration = Duration::from_secs(5);
const STARTS: usize = 10;

/// What a call may take: the work on the larger files, in a build without optimisation too.
const PATIENCE: Duration = Duration::from_secs(120);

/// Grants the directory of the files under each name that is asked for, a store, and requests to loopback.
struct Inputs<'a> {
    files: &'a Path,
    page: HttpRule,
}

impl GrantPolicy for Inputs<'_> {
    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, LoadFailure> {
        let plain = plugin::Plain.grant(manifest)?;
        let limits = Limits { deadline: PATIENCE, cpu: PATIENCE, ..plain.limits };
        let capabilities = Arc::new(Arc::new(self.capability(&manifest.request)));
        Ok(Granted { limits, max_deadline: PATIENCE, capabilities, ..plain })
    }
}

impl Inputs<'_> {
    fn capability(&self, request: &Request) -> Capability {
        let directory = |name: &str| Directory {
            name: name.to_owned(),
            path: self.files.to_owned(),
            writable: true,
            quota: DirectoryQuota { bytes: 1 << 30, files: 100_000 },
        };
        let kv = request.kv.on().map(|_| KvQuota { max_bytes: ByteSize::bytes(256 << 20), max_keys: 10_000 });
        let directories = request.fs.iter().map(|wanted| directory(wanted.name.as_str()));
        Capability {
            directories: directories.collect(),
            http: request.http.iter().map(|_| self.page.clone()).collect(),
            internal: Internal { kv, ..Internal::default() },
            ..Capability::default()
        }
    }
}

struct Measured {
    megabytes: f64,
    compile: Duration,
    first: Duration,
    warm: Duration,
}

async fn call(plugin: &Arc<Plugin>, tool: &str, arguments: &Value) -> anyhow::Result<Duration> {
    let context = Arc::new(CallContext::new("bench".into(), Caller::local()).within(PATIENCE));
    let arguments = Arc::new(arguments.to_string());
    let start = Instant::now();
    let answer = plugin.call_tool(context, tool, arguments).await?;
    let took = start.elapsed();
    ensure!(answer.is_ok(), "{tool} failed: {answer:?}");
    Ok(took)
}

fn measure(row: &Row, inputs: &Inputs<'_>, runtime: &Runtime) -> anyhow::Result<Measured> {
    let file = Path::new("plugins").join(format!("{}.wasm", row.plugin));
    let bytes = fs::read(&file).with_context(|| format!("{}: run `make plugins` first", file.display()))?;
    let (package, _) = Package::inspect(&bytes, &TrustRoots::none())?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(format!("{}.wasm", row.plugin));
    fs::write(&path, Package::repack(&bytes, &package.manifest, &package.descriptors)?)?;
    let store = Store::open(&directory.path().join("store.db"))?;
    let services = Arc::new(Services::with_store(store));
    let engine = Engine::new(EngineConfig::default(), None, services, &[&tandem_cluster::P2p])?;
    let context = runtime.enter();
    let start = Instant::now();
    let (category, _) =
        load_file(&engine, &path, &plugin::options(directory.path()), inputs).map_err(anyhow::Error::msg)?;
    let compile = start.elapsed();
    drop(context);
    let loaded = category.backend.plugin().context("a plugin runs it")?.clone();
    let (first, mut warm) = runtime.block_on(async {
        for (tool, arguments) in &row.before {
            call(&loaded, tool, arguments).await?;
        }
        let first = call(&loaded, row.tool, &row.arguments).await?;
        let mut warm = Vec::with_capacity(CALLS);
        let start = Instant::now();
        while warm.is_empty() || (warm.len() < CALLS && start.elapsed() < ENOUGH) {
            warm.push(call(&loaded, row.tool, &row.arguments).await?);
        }
        anyhow::Ok((first, warm))
    })?;
    let warm = *middle(&mut warm).context("there are calls")?;
    Ok(Measured { megabytes: bytes.len() as f64 / 1e6, compile, first, warm })
}

fn middle(taken: &mut [Duration]) -> Option<&Duration> {
    taken.sort_unstable();
    taken.get(taken.len() / 2)
}

/// The median time of a program from its start to its end; none where it is not installed.
fn program(command: &[&str], files: &Path) -> anyhow::Result<Option<Duration>> {
    let (name, arguments) = command.split_first().context("a program has a name")?;
    let mut taken = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let start = Instant::now();
        let ran = Command::new(name).args(arguments).current_dir(files).stdout(Stdio::null()).status();
        match ran {
            Ok(status) => ensure!(status.success(), "{name} failed: {status}"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot run {name}")),
        }
        taken.push(start.elapsed());
    }
    Ok(middle(&mut taken).copied())
}

/// The first of a row's programs that is installed, its time, and how many times as long a warm call takes.
fn beside(row: &Row, files: &Path, warm: Duration) -> anyhow::Result<String> {
    let mut skipped = String::new();
    for command in row.programs {
        let name = command.first().copied().unwrap_or_default();
        if let Some(took) = program(command, files)? {
            let ratio = warm.as_secs_f64() / took.as_secs_f64();
            return Ok(format!("{name} {:.1} ms, {ratio:.3} x{skipped}", ms(took)));
        }
        skipped += &format!("; {name} is not installed");
    }
    Ok(format!("none{skipped}"))
}

/// The categories that ship and have no row.
fn without_row(rows: &[Row]) -> anyhow::Result<Vec<String>> {
    let files = fs::read_dir("plugins").context("run in the root of the repository")?.flatten();
    let all = files.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".wasm")?.to_owned()));
    let mut missing: Vec<_> = all.filter(|name| rows.iter().all(|row| row.plugin != name)).collect();
    missing.sort_unstable();
    Ok(missing)
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let files = inputs::make()?;
    let port = runtime.block_on(inputs::serve_page())?;
    let rows = rows::all(port);
    writeln!(
        out,
        "categories that ship, in process, a fresh instance for each call; no row: {}",
        without_row(&rows)?.join(", ")
    )?;
    writeln!(
        out,
        "{:12} {:18} {:>6} {:>10} {:>9} {:>9}  a program that does the same, started for it",
        "category", "tool", "MB", "compile ms", "first ms", "warm ms"
    )?;
    let loopback = HttpRule::host("127.0.0.1".parse()?);
    let page = HttpRule { port: Some(port), allow_cidrs: vec!["127.0.0.0/8".parse()?], ..loopback };
    let inputs = Inputs { files: files.path(), page };
    for row in &rows {
        let Measured { megabytes, compile, first, warm } =
            measure(row, &inputs, &runtime).with_context(|| format!("measuring {}", row.plugin))?;
        writeln!(
            out,
            "{:12} {:18} {megabytes:>6.2} {:>10.0} {:>9.2} {:>9.3}  {}",
            row.plugin,
            row.tool,
            ms(compile),
            ms(first),
            ms(warm),
            beside(row, files.path(), warm)?,
        )?;
    }
    Ok(())
}
