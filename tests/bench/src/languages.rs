//! What guests of each language cost: compiled, started from the compiled-code cache, and called.
//!
//! The guests are the SDKs' templates, which `languages.sh` builds into `target/bench`; a language whose tool chain is not
//! there is named and skipped.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tandem_engine::{Engine, EngineConfig, Origin, Plugin, Services};
use tandem_package::{Instance, Package, PluginManifest};
use tandem_runtime::load::load_file;
use tokio::runtime::Builder;

use crate::{inprocess, plugin};

const LANGUAGES: [&str; 4] = ["rust", "c", "javascript", "python"];
const TOOL: &str = "words_count";
const ARGUMENTS: &str = r#"{"text":"to weigh every word"}"#;
const WARM_UP: usize = 200;
const CALLS: usize = 2_000;

fn project(language: &str) -> PathBuf {
    let directory = std::env::var_os("TANDEM_BENCH_LANGUAGES").unwrap_or_else(|| "target/bench".into());
    PathBuf::from(directory).join(language)
}

/// One language's guest as a package.
fn packed(project: &Path, pooled: bool) -> anyhow::Result<Vec<u8>> {
    let component = fs::read(project.join("build/plugin.wasm"))?;
    let text = fs::read_to_string(project.join("plugin.toml"))?;
    let mut manifest = PluginManifest::parse("plugin.toml", &text).map_err(|errors| anyhow::anyhow!("{errors}"))?;
    if pooled {
        manifest.runtime.instance = Instance::Pooled;
        manifest.runtime.max_invocations = Some(u32::try_from(WARM_UP + CALLS)?);
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (descriptors, _) = runtime.block_on(plugin::engine()?.examine(&component))?;
    Ok(Package::pack(&component, &manifest, &descriptors)?)
}

async fn latencies(plugin: &Arc<Plugin>) -> anyhow::Result<Vec<Duration>> {
    let mut taken = Vec::with_capacity(CALLS);
    for call in 0..WARM_UP + CALLS {
        let start = Instant::now();
        let answer = plugin.call_tool(inprocess::context(), TOOL, Arc::new(ARGUMENTS.to_owned())).await?;
        if call >= WARM_UP {
            taken.push(start.elapsed());
        }
        ensure!(answer.is_ok(), "the tool failed");
    }
    taken.sort_unstable();
    Ok(taken)
}

struct Measured {
    megabytes: f64,
    cold: Duration,
    warm: Duration,
    calls: [Vec<Duration>; 2],
}

fn measure(language: &str) -> anyhow::Result<Measured> {
    let (directory, cache) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let path = directory.path().join("words.wasm");
    let options = plugin::options(directory.path());
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let load = |origin| -> anyhow::Result<(Engine, Arc<Plugin>, Duration)> {
        let engine = Engine::new(EngineConfig::default(), Some(cache.path()), Arc::new(Services::default()), &[])?;
        let _context = runtime.enter();
        let start = Instant::now();
        let (category, from) = load_file(&engine, &path, &options, &plugin::Plain).map_err(anyhow::Error::msg)?;
        let took = start.elapsed();
        ensure!(from == origin, "the code is {from:?}");
        Ok((engine, category.backend.plugin().context("a plugin runs it")?.clone(), took))
    };
    let mut measured =
        Measured { megabytes: 0.0, cold: Duration::ZERO, warm: Duration::ZERO, calls: Default::default() };
    for pooled in [false, true] {
        let file = packed(&project(language), pooled)?;
        measured.megabytes = file.len() as f64 / 1e6;
        fs::write(&path, file)?;
        // Compiled code is kept by the component alone: another manifest finds it there.
        if !pooled {
            (_, _, measured.cold) = load(Origin::Compiled)?;
        }
        let (_engine, plugin, warm) = load(Origin::Cached)?;
        measured.warm = warm;
        let calls = runtime.block_on(runtime.spawn(async move { latencies(&plugin).await }))??;
        if let Some(slot) = measured.calls.get_mut(usize::from(pooled)) {
            *slot = calls;
        }
    }
    Ok(measured)
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "guests of each language, in process: `{TOOL}` of the SDK's template")?;
    writeln!(
        out,
        "{:11} {:>6} {:>10} {:>9} {:>10} {:>10} {:>10} {:>10}",
        "language", "MB", "compile ms", "start ms", "fresh p50", "p99 us", "pooled p50", "p99 us"
    )?;
    for language in LANGUAGES {
        if !project(language).join("build/plugin.wasm").exists() {
            writeln!(out, "{language:11} skipped: it was not built; `sh tests/bench/languages.sh` says why")?;
            continue;
        }
        let Measured { megabytes, cold, warm, calls } =
            measure(language).with_context(|| format!("measuring {language}"))?;
        let ms = |took: Duration| took.as_secs_f64() * 1e3;
        let us = |taken: &[Duration], part: usize| taken.get(taken.len() * part / 100).map_or(0.0, |d| ms(*d) * 1e3);
        let [fresh, pooled] = &calls;
        writeln!(
            out,
            "{language:11} {megabytes:>6.2} {:>10.0} {:>9.1} {:>10.1} {:>10.1} {:>10.1} {:>10.1}",
            ms(cold),
            ms(warm),
            us(fresh, 50),
            us(fresh, 99),
            us(pooled, 50),
            us(pooled, 99)
        )?;
    }
    Ok(())
}
