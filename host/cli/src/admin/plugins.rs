//! `tandem plugin list`, `tandem reload` and `tandem plugin rollback`.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use tandem_installer::{add_sources, follow_rollback, lock_path};
use tandem_runtime::{
    admin::{self, Ask},
    config::time_text,
};

use crate::{
    exit::Exit,
    source::Query,
    table::{Column, at, list, print, text},
    terminal::{self, line},
};

#[derive(Debug, Args)]
#[command(
    after_help = "States: serving; canary (a new version gets a share of the calls); compiling (its calls wait); refused (not served); stored (no host runs).\n\nWith --json, `error.code` names the cause: compiling, unreadable, invalid-package, disabled, signature, revoked, supply-policy, compilation, component, check, grants, name-collision, rolled-back, host.\n\nExit codes: 0 a host answered, 1 no host runs (the states are those of the files), 2 usage.\n\nThe source is the one in tandem.lock. `-`: the file was copied by hand, or changed since it was installed."
)]
pub(crate) struct List {
    #[command(flatten)]
    query: Query,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The configuration is read again, as on SIGHUP: grants, tenants, keys and peer lists apply at once, and settings that\nneed a restart are named. Files that were refused are retried, and revoked ones are unloaded. Naming a plugin leaves\nthe configuration alone; a canary of that plugin is promoted."
)]
pub(crate) struct Reload {
    /// Only this plugin
    plugin: Option<String>,
    #[command(flatten)]
    query: Query,
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
    query: Query,
}

pub(crate) fn list_plugins(args: List) -> anyhow::Result<Exit> {
    let config = args.query.source.load()?;
    let (runs, data) = (admin::runs(&config), config.plugins.data_directory.clone());
    show(&args.query, admin::ask(config, Ask::Plugins)?)?;
    if runs {
        return Ok(Exit::Success);
    }
    let remedy = "start one with `tandem serve`, or name its configuration with --config";
    writeln!(terminal::err(), "no host runs with the data directory {data}; {remedy}")?;
    Ok(Exit::Failure)
}

pub(crate) fn reload(args: Reload) -> anyhow::Result<Exit> {
    let mut answer = admin::ask(args.query.source.load()?, Ask::Reload { plugin: args.plugin })?;
    let plugins = answer.get_mut("plugins").map(Value::take).unwrap_or_default();
    show(&args.query, plugins)?;
    let restart: Vec<&str> = list(&answer, "/needs_restart").iter().filter_map(Value::as_str).collect();
    if !restart.is_empty() {
        let restart = restart.join(", ");
        writeln!(terminal::err(), "warning: these settings changed and need a restart: {restart}")?;
    }
    match answer.get("refused").and_then(Value::as_str) {
        Some(refused) => anyhow::bail!("configuration refused, the old one stays in force: {refused}"),
        None => Ok(Exit::Success),
    }
}

pub(crate) fn rollback(args: Rollback) -> anyhow::Result<Exit> {
    let answer = admin::ask(args.query.source.load()?, Ask::RollBack { plugin: args.plugin.clone(), to: args.to })?;
    let noted = follow_rollback(&(&args.query.source).into(), &args.plugin);
    show(&args.query, answer)?;
    let lock = lock_path(&(&args.query.source).into())?;
    let (lock, mut notes) = (lock.display(), terminal::err());
    match noted {
        Ok(Some(version)) => writeln!(notes, "{lock}: now at {version}")?,
        Ok(None) => {}
        Err(error) => {
            let why = crate::exit::chain(&error.into());
            let what = "still has the other version, which `tandem plugin install` would restore";
            writeln!(notes, "warning: {lock} {what}: {why}")?;
        }
    }
    Ok(Exit::Success)
}

/// Characters of a digest that tell files apart for people: `sha256:` and twelve digits.
const DIGEST_START: usize = 19;

const PLUGINS: [Column; 7] = [
    Column("PLUGIN", "name"),
    Column("VERSION", "version"),
    Column("STATE", "state"),
    Column("TOOLS", "tools"),
    Column("DIGEST", "digest"),
    Column("LOADED", "loaded"),
    Column("SOURCE", "source"),
];

fn show(query: &Query, mut plugins: Value) -> anyhow::Result<()> {
    add_sources(&(&query.source).into(), &mut plugins)?;
    if query.json {
        return Ok(terminal::print_json(&plugins)?);
    }
    let plugins = list(&plugins, "");
    print(&plugins.iter().map(row).collect::<Vec<_>>(), &PLUGINS)?;
    let mut out = terminal::out();
    Ok(plugins.iter().try_for_each(|plugin| print_notes(&mut out, plugin))?)
}

/// A plugin as its row has it.
fn row(plugin: &Value) -> Value {
    let name = if at(plugin, "/name").is_string() { "/name" } else { "/file" };
    json!({
        "name": at(plugin, name), "version": at(plugin, "/version"), "state": at(plugin, "/state"),
        "tools": at(plugin, "/tools").as_u64().unwrap_or_default(),
        "digest": at(plugin, "/digest").as_str().map(|text| text.chars().take(DIGEST_START).collect::<String>()),
        "loaded": at(plugin, "/loaded_at_ms").as_u64().map(time_text), "source": at(plugin, "/source"),
    })
}

/// What does not fit into its row.
fn print_notes(out: &mut impl Write, plugin: &Value) -> std::io::Result<()> {
    let number = |pointer: &str| at(plugin, pointer).as_u64().unwrap_or_default();
    let file = line(text(plugin, "/file"));
    if let Some(version) = at(plugin, "/canary/version").as_str() {
        let [share, calls, errors, least] =
            ["share", "calls", "errors", "min_calls"].map(|key| number(&format!("/canary/{key}")));
        let made = format!("{calls} made (at least {least} needed), {errors} failed");
        writeln!(out, "{file}: {version} is a canary with {share} % of the calls: {made}")?;
    }
    if let Some(reason) = at(plugin, "/error/reason").as_str() {
        writeln!(out, "{file}: refused since {}: {}", time_text(number("/error/at_ms")), line(reason))?;
    }
    Ok(())
}
