//! `tandem grant` and `tandem key`.

use std::{
    io::{Read, Write},
    path::PathBuf,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::Value;
use tandem_package::{Given, GrantChange, GrantItem, InternalKind};
use tandem_types::{HumanDuration, Secret, nearest};

use tandem_runtime::admin::{self, Ask};

use crate::{exit::Exit, source::Source};

/// The largest secret that is read.
const MAX_SECRET: u64 = 64 << 10;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  tandem grant list dataset\n  tandem grant add dataset fs.data=/srv/data:rw http=api.example.com\n  tandem grant revoke dataset kv\n  tandem grant revoke dataset http api.example.com --tenant acme\n  tandem grant add dataset secrets.token=@-    # the secret from standard input\n  tandem grant clear dataset                     # back to the configuration\n\nA change applies from the next use of the capability, survives restarts and overrides the configuration.\nRelative paths are relative to the working directory."
)]
pub(crate) struct Grants {
    #[command(subcommand)]
    command: Option<GrantsCommand>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Args)]
struct List {
    /// Only this plugin
    plugin: Option<String>,
    #[command(flatten)]
    party: Party,
}

#[derive(Debug, Args)]
struct Party {
    /// Only for this tenant, instead of for all
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum GrantsCommand {
    /// List what plugins request and what they are granted
    List(List),
    /// Grant a plugin something that it requests
    #[command(alias = "grant")]
    Add {
        /// The plugin
        plugin: String,
        #[arg(required = true, help = grant_forms())]
        what: Vec<String>,
        #[command(flatten)]
        party: Party,
    },
    /// Revoke a grant, also one of the configuration
    Revoke {
        /// The plugin
        plugin: String,
        #[arg(help = grant_kinds())]
        kind: String,
        /// Which one [default: all of the kind]
        name: Option<String>,
        #[command(flatten)]
        party: Party,
    },
    /// Discard changes made at run time: back to the configuration
    Clear {
        /// The plugin
        plugin: String,
        /// Only changes of this kind
        kind: Option<String>,
        #[command(flatten)]
        party: Party,
    },
}

fn grant_forms() -> String {
    format!(
        "fs.NAME=PATH[:ro|rw], http=HOST[:PORT], env.NAME=VALUE, secrets.NAME=@FILE, {}, allow.NAME",
        InternalKind::names()
    )
}

fn grant_kinds() -> String {
    format!("fs, http, env, secrets, {} or allow", InternalKind::names())
}

/// `tandem grant`.
pub(crate) fn grants(args: Grants) -> anyhow::Result<Exit> {
    let (party, ask) = match args.command.unwrap_or(GrantsCommand::List(args.list)) {
        GrantsCommand::List(List { plugin, party }) => {
            let tenant = party.tenant.clone();
            (party, Ask::Grants { plugin, tenant })
        }
        GrantsCommand::Add { plugin, what, party } => {
            let changes = what.iter().map(|words| kept(given(words)?)).collect::<anyhow::Result<_>>()?;
            let tenant = party.tenant.clone();
            (party, Ask::Change { plugin, tenant, changes })
        }
        GrantsCommand::Revoke { plugin, kind, name, party } => {
            let item = name.map_or(kind.clone(), |name| format!("{kind}.{name}"));
            let tenant = party.tenant.clone();
            (party, Ask::Change { plugin, tenant, changes: vec![(item, None)] })
        }
        GrantsCommand::Clear { plugin, kind, party } => {
            let tenant = party.tenant.clone();
            (party, Ask::Clear { plugin, tenant, kind })
        }
    };
    let named = ask.plugin().map(str::to_owned);
    let shown = admin::ask(party.source.load()?, ask)?;
    print_grants(&shown, named.is_some(), party.json)?;
    let mut notes = crate::terminal::err();
    for entry in shown.as_array().into_iter().flatten() {
        let plugin = entry.get("plugin").and_then(Value::as_str).unwrap_or_default();
        for item in entry.get("without_effect").and_then(Value::as_array).into_iter().flatten() {
            let item = item.as_str().unwrap_or_default();
            writeln!(notes, "warning: `{plugin}` does not request {item}: this grant has no effect")?;
        }
    }
    if let Some(plugin) = named.filter(|_| shown.as_array().is_some_and(Vec::is_empty)) {
        let all = admin::ask(party.source.load()?, Ask::Grants { plugin: None, tenant: None })?;
        let names = all.as_array().into_iter().flatten().filter_map(|entry| entry.get("plugin")?.as_str());
        let near = nearest(&plugin, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        writeln!(notes, "warning: no plugin `{plugin}` is loaded; the change applies when it is{near}")?;
    }
    Ok(Exit::Success)
}

/// One thing to grant; a secret's text is read from where it is.
fn given(words: &str) -> anyhow::Result<(GrantItem, GrantChange)> {
    match words.split_once("=@") {
        Some((item, from)) if item.starts_with("secrets.") => Ok(GrantChange::secret(item, secret(from)?)?),
        _ => {
            let (item, mut change) = GrantChange::from_words(words)?;
            if let GrantChange::Grant(Given::Fs(grant)) = &mut change {
                // The host that keeps it works elsewhere.
                let here = std::env::current_dir().context("the working directory does not exist")?;
                grant.path.count_from(here.to_str().context("the working directory is not UTF-8")?);
            }
            Ok((item, change))
        }
    }
}

fn kept((item, change): (GrantItem, GrantChange)) -> anyhow::Result<(String, Option<String>)> {
    Ok((item.to_string(), change.to_kept()))
}

fn secret(from: &str) -> anyhow::Result<Secret> {
    let mut text = String::new();
    if from == "-" {
        std::io::stdin().take(MAX_SECRET + 1).read_to_string(&mut text).context("standard input is not UTF-8 text")?;
    } else {
        let file =
            std::fs::File::open(from).with_context(|| format!("cannot read {}", PathBuf::from(from).display()))?;
        file.take(MAX_SECRET + 1).read_to_string(&mut text).with_context(|| format!("{from} is not UTF-8 text"))?;
    }
    if text.len() as u64 > MAX_SECRET {
        bail!("the secret has more than {MAX_SECRET} bytes");
    }
    Ok(Secret::new(text.trim_end_matches(['\n', '\r']).to_owned()))
}

fn print_grants(shown: &Value, named: bool, json: bool) -> anyhow::Result<()> {
    let mut out = crate::terminal::out();
    if json {
        return Ok(writeln!(out, "{}", crate::terminal::json(shown)?)?);
    }
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for entry in shown.as_array().into_iter().flatten() {
        let tenant =
            text(entry, "tenant").map_or_else(|| "every tenant".to_owned(), |tenant| format!("tenant {tenant}"));
        writeln!(out, "{} for {tenant}", text(entry, "plugin").unwrap_or_default())?;
        let capabilities = list(entry, "capabilities");
        for one in &capabilities {
            let granted = text(one, "granted").unwrap_or_else(|| "nothing".to_owned());
            let reason = text(one, "reason").map(|reason| format!("  ({reason})")).unwrap_or_default();
            let (name, asked) =
                (text(one, "capability").unwrap_or_default(), text(one, "requested").unwrap_or_default());
            writeln!(out, "  {name:24}  asked {asked:24}  got {granted}{reason}")?;
        }
        if capabilities.is_empty() {
            writeln!(out, "  requests nothing")?;
        }
        let changed: Vec<String> =
            list(entry, "changed").iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        if !changed.is_empty() {
            writeln!(out, "  changed at run time: {}", changed.join(" "))?;
        }
    }
    if !named && shown.as_array().is_some_and(Vec::is_empty) {
        writeln!(out, "no plugins")?;
    }
    Ok(())
}

#[derive(Debug, Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Issue an API key for a tenant; it is printed once
    Issue {
        /// The tenant
        #[arg(long, default_value = "default")]
        tenant: String,
        /// Its name in logs and records
        #[arg(long)]
        name: String,
        /// Lifetime, as `90d` [default: unlimited]
        #[arg(long, value_name = "DURATION")]
        expires: Option<HumanDuration>,
        #[command(flatten)]
        source: Source,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the keys that were issued, without their secrets
    List {
        /// Only those of this tenant
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        source: Source,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key at once
    Revoke {
        /// The key's name
        name: String,
        /// The tenant
        #[arg(long, default_value = "default")]
        tenant: String,
        #[command(flatten)]
        source: Source,
    },
}

/// `tandem key`.
pub(crate) fn keys(args: Keys) -> anyhow::Result<Exit> {
    match args.command {
        KeysCommand::Issue { tenant, name, expires, source, json } => {
            let ask = Ask::Issue { tenant, name, expires_ms: expires.map(HumanDuration::as_millis) };
            let answer = admin::ask(source.load()?, ask)?;
            let mut out = crate::terminal::out();
            if json {
                writeln!(out, "{}", crate::terminal::escaped(&answer.to_string()))?;
            } else {
                // The key alone, so that it can be piped; it is never shown again.
                writeln!(out, "{}", answer.get("key").and_then(Value::as_str).unwrap_or_default())?;
            }
        }
        KeysCommand::List { tenant, source, json } => {
            print_keys(&admin::ask(source.load()?, Ask::Keys { tenant })?, json)?;
        }
        KeysCommand::Revoke { name, tenant, source } => {
            admin::ask(source.load()?, Ask::RevokeKey { tenant: tenant.clone(), name: name.clone() })?;
            writeln!(crate::terminal::out(), "key `{name}` of tenant `{tenant}` revoked")?;
        }
    }
    Ok(Exit::Success)
}

fn print_keys(keys: &Value, json: bool) -> anyhow::Result<()> {
    let mut out = crate::terminal::out();
    if json {
        return Ok(writeln!(out, "{}", crate::terminal::json(keys)?)?);
    }
    let time = |key: &Value, field: &str| key.get(field).and_then(Value::as_u64).map(tandem_runtime::config::time_text);
    for key in keys.as_array().into_iter().flatten() {
        let text = |field: &str| key.get(field).and_then(Value::as_str).unwrap_or_default();
        let expires = match (time(key, "expires_ms"), key.get("expired") == Some(&Value::Bool(true))) {
            (Some(time), true) => format!("expired {time}"),
            (Some(time), false) => format!("expires {time}"),
            (None, _) => "does not expire".to_owned(),
        };
        let created = time(key, "created_ms").unwrap_or_default();
        writeln!(out, "{:16} {:16} {}…  issued {created}  {expires}", text("tenant"), text("name"), text("start"))?;
    }
    Ok(())
}
