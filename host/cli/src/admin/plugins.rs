//! `tandem plugin list`, `tandem reload` and `tandem plugin rollback`.

use std::io::Write;

use clap::Args;
use serde_json::Value;
use tandem_installer::{follow_rollback, lock_path};
use tandem_registry::Lock;

use tandem_runtime::admin::{self, Ask};

use crate::{exit::Exit, source::Source, terminal::line};

#[derive(Debug, Args)]
#[command(
    after_help = "States: serving; canary (a new version gets a share of the calls); compiling (not served yet); refused (not served); stored (no host runs).\n\nWith --json, `error.code` names the cause: compiling, unreadable, invalid-package, signature, revoked, supply-policy, compilation, component, check, grants, name-collision, rolled-back, host.\n\nExit codes: 0 a host answered, 1 no host runs (the states are those of the files), 2 usage.\n\nThe source is the one in tandem.lock. `-`: the file was copied by hand, or changed since it was installed."
)]
pub(crate) struct List {
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The configuration is read again, as on SIGHUP: grants, tenants, keys and peer lists apply at once, and settings that\nneed a restart are named. Files that were refused are retried, and revoked ones are unloaded. Naming a plugin leaves\nthe configuration alone; a canary of that plugin is promoted."
)]
pub(crate) struct Reload {
    /// Only this plugin
    plugin: Option<String>,
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The last five versions that served are kept. The file in the plugin directory and the entry in tandem.lock are replaced\ntoo, so that the rollback survives a restart. A canary is rolled back to the version that serves."
)]
pub(crate) struct Rollback {
    /// The plugin
    plugin: String,
    /// A version or a digest [default: the version that served before]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn list(args: List) -> anyhow::Result<Exit> {
    let config = args.source.load()?;
    let (runs, data) = (admin::runs(&config), config.plugins.data_directory.clone());
    show(&args.source, admin::ask(config, Ask::Plugins)?, args.json)?;
    if runs {
        return Ok(Exit::Success);
    }
    let remedy = "start one with `tandem serve`, or name its configuration with --config";
    writeln!(crate::terminal::err(), "no host runs with the data directory {data}; {remedy}")?;
    Ok(Exit::Failure)
}

pub(crate) fn reload(args: Reload) -> anyhow::Result<Exit> {
    let mut answer = admin::ask(args.source.load()?, Ask::Reload { plugin: args.plugin })?;
    let plugins = answer.get_mut("plugins").map(Value::take).unwrap_or_default();
    show(&args.source, plugins, args.json)?;
    let restart = answer.get("needs_restart").and_then(Value::as_array).into_iter().flatten();
    let restart: Vec<&str> = restart.filter_map(Value::as_str).collect();
    let mut notes = crate::terminal::err();
    if !restart.is_empty() {
        writeln!(notes, "warning: these settings changed and need a restart: {}", restart.join(", "))?;
    }
    match answer.get("refused").and_then(Value::as_str) {
        Some(refused) => anyhow::bail!("configuration refused, the old one stays in force: {refused}"),
        None => Ok(Exit::Success),
    }
}

pub(crate) fn rollback(args: Rollback) -> anyhow::Result<Exit> {
    let answer = admin::ask(args.source.load()?, Ask::RollBack { plugin: args.plugin.clone(), to: args.to })?;
    let noted = follow_rollback(&(&args.source).into(), &args.plugin);
    show(&args.source, answer, args.json)?;
    let lock = lock_path(&(&args.source).into())?;
    let mut notes = crate::terminal::err();
    match noted {
        Ok(Some(version)) => writeln!(notes, "{}: now at {version}", lock.display())?,
        Ok(None) => {}
        Err(error) => {
            let why = crate::exit::chain(&error.into());
            writeln!(
                notes,
                "warning: {} still has the other version, which `tandem plugin install` would restore: {why}",
                lock.display()
            )?;
        }
    }
    Ok(Exit::Success)
}

fn show(source: &Source, mut plugins: Value, json: bool) -> anyhow::Result<Exit> {
    let lock = Lock::read(&lock_path(&source.into())?)?.unwrap_or_default();
    for plugin in plugins.as_array_mut().into_iter().flatten() {
        add_source(plugin, &lock);
    }
    let mut out = crate::terminal::out();
    if json {
        writeln!(out, "{}", crate::terminal::json(&plugins)?)?;
    } else {
        print(&mut out, plugins.as_array().map_or(&[], Vec::as_slice))?;
    }
    Ok(Exit::Success)
}

/// Where the very file came from.
fn add_source(plugin: &mut Value, lock: &Lock) {
    let text = |key: &str| plugin.get(key).and_then(Value::as_str);
    let locked = text("name").and_then(|name| lock.plugins.get(name));
    let source = locked.filter(|locked| text("digest") == Some(&*locked.digest.to_string()));
    let source = source.map(|locked| locked.source.to_string());
    if let (Some(plugin), Some(source)) = (plugin.as_object_mut(), source) {
        plugin.insert("source".to_owned(), source.into());
    }
}

const HEAD: [&str; 7] = ["PLUGIN", "VERSION", "STATE", "TOOLS", "DIGEST", "LOADED", "SOURCE"];
/// Characters of a digest that tell files apart for people: `sha256:` and twelve digits.
const DIGEST_START: usize = 19;

fn print(out: &mut impl Write, plugins: &[Value]) -> std::io::Result<()> {
    let rows: Vec<[String; 7]> = plugins.iter().map(row).collect();
    let mut widths = HEAD.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut write = |cells: [&str; 7]| {
        let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    write(HEAD)?;
    for row in &rows {
        write(row.each_ref().map(String::as_str))?;
    }
    for plugin in plugins {
        let text = |pointer: &str| plugin.pointer(pointer).and_then(Value::as_str);
        let number = |pointer: &str| plugin.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        let file = line(text("/file").unwrap_or_default());
        if let Some(version) = text("/canary/version") {
            let [share, calls, errors, least] =
                ["share", "calls", "errors", "min_calls"].map(|k| number(&format!("/canary/{k}")));
            writeln!(
                out,
                "{file}: {version} is a canary with {share} % of the calls: {calls} made (at least {least} needed), {errors} failed"
            )?;
        }
        if let Some(reason) = text("/error/reason") {
            let since = tandem_runtime::config::time_text(number("/error/at_ms"));
            writeln!(out, "{file}: refused since {since}: {}", line(reason))?;
        }
    }
    Ok(())
}

fn row(plugin: &Value) -> [String; 7] {
    let text = |key: &str| line(plugin.get(key).and_then(Value::as_str).unwrap_or("-"));
    let name = text(if plugin.get("name").is_some_and(Value::is_string) { "name" } else { "file" });
    let tools = plugin.get("tools").and_then(Value::as_u64).unwrap_or_default().to_string();
    let loaded = plugin
        .get("loaded_at_ms")
        .and_then(Value::as_u64)
        .map_or_else(|| "-".to_owned(), tandem_runtime::config::time_text);
    let digest = text("digest").chars().take(DIGEST_START).collect();
    [name, text("version"), text("state"), tools, digest, loaded, text("source")]
}
