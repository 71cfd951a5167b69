//! Two threads: one writes with group commit, one reads. `SQLite` wants one writer, and a guest that reads
//! must not wait behind another's fsync.

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::{Connection, config::DbConfig};
use tokio::sync::{mpsc, oneshot};

use crate::{
    error::StoreError,
    limits::{GROUP, QUEUE},
    tables::Tables,
};

/// Longest wait for those who shared the last commit to come back with their next job: one fsync for all of them, rather than
/// one for the first and another for the rest.
const WINDOW: Duration = Duration::from_millis(2);
/// Between two looks meanwhile.
const POLL_INTERVAL: Duration = Duration::from_micros(20);
/// Pages kept in memory by each connection, in KiB: the upper parts of all indexes and what is written to now.
const CACHE: i64 = 16 << 10;

/// Work inside the open transaction, or the news that there is none. It answers only after the commit.
pub(crate) type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Pending + Send>;

/// An answer that waits for the commit.
pub(crate) type Pending = Box<dyn FnOnce(Result<(), StoreError>)>;

/// Work that only reads.
pub(crate) type ReadJob = Box<dyn FnOnce(&Connection) + Send>;

/// Closing the queues ends both threads; `drop` waits for the writer's last commit.
#[derive(Debug)]
pub(crate) struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    reads: Option<mpsc::Sender<ReadJob>>,
    threads: Vec<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start<'t>(path: &Path, tables: impl Iterator<Item = &'t Tables>) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io)?;
        }
        // It holds operators' secrets; its side files get the same mode.
        let file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(io)?;
        file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(io)?;
        let writer = connect(path)?;
        for tables in tables {
            for schema in tables.schemas {
                writer.execute_batch(schema)?;
            }
            for columns in tables.columns {
                add_columns(&writer, *columns)?;
            }
        }
        let reader = connect(path)?;
        let (jobs, job_queue) = mpsc::channel(QUEUE);
        let (reads, read_queue) = mpsc::channel(QUEUE);
        let threads = vec![
            spawn("store-write", move || write_loop(&writer, job_queue))?,
            spawn("store-read", move || read_loop(&reader, read_queue))?,
        ];
        Ok(Self { jobs: Some(jobs), reads: Some(reads), threads })
    }

    /// Takes a job, or says that too many wait.
    pub(crate) fn write(&self, job: Job) -> Result<(), StoreError> {
        send(self.jobs.as_ref(), job)
    }

    /// Takes a job when there is a place for it.
    pub(crate) async fn write_when_free(&self, job: Job) -> Result<(), StoreError> {
        let queue = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        queue.send(job).await.map_err(|_| StoreError::Closed)
    }

    pub(crate) fn read(&self, job: ReadJob) -> Result<(), StoreError> {
        send(self.reads.as_ref(), job)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        self.reads = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("store: thread panicked");
            }
        }
    }
}

