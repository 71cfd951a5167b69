//! `tandem audit`: reads the log of a store's file, whether a host runs or not.

use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use tandem_store::{AuditKey, AuditQuery, AuditReader, AuditRecord, AuditRow, Gap, MAX_PAGE};
use tandem_types::HumanDuration;

use crate::{exit::Exit, source::Source};

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
    let path = tandem_runtime::config::store_path(&source.load()?);
    let reader = AuditReader::open(&path).with_context(|| {
        format!("cannot open the store {}: has a host run with this configuration?", path.display())
    })?;
    Ok((reader, path))
}

fn query(filter: &Filter) -> AuditQuery {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = filter.since.map(|ago| now.saturating_sub(ago.as_duration()).as_millis());
    AuditQuery {
        tenant: filter.tenant.clone(),
        tool: filter.tool.clone(),
        outcome: filter.outcome.clone(),
        since: since.and_then(|since| u64::try_from(since).ok()),
        limit: MAX_PAGE,
        ..AuditQuery::default()
    }
}

fn tail(args: &Tail) -> anyhow::Result<Exit> {
    let (reader, _) = open(&args.filter.source)?;
    let mut query = AuditQuery { newest: true, limit: args.lines, ..query(&args.filter) };
    loop {
        let rows = reader.page(&query)?;
        let mut out = crate::terminal::out();
        for row in &rows {
            query.after = row.sequence;
            if args.json {
                writeln!(out, "{}", crate::terminal::escaped(&row.to_json().to_string()))?
            } else {
                writeln!(out, "{}", line(row))?
            }
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
    let mut out = std::io::BufWriter::new(crate::terminal::out());
    loop {
        let rows = reader.page(&query)?;
        let Some(last) = rows.last() else { break };
        query.after = last.sequence;
        rows.iter().try_for_each(|row| writeln!(out, "{}", crate::terminal::escaped(&row.to_json().to_string())))?;
    }
    out.flush()?;
    Ok(Exit::Success)
}

fn verify(args: &Verify) -> anyhow::Result<Exit> {
    let (reader, path) = open(&args.source)?;
    let key = AuditKey::read(&path).context("cannot read audit.key beside the store")?;
    let verified = reader.verify(&key).context("the audit log is not what the host wrote")?;
    if let Some(seen) = &args.seen {
        check_seen(&reader, seen)?;
    }
    let head = hex::encode(verified.head);
    let mut out = crate::terminal::out();
    if args.json {
        let gaps: Vec<_> = verified
            .gaps
            .iter()
            .map(|(sequence, gap)| {
                serde_json::json!({ "sequence": sequence, "lost": gap.lost, "since": gap.since, "until": gap.until })
            })
            .collect();
        let shown = serde_json::json!({
            "from": verified.from, "to": verified.to, "count": verified.count, "head": head,
            "lost": verified.lost, "gaps": gaps,
        });
        writeln!(out, "{shown}")?;
    } else {
        writeln!(out, "{} records, {} to {}: intact", verified.count, verified.from, verified.to)?;
        if verified.from > 1 {
            writeln!(out, "older records were dropped by rotation (checkpoint verified)")?;
        }
        for (sequence, gap) in &verified.gaps {
            writeln!(out, "gap before record {sequence}: {}", lost(gap))?;
        }
        if verified.lost > 0 {
            writeln!(out, "{} records are missing: writing them failed", verified.lost)?;
        }
        writeln!(out, "head {}:{head}", verified.to)?;
    }
    Ok(Exit::Success)
}

/// A record that was seen once must still be there.
fn check_seen(reader: &AuditReader, seen: &str) -> anyhow::Result<()> {
    let parts = seen.split_once(':').and_then(|(sequence, hash)| Some((sequence.parse::<u64>().ok()?, hash)));
    let Some((sequence, hash)) = parts else {
        bail!("--seen {seen}: write NUMBER:HASH, as `tandem audit verify` prints it")
    };
    let rows = reader.page(&AuditQuery { after: sequence.saturating_sub(1), limit: 1, ..AuditQuery::default() })?;
    match rows.first() {
        Some(row) if row.sequence == sequence && hex::encode(row.hash) == hash => Ok(()),
        Some(row) if row.sequence > sequence => bail!("record {sequence} was dropped by rotation; pass a newer head"),
        _ => bail!("record {sequence} differs from the one seen: the store was reset to an older state"),
    }
}

fn lost(gap: &Gap) -> String {
    let (since, until) = (tandem_runtime::config::time_text(gap.since), tandem_runtime::config::time_text(gap.until));
    format!("{} records were lost between {since} and {until}", gap.lost)
}

/// One record for people.
fn line(row: &AuditRow) -> String {
    let time = tandem_runtime::config::time_text(row.time);
    let text = match row.record() {
        Some(AuditRecord::Call(call)) => {
            let mut text = format!(
                "{:9} {} {}/{} by {} on {} in {:.1} ms",
                call.outcome,
                call.tenant,
                call.category,
                call.tool,
                if call.subject.is_empty() { "-" } else { &call.subject },
                call.lane,
                call.duration.as_secs_f64() * 1e3
            );
            if !call.used.is_empty() {
                text.push_str(&format!(", used {}", call.used.join(" ")));
            }
            for denial in &call.denied {
                text.push_str(&format!(", denied {} {}", denial.capability, denial.what));
            }
            call.limit.iter().for_each(|limit| text.push_str(&format!(", limit {limit}")));
            text
        }
        Some(AuditRecord::Event(event)) => {
            let details: Vec<String> = event.details.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let tenant = event.tenant.map(|tenant| format!(" {tenant}")).unwrap_or_default();
            format!("{}{tenant} by {}: {}", event.event, event.actor, details.join(", "))
        }
        Some(AuditRecord::Checkpoint(checkpoint)) => {
            format!("checkpoint: {} records before {} were dropped", checkpoint.dropped, checkpoint.first)
        }
        Some(AuditRecord::Gap(gap)) => format!("gap: {}", lost(&gap)),
        None => "unreadable; see `tandem audit verify`".to_owned(),
    };
    format!("{:>8} {time} {}", row.sequence, crate::terminal::line(&text))
}
