//! `tandem config migrate`: a configuration of the older Python host, as `tandem.toml`.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use tandem_config::{ConfigSources, HostConfig, PathBases, ReferenceError};
use tandem_devkit::Served;
use tandem_files::Staged;
use tandem_migrate::{Availability, Coverage, Input, Migration, OlderTools, Outcome, Report, ToolsHere, limits};
use tandem_runtime::config::environment;

use crate::{
    exit::Exit,
    source::{Source, check},
    target::Target,
    terminal,
};

#[derive(Debug, Args)]
#[command(
    after_help = "FILE is a YAML file of the older host, a compose file that starts one, or a file of NAME=VALUE lines (.env). Each of its keys\nis reported: mapped, the default here, not carried over and why, or unknown. What is written passes `tandem config check`.\n\nExamples:\n  tandem config migrate config.yaml -o tandem.toml\n  tandem config migrate config.yaml --env-file .env --json\n  tandem config migrate config.yaml --check tools.json      # the answer of tools/list of the older host\n\nWith --check, nothing is written: each tool of the older host is here (by name or alias), mounted, or missing.\n\nExit codes: 0 done, 1 it failed, or a tool of the older host is missing, 2 usage."
)]
pub(crate) struct Migrate {
    /// The older configuration
    #[arg(required_unless_present_any = ["env_file", "environment"])]
    file: Option<PathBuf>,
    /// Write tandem.toml here [default: standard output]
    #[arg(short, long, value_name = "FILE", conflicts_with = "check")]
    output: Option<PathBuf>,
    /// Overwrite the output file
    #[arg(long, requires = "output")]
    force: bool,
    /// A file of NAME=VALUE lines, which count for more than the configuration
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Take the older host's variables from this process's environment too
    #[arg(long)]
    environment: bool,
    /// The older host's tools, as its answer of tools/list or a name a line (`-`: standard input): say which are here
    #[arg(long, value_name = "TOOLS")]
    check: Option<PathBuf>,
    /// With --check: a running host, whose mounted servers count too
    #[arg(long, value_name = "URL", requires = "check")]
    url: Option<String>,
    /// Bearer token or API key for --url
    #[arg(long, env = "TANDEM_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// With --check: the configuration of the host here, whose plugin directory is read [default: as `tandem serve`]
    #[arg(long, value_name = "FILE", requires = "check")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(crate) fn run(args: &Migrate) -> anyhow::Result<Exit> {
    let migration = migration(args)?;
    if let Some(tools) = &args.check {
        return coverage(args, &migration, tools);
    }
    if args.json {
        terminal::print_json(&json!({ "toml": migration.toml, "keys": migration.report.keys }))?;
    } else {
        report(&mut terminal::err(), &migration.report)?;
    }
    match &args.output {
        Some(path) => write(path, &migration.toml, args.force)?,
        None if args.json => {}
        None => write!(terminal::out(), "{}", migration.toml)?,
    }
    Ok(Exit::Success)
}

fn migration(args: &Migrate) -> anyhow::Result<Migration> {
    let file = args.file.as_deref().map(|path| read(path, limits::MAX_TEXT)).transpose()?;
    let mut lines = args.env_file.as_deref().map(|path| read(path, limits::MAX_TEXT)).transpose()?;
    let mut yaml = file;
    if args.file.as_deref().is_some_and(is_environment_file) {
        if lines.is_some() {
            bail!("FILE is a file of NAME=VALUE lines already; leave --env-file out");
        }
        lines = yaml.take();
    }
    let variables = args.environment.then(environment);
    let input = Input { yaml: yaml.as_deref(), environment_file: lines.as_deref(), variables: variables.as_ref() };
    let verdict = |config: &HostConfig| check(config).map_err(Into::into);
    let what = || args.file.as_ref().map_or_else(|| "the environment".to_owned(), |path| path.display().to_string());
    Migration::of(&input, &verdict).with_context(|| format!("cannot migrate {}", what()))
}

fn is_environment_file(path: &Path) -> bool {
    path.extension().or(path.file_name()).is_some_and(|ending| ending == "env" || ending == ".env")
}

