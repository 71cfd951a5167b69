//! `tandem audit`: reads the log of a store's file, whether a host runs or not.

use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use clap::{Args, Subcommand};
use tandem_diagnostics::audit::{described, lost};
use tandem_runtime::config::{millis, store_path, time_text};
use tandem_store::{AuditKey, AuditQuery, AuditReader, AuditRow, MAX_PAGE, Verified};
use tandem_types::HumanDuration;

use crate::{
    exit::Exit,
    source::Source,
    terminal::{self, escaped},
};

/// How often `--follow` polls.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the newest records
    Tail(Tail),
    /// Verify that no record was changed, added or removed
    #[command(
        after_help = "Prints the number and hash of the last record. Kept elsewhere and passed as --seen, they prove later that the store\nwas not reset to an older state.\n\nRecords that the host could not write, as on a full disk, are listed as gaps: they are no forgery.\n\nExit codes: 0 the log is intact, 1 it is not."
    )]
    Verify(Verify),
    /// Print all records as JSON Lines, with their hashes
    Export(Export),
}

#[derive(Debug, Args)]
struct Filter {
    #[command(flatten)]
    source: Source,
    /// Only records of this tenant
    #[arg(long)]
    tenant: Option<String>,
    /// Only calls of this tool
    #[arg(long)]
    tool: Option<String>,
    /// Only calls with this outcome, as `denied`
    #[arg(long)]
    outcome: Option<String>,
    /// Only records of this period until now, as `2h` or `7d`
    #[arg(long, value_name = "DURATION")]
    since: Option<HumanDuration>,
}

#[derive(Debug, Args)]
struct Tail {
    #[command(flatten)]
    filter: Filter,
    /// How many records
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAGE)))]
    lines: u32,
    /// Keep printing new records
    #[arg(short, long)]
    follow: bool,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Verify {
    #[command(flatten)]
    source: Source,
    /// The last record of an earlier verification, as NUMBER:HASH
    #[arg(long)]
    seen: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    filter: Filter,
}

/// Runs one of them.
pub(crate) fn run(args: &Audit) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Tail(args) => tail(args),
        Command::Verify(args) => verify(args),
        Command::Export(args) => export(args),
    }
}

fn open(source: &Source) -> anyhow::Result<(AuditReader, PathBuf)> {
    let path = store_path(&source.load()?);
    let reader = AuditReader::open(&path).with_context(|| {
        format!("cannot open the store {}: has a host run with this configuration?", path.display())
    })?;
    Ok((reader, path))
}

fn query(filter: &Filter) -> AuditQuery {
    let since = |ago: HumanDuration| millis(SystemTime::now()).saturating_sub(ago.as_millis());
    AuditQuery {
        tenant: filter.tenant.clone(),
        tool: filter.tool.clone(),
        outcome: filter.outcome.clone(),
        since: filter.since.map(since),
        limit: MAX_PAGE,
        ..AuditQuery::default()
    }
}

/// Prints a record as JSON Lines, or for people.
fn print(out: &mut impl Write, row: &AuditRow, json: bool) -> std::io::Result<()> {
    match json {
        true => writeln!(out, "{}", escaped(&row.to_json().to_string())),
        false => writeln!(out, "{:>8} {} {}", row.sequence, time_text(row.time), terminal::line(&described(row))),
    }
}

fn tail(args: &Tail) -> anyhow::Result<Exit> {
    let (reader, _) = open(&args.filter.source)?;
    let mut query = AuditQuery { newest: true, limit: args.lines, ..query(&args.filter) };
    loop {
        let rows = reader.page(&query)?;
        let mut out = terminal::out();
        for row in &rows {
            query.after = row.sequence;
            print(&mut out, row, args.json)?;
        }
        if !args.follow {
            return Ok(Exit::Success);
        }
        out.flush()?;
        drop(out);
        query = AuditQuery { newest: false, limit: MAX_PAGE, ..query };
        std::thread::sleep(POLL_INTERVAL);
    }
}

fn export(args: &Export) -> anyhow::Result<Exit> {
    let (reader, _) = open(&args.filter.source)?;
    let mut query = query(&args.filter);
    let mut out = std::io::BufWriter::new(terminal::out());
    loop {
        let rows = reader.page(&query)?;
        let Some(last) = rows.last() else { break };
        query.after = last.sequence;
        rows.iter().try_for_each(|row| print(&mut out, row, true))?;
    }
    out.flush()?;
    Ok(Exit::Success)
}

fn verify(args: &Verify) -> anyhow::Result<Exit> {
    let (reader, path) = open(&args.source)?;
    let key = AuditKey::read(&path).context("cannot read audit.key beside the store")?;
    let verified = reader.verify(&key).context("the audit log is not what the host wrote")?;
    if let Some(seen) = &args.seen {
        reader.contains(seen.parse().with_context(|| format!("--seen {seen}"))?)?;
    }
    let mut out = terminal::out();
    match args.json {
        true => writeln!(out, "{}", verified.to_json())?,
        false => report(&mut out, &verified)?,
    }
    Ok(Exit::Success)
}

fn report(out: &mut impl Write, verified: &Verified) -> std::io::Result<()> {
    let Verified { from, head, count, .. } = verified;
    writeln!(out, "{count} records, {from} to {}: intact", head.sequence)?;
    if *from > 1 {
        writeln!(out, "older records were dropped by rotation (checkpoint verified)")?;
    }
    for (sequence, gap) in &verified.gaps {
        writeln!(out, "gap before record {sequence}: {}", lost(gap))?;
    }
    if verified.lost > 0 {
        writeln!(out, "{} records are missing: writing them failed", verified.lost)?;
    }
    writeln!(out, "head {head}")
}
