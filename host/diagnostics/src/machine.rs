//! What the machine gives: a clock, room on the disk, files to open; and what is in the host's directories.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, SecondsFormat, Utc};
use rustix::{
    fs::statvfs,
    process::{Resource, getrlimit},
};
use tandem_config::HostConfig;
use tandem_store::{AuditQuery, AuditReader, AuditRecord};

use crate::{audit::lost, finding::Finding};
use tandem_runtime::{config, descriptors::Descriptors};

/// Room below which the store may soon not write, and below which it is about to.
const ROOM: [u64; 2] = [1 << 30, 128 << 20];
/// A file from so far ahead was written under another clock.
const SKEW: Duration = Duration::from_secs(120);
/// No host of this program ran before, in seconds since 1970: the first of January 2026.
const FIRST: u64 = 1_767_225_600;
/// How many of the newest records of the audit log are looked at for gaps: some hundredths of a second.
const RECORDS: u64 = 20_000;
/// Files that a host has open besides connections: plugins, the store and its log, the engine's.
const OWN_FILES: u64 = 256;

pub(crate) fn check(config: &HostConfig, findings: &mut Vec<Finding>) {
    let data = Path::new(&config.plugins.data_directory);
    findings.push(clock(config));
    findings.push(disk(data));
    findings.push(files(config));
    findings.push(store(config));
    findings.extend(lost_records(config));
    findings.push(plugins(config));
}

fn clock(config: &HostConfig) -> Finding {
    let now = SystemTime::now();
    let shown = DateTime::<Utc>::from(now).to_rfc3339_opts(SecondsFormat::Secs, true);
    let remedy = "set the clock and keep it synchronized (NTP): leases, tokens and peer records depend on it";
    if now < SystemTime::UNIX_EPOCH + Duration::from_secs(FIRST) {
        return Finding::problem("clock", format!("{shown} is before any release of this program"), remedy);
    }
    // What a wrong clock did to records stays there: they say when they were written.
    let recorded = last_record(config);
    let earlier = recorded.as_ref().is_some_and(|(_, time)| *time > now + SKEW);
    if let Some((sequence, time)) = recorded.filter(|_| earlier) {
        let later = DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true);
        return Finding::problem(
            "clock",
            format!("{shown} is before {later}, when record {sequence} of the audit log was written"),
            format!("one of the two clocks was wrong; {remedy}"),
        );
    }
    let newest = std::fs::read_dir(&config.plugins.data_directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.metadata().ok());
    let newest = newest.filter_map(|metadata| metadata.modified().ok()).max();
    match newest {
        Some(newest) if newest > now + SKEW => {
            let later = DateTime::<Utc>::from(newest).to_rfc3339_opts(SecondsFormat::Secs, true);
            Finding::problem(
                "clock",
                format!("{shown} is before {later}, when the data directory was last written"),
                remedy,
            )
        }
        _ => Finding::ok("clock", shown),
    }
}

/// The newest record of the audit log, and when it was written. None before the first start.
fn last_record(config: &HostConfig) -> Option<(u64, SystemTime)> {
    let newest = AuditQuery { newest: true, limit: 1, ..AuditQuery::default() };
    let rows = AuditReader::open(&config::store_path(config)).and_then(|reader| reader.page(&newest)).ok()?;
    let last = rows.first()?;
    Some((last.sequence, SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(last.time))?))
}

/// What the audit log lacks: records that were lost and that it does not tell of yet, or tells of near its end.
fn lost_records(config: &HostConfig) -> Option<Finding> {
    const ABOUT: &str = "audit log";
    let path = config::store_path(config);
    if !path.exists() {
        return None;
    }
    match AuditReader::unmarked(&path) {
        Ok(None) => {}
        Ok(Some(gap)) => {
            let remedy =
                "free disk space; the host marks the gap with its next write, at its next start if it is stopped";
            return Some(Finding::problem(
                ABOUT,
                format!("{}; the gap is not marked in the log yet", lost(&gap)),
                remedy,
            ));
        }
        Err(error) => {
            let seen = format!("{}: {error}", path.with_file_name("audit.gap").display());
            let remedy = "check that the data directory belongs to the host's user and is readable; records may be missing without a mark";
            return Some(Finding::problem(ABOUT, seen, remedy));
        }
    }
    let reader = AuditReader::open(&path).ok()?;
    let newest = AuditQuery { newest: true, limit: 1, ..AuditQuery::default() };
    let last = reader.page(&newest).ok()?.first()?.sequence;
    let gaps = AuditQuery { kind: Some("gap".to_owned()), after: last.saturating_sub(RECORDS), ..newest };
    let row = reader.page(&gaps).ok()?.into_iter().next()?;
    let AuditRecord::Gap(gap) = row.record()? else { return None };
    let remedy = "writing failed at that time; `tandem audit verify` lists all gaps";
    Some(Finding::warning(ABOUT, format!("{} (record {})", lost(&gap), row.sequence), remedy))
}