/// A text from a file or from standard input, of a bounded size: one byte more is read, so that the reader notices.
fn read(path: &Path, most: usize) -> anyhow::Result<String> {
    let mut text = String::new();
    let most = most as u64 + 1;
    let read = match path == Path::new("-") {
        true => std::io::stdin().take(most).read_to_string(&mut text),
        false => std::fs::File::open(path).and_then(|file| file.take(most).read_to_string(&mut text)),
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}

fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let staged =
        Staged::new(path, text.as_bytes(), 0o666).with_context(|| format!("cannot write {}", path.display()))?;
    if force {
        staged.put().with_context(|| format!("cannot write {}", path.display()))?;
    } else {
        staged.put_new().with_context(|| format!("cannot write {}; --force overwrites it", path.display()))?;
    }
    writeln!(terminal::err(), "written: {}", path.display())?;
    Ok(())
}

fn report(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    let width = report.keys.iter().map(|entry| entry.key.chars().count()).max().unwrap_or(0).min(60);
    for entry in &report.keys {
        let said = match &entry.outcome {
            Outcome::Mapped { to, value, note } => {
                let note = note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
                format!("mapped: {to} = {value}{note}")
            }
            Outcome::Default { note } => format!("default: {note}"),
            Outcome::Overridden { by, to } => format!("overridden: {by} sets {to}"),
            Outcome::NotCarried { note } => format!("not carried over: {note}"),
            Outcome::Unknown { nearest: Some(nearest) } => format!("unknown; did you mean `{nearest}`?"),
            Outcome::Unknown { nearest: None } => "unknown".to_owned(),
        };
        writeln!(out, "{:width$}  {}", terminal::line(&entry.key), terminal::line(&said))?;
    }
    let unknown = report.unknown().count();
    if unknown > 0 {
        writeln!(out, "warning: {unknown} keys are not known of the older host")?;
    }
    Ok(())
}

/// `--check`: which tools of the older host are here.
fn coverage(args: &Migrate, migration: &Migration, tools: &Path) -> anyhow::Result<Exit> {
    let older = OlderTools::read(&read(tools, limits::MAX_TOOL_LIST)?)
        .with_context(|| format!("cannot read the tools of {}", tools.display()))?;
    let source = Source { config: args.config.clone(), ..Source::default() };
    let mut config = source.load()?;
    // What the migrated configuration does not serve is not here.
    config.tools = migrated(&migration.toml)?.tools;
    let served = Served::of(&config)?;
    let mut here = ToolsHere::default();
    for name in served.names {
        here.add(&name.name, Availability::Here { plugin: name.plugin, tool: name.alias_of });
    }
    if let Some(url) = &args.url {
        let target = Target { url: url.clone(), token: args.token.clone(), json: args.json };
        for tool in target.ask(async |host| Ok(host.tools().await?))? {
            let category = tool.meta.as_ref().and_then(|meta| meta.get("tandem/category"));
            let category = category.and_then(|name| name.as_str()).unwrap_or_default().to_owned();
            here.add_other(&tool.name, Availability::Mounted { category });
        }
    }
    let coverage = Coverage::of(&older, &here);
    if args.json {
        terminal::print_json(
            &json!({ "tools": coverage.tools, "missing": coverage.missing(), "left_out": served.left_out }),
        )?;
    } else {
        served.left_out.iter().try_for_each(|why| writeln!(terminal::err(), "warning: {}", terminal::line(why)))?;
        print(&mut terminal::out(), &coverage)?;
    }
    Ok(if coverage.missing() == 0 { Exit::Success } else { Exit::Failure })
}

fn migrated(toml: &str) -> anyhow::Result<HostConfig> {
    let sources = ConfigSources {
        file: Some(("tandem.toml", toml)),
        environment: &BTreeMap::new(),
        flags: &[],
        resolve: &|_| Err(ReferenceError::Unavailable),
        bases: PathBases::default(),
    };
    Ok(HostConfig::load(&sources)?)
}

fn print(out: &mut impl Write, coverage: &Coverage) -> std::io::Result<()> {
    let width = coverage.tools.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, found) in &coverage.tools {
        let said = match found {
            Availability::Here { plugin, tool: None } => format!("here     {plugin}"),
            Availability::Here { plugin, tool: Some(tool) } => format!("here     {plugin}, as {tool}"),
            Availability::Mounted { category } => format!("mounted  {category}"),
            Availability::Missing { nearest: Some(nearest) } => format!("missing  near: {nearest}"),
            Availability::Missing { nearest: None } => "missing".to_owned(),
        };
        writeln!(out, "{:width$}  {}", terminal::line(name), terminal::line(&said))?;
    }
    writeln!(out, "{} of {} tools are missing", coverage.missing(), coverage.tools.len())
}