fn send<J>(queue: Option<&mpsc::Sender<J>>, job: J) -> Result<(), StoreError> {
    match queue.map(|queue| queue.try_send(job)) {
        Some(Ok(())) => Ok(()),
        Some(Err(mpsc::error::TrySendError::Full(_))) => Err(StoreError::Busy),
        Some(Err(mpsc::error::TrySendError::Closed(_))) | None => Err(StoreError::Closed),
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(io)
}

pub(crate) fn io(error: std::io::Error) -> StoreError {
    StoreError::Database(rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Adds what a table of an older host does not have. Another process may be doing the same.
fn add_columns(db: &Connection, (table, columns): (&str, &[&str])) -> Result<(), StoreError> {
    let has = |column: &str| {
        let name = column.split(' ').next().unwrap_or_default();
        db.prepare("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2")?.exists([table, name])
    };
    if columns.iter().map(|column| has(column)).collect::<Result<Vec<_>, _>>()?.into_iter().all(|there| there) {
        return Ok(());
    }
    db.execute_batch("BEGIN IMMEDIATE")?;
    for column in columns {
        if !has(column)? {
            db.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column}"))?;
        }
    }
    Ok(db.execute_batch("COMMIT")?)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let db = Connection::open(path)?;
    // Before anything else: a second process may hold the lock while it sets the same things up.
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // Pages: four times the default. A page that many commits change is copied back once.
    db.pragma_update(None, "wal_autocheckpoint", 4000)?;
    db.pragma_update(None, "cache_size", -CACHE)?;
    // What a savepoint may have to undo is small, and no file's business.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    // Otherwise a statement is planned anew for each other value that is bound to it.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(256);
    Ok(db)
}

fn read_loop(db: &Connection, mut queue: mpsc::Receiver<ReadJob>) {
    while let Some(job) = queue.blocking_recv() {
        job(db);
    }
}

/// The last commit: how many shared it and how long it took.
#[derive(Default)]
struct Last {
    jobs: usize,
    took: Duration,
}

impl Last {
    /// Until when it is worth to wait for as many again: no longer than half of what a commit of their own would cost.
    fn wait(&self) -> Instant {
        Instant::now() + WINDOW.min(self.took / 2)
    }
}

fn write_loop(db: &Connection, mut queue: mpsc::Receiver<Job>) {
    let mut last = Last::default();
    while let Some(first) = queue.blocking_recv() {
        if let Err(error) = db.execute_batch("BEGIN IMMEDIATE") {
            tracing::error!(%error, "store: cannot begin a transaction");
            first(Err(error.into()))(Ok(()));
            continue;
        }
        let mut pending = vec![first(Ok(db))];
        let until = last.wait();
        // A full disk makes the database roll everything back: what came after would be a transaction of its own.
        while pending.len() < GROUP && !db.is_autocommit() {
            match queue.try_recv() {
                Ok(job) => pending.push(job(Ok(db))),
                Err(_) if pending.len() < last.jobs && Instant::now() < until => std::thread::sleep(POLL_INTERVAL),
                Err(_) => break,
            }
        }
        let start = Instant::now();
        let commit = db.execute_batch("COMMIT");
        last = Last { jobs: pending.len(), took: start.elapsed() };
        metrics::histogram!("tandem_store_commit_seconds").record(last.took.as_secs_f64());
        if let Err(error) = &commit {
            tracing::error!(%error, "store: commit failed");
            if !db.is_autocommit() {
                drop(db.execute_batch("ROLLBACK"));
            }
        }
        for answer in pending {
            answer(match &commit {
                Ok(()) => Ok(()),
                Err(error) => Err(failed(error)),
            });
        }
    }
}

fn failed(error: &rusqlite::Error) -> StoreError {
    StoreError::Database(rusqlite::Error::ToSqlConversionFailure(error.to_string().into()))
}

/// A job of this work: it runs in a savepoint of its own, so that its failure undoes only it, and `answer` gets
/// its result after the commit.
pub(crate) fn job<R: Send + 'static>(
    work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    answer: impl FnOnce(Result<R, StoreError>) + Send + 'static,
) -> Job {
    Box::new(move |db| {
        let result = db.and_then(|db| savepoint(db, || work(db)));
        Box::new(move |commit| answer(result.and_then(|value| commit.map(|()| value))))
    })
}

/// Sends an answer to whoever waits for it; it is nobody's fault when nobody does any more.
pub(crate) fn reply<R>(to: oneshot::Sender<R>) -> impl FnOnce(R) {
    move |answer| drop(to.send(answer))
}

fn savepoint<R>(db: &Connection, work: impl FnOnce() -> Result<R, StoreError>) -> Result<R, StoreError> {
    db.prepare_cached("SAVEPOINT job")?.execute([])?;
    let result = work();
    if result.is_err() {
        db.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    db.prepare_cached("RELEASE job")?.execute([])?;
    result
}
