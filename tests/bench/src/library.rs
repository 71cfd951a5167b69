//! The categories that ship: the size of each, what it takes to compile, the first and a warm call of its main tool in process, and
//! the time of a program that does the same, started for it as a client's server would be.
//!
//! Files are those of `examples/`. A program that is not installed is named and skipped.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tandem_engine::{Capability, Directory, DirectoryQuota, Engine, EngineConfig, Plugin, Services};
use tandem_package::{Internal, Package, PluginManifest, Request, TrustRoots, capability::KvQuota};
use tandem_runtime::{
    LoadFailure,
    load::{GrantPolicy, Granted, load_file},
};
use tandem_store::Store;
use tandem_types::ByteSize;
use tokio::runtime::Builder;

use crate::{inprocess, plugin};

const CALLS: usize = 200;
const STARTS: usize = 20;

/// What is measured of a category.
struct Row {
    plugin: &'static str,
    tool: &'static str,
    arguments: &'static str,
    /// A program that does the same, below `examples/`.
    program: Option<&'static [&'static str]>,
}

const fn row(
    plugin: &'static str,
    tool: &'static str,
    arguments: &'static str,
    program: Option<&'static [&'static str]>,
) -> Row {
    Row { plugin, tool, arguments, program }
}

const ROWS: [Row; 5] = [
    row(
        "dataset",
        "dataset_load",
        r#"{"path":"data/countries.csv"}"#,
        Some(&["python3", "-c", "import csv; print(list(csv.DictReader(open('data/countries.csv'))))"]),
    ),
    row("graph", "graph_query", r#"{"query":"MATCH (a) RETURN count(*)"}"#, None),
    row("search", "search_list", "{}", None),
    row(
        "time",
        "time_convert",
        r#"{"time":"2026-12-24T18:00","from":"Europe/Paris","to":"America/New_York"}"#,
        Some(&[
            "python3",
            "-c",
            "from datetime import datetime as d; from zoneinfo import ZoneInfo as z; print(d(2026,12,24,18,tzinfo=z('Europe/Paris')).astimezone(z('America/New_York')))",
        ]),
    ),
    row("vector", "vector_list", "{}", None),
];

/// Grants the directories of `examples/` to read, a store, and nothing else.
struct Examples;

impl GrantPolicy for Examples {
    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, LoadFailure> {
        Ok(Granted {
            capabilities: Arc::new(Arc::new(capability(&manifest.request))),
            ..plugin::Plain.grant(manifest)?
        })
    }
}

fn capability(request: &Request) -> Capability {
    let directory = |name: &str| Directory {
        name: name.to_owned(),
        path: Path::new("examples").join(if matches!(name, "documents" | "calendars" | "repos") {
            name
        } else {
            "data"
        }),
        writable: false,
        quota: DirectoryQuota { bytes: 0, files: 0 },
    };
    let kv = request.kv.on().map(|_| KvQuota { max_bytes: ByteSize::bytes(64 << 20), max_keys: 10_000 });
    let directories = request.fs.iter().map(|wanted| directory(wanted.name.as_str()));
    Capability {
        directories: directories.collect(),
        internal: Internal { kv, ..Internal::default() },
        ..Capability::default()
    }
}

struct Measured {
    megabytes: f64,
    compile: Duration,
    first: Duration,
    warm: Duration,
}

async fn call(plugin: &Arc<Plugin>, row: &Row) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let answer = plugin.call_tool(inprocess::context(), row.tool, Arc::new(row.arguments.to_owned())).await?;
    let took = start.elapsed();
    ensure!(answer.is_ok(), "{} failed: {answer:?}", row.tool);
    Ok(took)
}

fn measure(row: &Row) -> anyhow::Result<Measured> {
    let file = Path::new("plugins").join(format!("{}.wasm", row.plugin));
    let bytes = fs::read(&file).with_context(|| format!("{}: run `make plugins` first", file.display()))?;
    let (package, _) = Package::inspect(&bytes, &TrustRoots::none())?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(format!("{}.wasm", row.plugin));
    fs::write(&path, Package::repack(&bytes, &package.manifest, &package.descriptors)?)?;
    let store = Store::open(&directory.path().join("store.db"))?;
    let services = Arc::new(Services::with_store(store));
    let engine = Engine::new(EngineConfig::default(), None, services, &[&tandem_cluster::P2p])?;
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let context = runtime.enter();
    let start = Instant::now();
    let (category, _) =
        load_file(&engine, &path, &plugin::options(directory.path()), &Examples).map_err(anyhow::Error::msg)?;
    let compile = start.elapsed();
    drop(context);
    let loaded = category.plugin.clone();
    let (first, mut warm) = runtime.block_on(async {
        let first = call(&loaded, row).await?;
        let mut warm = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            warm.push(call(&loaded, row).await?);
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
fn program(command: &[&str]) -> anyhow::Result<Option<Duration>> {
    let (name, arguments) = command.split_first().context("a program has a name")?;
    let mut taken = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let start = Instant::now();
        let ran = Command::new(name).args(arguments).current_dir("examples").stdout(Stdio::null()).status();
        match ran {
            Ok(status) => ensure!(status.success(), "{name} failed: {status}"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot run {name}")),
        }
        taken.push(start.elapsed());
    }
    Ok(middle(&mut taken).copied())
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "categories that ship, in process, a fresh instance for each call")?;
    writeln!(
        out,
        "{:10} {:16} {:>6} {:>10} {:>9} {:>9}  a program that does the same, started for it",
        "category", "tool", "MB", "compile ms", "first ms", "warm ms"
    )?;
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    for row in &ROWS {
        let Measured { megabytes, compile, first, warm } =
            measure(row).with_context(|| format!("measuring {}", row.plugin))?;
        let beside = match row.program {
            None => "none named".to_owned(),
            Some(command) => {
                let name = command.first().copied().unwrap_or_default();
                program(command)?
                    .map_or(format!("skipped: {name} is not installed"), |took| format!("{name} {:.1} ms", ms(took)))
            }
        };
        writeln!(
            out,
            "{:10} {:16} {megabytes:>6.2} {:>10.0} {:>9.2} {:>9.3}  {beside}",
            row.plugin,
            row.tool,
            ms(compile),
            ms(first),
            ms(warm)
        )?;
    }
    Ok(())
}