fn disk(data: &Path) -> Finding {
    // The directory may not be there before the first start; what it will be on is.
    let there = data.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty());
    let path = there.unwrap_or(Path::new("."));
    let seen = match statvfs(path) {
        Ok(seen) => seen,
        Err(error) => {
            let remedy = "check that the data directory is readable, or set plugins.data-directory";
            return Finding::problem("disk", format!("{}: {error}", path.display()), remedy);
        }
    };
    room(seen.f_bavail.saturating_mul(seen.f_frsize), data)
}

fn room(free: u64, data: &Path) -> Finding {
    let text = format!("{} MiB free for {}", free >> 20, data.display());
    let remedy = "free disk space: tasks and audit records are refused when the disk is full";
    match free {
        free if free < ROOM[1] => Finding::problem("disk", text, remedy),
        free if free < ROOM[0] => Finding::warning("disk", text, remedy),
        _ => Finding::ok("disk", text),
    }
}

fn files(config: &HostConfig) -> Finding {
    let network = if config.reactor.enabled { u64::from(config.p2p.max_connections) * 2 } else { 0 };
    // A quarter is for clients' connections, half for guests, and a quarter for the rest.
    let needed = 4 * u64::from(config.server.connection_limit).max(network + OWN_FILES);
    // The host raises its own soft limit to this one.
    let Some(limit) = getrlimit(Resource::Nofile).maximum else { return Finding::ok("open files", "not limited") };
    let descriptors = Descriptors::available();
    let text = format!(
        "limit {limit}: {} for guests ({} per tenant), {} for connections; this configuration may need {needed}",
        descriptors.for_guests(),
        descriptors.for_tenant(),
        descriptors.for_connections(config.server.connection_limit),
    );
    if limit >= needed {
        return Finding::ok("open files", text);
    }
    Finding::warning(
        "open files",
        text,
        format!(
            "raise the limit (`ulimit -Hn {needed}`, or LimitNOFILE={needed} in the service's unit), or lower server.connection-limit"
        ),
    )
}

fn store(config: &HostConfig) -> Finding {
    let path = config::store_path(config);
    if !path.exists() {
        return Finding::ok("store", format!("{} is created at the first start", path.display()));
    }
    let (mut bytes, mut log) = (0, 0);
    if let Ok(metadata) = path.metadata() {
        bytes = metadata.len();
    }
    let mut beside = path.clone().into_os_string();
    beside.push("-wal");
    if let Ok(metadata) = Path::new(&beside).metadata() {
        log = metadata.len();
    }
    let text = format!("{}: {} KiB, write-ahead log {} KiB", path.display(), bytes >> 10, log >> 10);
    // Opening it would make its tables; that it can be written is what its mode and owner say.
    match std::fs::OpenOptions::new().append(true).open(&path) {
        Ok(_) => Finding::ok("store", text),
        Err(error) => {
            let remedy = "make the file and its directory writable for the host's user";
            Finding::problem("store", format!("{text}: {error}"), remedy)
        }
    }
}

fn plugins(config: &HostConfig) -> Finding {
    let directory = Path::new(&config.plugins.directory);
    let found = match std::fs::read_dir(directory) {
        Ok(found) => found,
        Err(error) => {
            let remedy = "create it, or set plugins.directory";
            return Finding::problem("plugin directory", format!("{}: {error}", directory.display()), remedy);
        }
    };
    let wasm = found.filter_map(Result::ok).filter(|entry| entry.path().extension().is_some_and(|e| e == "wasm"));
    match wasm.count() {
        0 => Finding::warning(
            "plugin directory",
            format!("no plugin in {}", directory.display()),
            "copy packed plugins there or use `tandem plugin install`; in a checkout, `make plugins` builds them",
        ),
        count => Finding::ok("plugin directory", format!("{count} in {}", directory.display())),
    }
}

#[cfg(test)]
mod tests;
