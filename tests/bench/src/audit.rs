//! What the audit log costs: records a second on this machine's disk, and what one costs the caller.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use tandem_store::{AuditKey, AuditReader, AuditRecord, CallRecord, Store};

const RECORDS: usize = 40_000;

fn record() -> AuditRecord {
    CallRecord {
        request_id: "01936d3e-0000-7000-8000-000000000000".to_owned(),
        tenant: "acme".to_owned(),
        subject: "someone@example.com".to_owned(),
        category: "dataset".to_owned(),
        tool: "dataset_load".to_owned(),
        lane: "general".to_owned(),
        arguments: [7; 32],
        used: vec!["fs".to_owned(), "kv".to_owned()],
        outcome: "ok".to_owned(),
        duration: Duration::from_micros(1234),
        ..CallRecord::default()
    }
    .into()
}

/// So many tasks write so many records in all, each waiting as its method does.
async fn rate(store: &Store, tasks: usize, durable: bool) -> anyhow::Result<f64> {
    let count = if durable { RECORDS / 20 } else { RECORDS };
    let start = Instant::now();
    let writers: Vec<_> = (0..tasks)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..count / tasks {
                    let records = vec![record()];
                    if durable { store.audit_append(records).await? } else { store.audit_send(records).await? }
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    store.audit_append(Vec::new()).await?;
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // On the disk that the build is on: what is in memory needs no fsync.
    let directory = tempfile::tempdir_in("target")?;
    let path = directory.path().join("audit.db");
    let store = Store::open_with(&path, &[tandem_queue::TABLES])?;
    writeln!(out, "audit log: records a second, all of them on disk at the end")?;
    for (name, tasks, durable) in [
        ("queued, 1 writer", 1, false),
        ("queued, 8 writers", 8, false),
        ("durable, 1 writer", 1, true),
        ("durable, 64 writers", 64, true),
    ] {
        writeln!(out, "{name:22} {:>10.0} /s", runtime.block_on(rate(&store, tasks, durable))?)?;
    }
    let bulk = Instant::now();
    runtime.block_on(async {
        for _ in 0..RECORDS / 1000 {
            store.audit_append((0..1000).map(|_| record()).collect()).await?;
        }
        anyhow::Ok(())
    })?;
    writeln!(out, "{:22} {:>10.0} /s", "batches of 1000", RECORDS as f64 / bulk.elapsed().as_secs_f64())?;
    let check = Instant::now();
    let verified = AuditReader::open(&path)?.verify(&AuditKey::read(&path)?)?;
    writeln!(out, "{:22} {:>10.0} /s", "verify", verified.count as f64 / check.elapsed().as_secs_f64())?;
    Ok(())
}
