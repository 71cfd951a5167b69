//! `tandem grant` and `tandem key`.

use std::{
    fs::File,
    io::{Read, Write},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::Value;
use tandem_package::{Given, GrantChange, InternalKind};
use tandem_runtime::{
    admin::{self, Ask},
    config::time_text,
};
use tandem_types::{HumanDuration, Secret, nearest};

use crate::{
    exit::Exit,
    source::{Query, Source},
    table::{at, list, text},
    terminal,
};

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
    query: Query,
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
    let (ask, Party { query: Query { source, json }, .. }) = match args
        .command
        .unwrap_or(GrantsCommand::List(args.list))
    {
        GrantsCommand::List(List { plugin, party }) => (Ask::Grants { plugin, tenant: party.tenant.clone() }, party),
        GrantsCommand::Add { plugin, what, party } => {
            let changes = what.iter().map(|words| given(words)).collect::<anyhow::Result<_>>()?;
            (Ask::Change { plugin, tenant: party.tenant.clone(), changes }, party)
        }
        GrantsCommand::Revoke { plugin, kind, name, party } => {
            let item = name.map_or(kind.clone(), |name| format!("{kind}.{name}"));
            (Ask::Change { plugin, tenant: party.tenant.clone(), changes: vec![(item, None)] }, party)
        }
        GrantsCommand::Clear { plugin, kind, party } => {
            (Ask::Clear { plugin, tenant: party.tenant.clone(), kind }, party)
        }
    };
    let named = ask.plugin().map(str::to_owned);
    let shown = admin::ask(source.load()?, ask)?;
    match json {
        true => terminal::print_json(&shown)?,
        false => print_grants(&shown, named.is_some())?,
    }
    let mut notes = terminal::err();
    for entry in list(&shown, "") {
        for item in list(entry, "/without_effect") {
            let (plugin, item) = (text(entry, "/plugin"), text(item, ""));
            writeln!(notes, "warning: `{plugin}` does not request {item}: this grant has no effect")?;
        }
    }
    if let Some(plugin) = named.filter(|_| list(&shown, "").is_empty()) {
        let all = admin::ask(source.load()?, Ask::Grants { plugin: None, tenant: None })?;
        let near = nearest(&plugin, list(&all, "").iter().map(|entry| text(entry, "/plugin")));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        writeln!(notes, "warning: no plugin `{plugin}` is loaded; the change applies when it is{near}")?;
    }
    Ok(Exit::Success)
}

/// One thing to grant, and its value; a secret's text is read from where it is.
fn given(words: &str) -> anyhow::Result<(String, Option<String>)> {
    let (item, change) = match words.split_once("=@") {
        Some((item, from)) if item.starts_with("secrets.") => GrantChange::secret(item, secret(from)?)?,
        _ => {
            let (item, mut change) = GrantChange::from_words(words)?;
            if let GrantChange::Grant(Given::Fs(grant)) = &mut change {
                // The host that keeps it works elsewhere.
                let here = std::env::current_dir().context("the working directory does not exist")?;
                grant.path.count_from(here.to_str().context("the working directory is not UTF-8")?);
            }
            (item, change)
        }
    };
    Ok((item.to_string(), change.to_kept()))
}

fn secret(from: &str) -> anyhow::Result<Secret> {
    let (name, input): (_, Box<dyn Read>) = match from {
        "-" => ("standard input", Box::new(std::io::stdin())),
        file => (file, Box::new(File::open(file).with_context(|| format!("cannot read {file}"))?)),
    };
    let mut text = String::new();
    input.take(MAX_SECRET + 1).read_to_string(&mut text).with_context(|| format!("{name} is not UTF-8 text"))?;
    if text.len() as u64 > MAX_SECRET {
        bail!("the secret has more than {MAX_SECRET} bytes");
    }
    Ok(Secret::new(text.trim_end_matches(['\n', '\r']).to_owned()))
}

fn print_grants(shown: &Value, named: bool) -> std::io::Result<()> {
    let mut out = terminal::out();
    for entry in list(shown, "") {
        let tenant = at(entry, "/tenant").as_str();
        let tenant = tenant.map_or_else(|| "every tenant".to_owned(), |tenant| format!("tenant {tenant}"));
        writeln!(out, "{} for {tenant}", text(entry, "/plugin"))?;
        for one in list(entry, "/capabilities") {
            let (name, requested) = (text(one, "/capability"), text(one, "/requested"));
            let granted = at(one, "/granted").as_str().unwrap_or("nothing");
            let reason = at(one, "/reason").as_str().map(|reason| format!("  ({reason})")).unwrap_or_default();
            writeln!(out, "  {name:24}  requested {requested:24}  granted {granted}{reason}")?;
        }
        if list(entry, "/capabilities").is_empty() {
            writeln!(out, "  requests nothing")?;
        }
        let changed: Vec<&str> = list(entry, "/changed").iter().filter_map(Value::as_str).collect();
        if !changed.is_empty() {
            writeln!(out, "  changed at run time: {}", changed.join(" "))?;
        }
    }
    match !named && list(shown, "").is_empty() {
        true => writeln!(out, "no plugins"),
        false => Ok(()),
    }
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
        query: Query,
    },
    /// List the keys that were issued, without their secrets
    List {
        /// Only those of this tenant
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        query: Query,
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
        KeysCommand::Issue { tenant, name, expires, query: Query { source, json } } => {
            let ask = Ask::Issue { tenant, name, expires_ms: expires.map(HumanDuration::as_millis) };
            let answer = admin::ask(source.load()?, ask)?;
            // The key alone, so that it can be piped; it is never shown again.
            let shown = if json { terminal::escaped(&answer.to_string()) } else { text(&answer, "/key").to_owned() };
            writeln!(terminal::out(), "{shown}")?;
        }
        KeysCommand::List { tenant, query: Query { source, json } } => {
            let keys = admin::ask(source.load()?, Ask::Keys { tenant })?;
            match json {
                true => terminal::print_json(&keys)?,
                false => list(&keys, "").iter().try_for_each(print_key)?,
            }
        }
        KeysCommand::Revoke { name, tenant, source } => {
            admin::ask(source.load()?, Ask::RevokeKey { tenant: tenant.clone(), name: name.clone() })?;
            writeln!(terminal::out(), "key `{name}` of tenant `{tenant}` revoked")?;
        }
    }
    Ok(Exit::Success)
}

fn print_key(key: &Value) -> std::io::Result<()> {
    let (tenant, name, start) = (text(key, "/tenant"), text(key, "/name"), text(key, "/start"));
    let time = |pointer: &str| at(key, pointer).as_u64().map(time_text);
    let expires = match (time("/expires_ms"), at(key, "/expired") == true) {
        (Some(time), true) => format!("expired {time}"),
        (Some(time), false) => format!("expires {time}"),
        (None, _) => "does not expire".to_owned(),
    };
    let created = time("/created_ms").unwrap_or_default();
    writeln!(terminal::out(), "{tenant:16} {name:16} {start}…  issued {created}  {expires}")
}
