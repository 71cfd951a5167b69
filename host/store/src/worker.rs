//! Two threads: one writes with group commit, one reads. `SQLite` wants one writer, and a guest that reads
//! must not wait behind another's fsync.

use std::{
    path::Path,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{GROUP, KeyPage, Namespace, QUEUE, Quota, StoreError, kv};

type Reply<R> = oneshot::Sender<Result<R, StoreError>>;

pub(crate) enum Job {
    SetMany {
        ns: Namespace,
        quota: Quota,
        entries: Vec<(String, Vec<u8>)>,
        reply: Reply<()>,
    },
    CompareAndSet {
        ns: Namespace,
        quota: Quota,
        entry: (String, Vec<u8>),
        expected: Option<Vec<u8>>,
        reply: Reply<bool>,
    },
    Delete {
        ns: Namespace,
        key: String,
        reply: Reply<bool>,
    },
}

pub(crate) enum ReadJob {
    Get { ns: Namespace, key: String, reply: Reply<Option<Vec<u8>>> },
    List { ns: Namespace, prefix: String, limit: u32, after: Option<String>, reply: Reply<KeyPage> },
}

/// Closing the queues ends both threads; `drop` waits for the writer's last commit.
#[derive(Debug)]
pub(crate) struct Worker {
    jobs: Option<SyncSender<Job>>,
    reads: Option<SyncSender<ReadJob>>,
    threads: Vec<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(path: &Path) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(io)?;
        }
        let writer = connect(path)?;
        writer.execute_batch(kv::SCHEMA)?;
        let reader = connect(path)?;
        let (jobs, job_queue) = sync_channel(QUEUE);
        let (reads, read_queue) = sync_channel(QUEUE);
        let threads = vec![
            spawn("store-write", move || write_loop(&writer, &job_queue))?,
            spawn("store-read", move || read_loop(&reader, &read_queue))?,
        ];
        Ok(Self { jobs: Some(jobs), reads: Some(reads), threads })
    }

    pub(crate) fn write(&self, job: Job) -> Result<(), StoreError> {
        send(self.jobs.as_ref(), job)
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
                tracing::error!("a store thread panicked");
            }
        }
    }
}

fn send<J>(queue: Option<&SyncSender<J>>, job: J) -> Result<(), StoreError> {
    match queue.map(|q| q.try_send(job)) {
        Some(Ok(())) => Ok(()),
        Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
        Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Closed),
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(io)
}

fn io(error: std::io::Error) -> StoreError {
    StoreError::Database(rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(db)
}

fn read_loop(db: &Connection, queue: &Receiver<ReadJob>) {
    while let Ok(job) = queue.recv() {
        match job {
            ReadJob::Get { ns, key, reply } => drop(reply.send(kv::get(db, &ns, &key))),
            ReadJob::List { ns, prefix, limit, after, reply } => {
                drop(reply.send(kv::list(db, &ns, &prefix, limit, after.as_deref())));
            }
        }
    }
}

/// An answer that waits for the commit.
type Pending = Box<dyn FnOnce(Result<(), StoreError>)>;

fn write_loop(db: &Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        if let Err(error) = db.execute_batch("BEGIN IMMEDIATE") {
            tracing::error!(%error, "the store cannot begin a transaction");
            refuse(first, error);
            continue;
        }
        let mut pending = vec![apply(db, first)];
        while pending.len() < GROUP {
            let Ok(job) = queue.try_recv() else { break };
            pending.push(apply(db, job));
        }
        let commit = db.execute_batch("COMMIT");
        if let Err(error) = &commit {
            tracing::error!(%error, "the store cannot commit");
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

fn refuse(job: Job, error: rusqlite::Error) {
    match job {
        Job::SetMany { reply, .. } => drop(reply.send(Err(error.into()))),
        Job::CompareAndSet { reply, .. } | Job::Delete { reply, .. } => drop(reply.send(Err(error.into()))),
    }
}

fn failed(error: &rusqlite::Error) -> StoreError {
    StoreError::Database(rusqlite::Error::ToSqlConversionFailure(error.to_string().into()))
}

/// Runs one job inside the open transaction, in a savepoint of its own, so that its failure undoes only it.
fn apply(db: &Connection, job: Job) -> Pending {
    match job {
        Job::SetMany { ns, quota, entries, reply } => {
            answer(reply, savepoint(db, || kv::set_many(db, &ns, quota, &entries)))
        }
        Job::CompareAndSet { ns, quota, entry, expected, reply } => answer(
            reply,
            savepoint(db, || {
                if kv::get(db, &ns, &entry.0)? != expected {
                    return Ok(false);
                }
                kv::set_many(db, &ns, quota, std::slice::from_ref(&entry))?;
                Ok(true)
            }),
        ),
        Job::Delete { ns, key, reply } => answer(reply, savepoint(db, || kv::delete(db, &ns, &key))),
    }
}

fn answer<R: 'static>(reply: Reply<R>, result: Result<R, StoreError>) -> Pending {
    Box::new(move |commit| drop(reply.send(result.and_then(|value| commit.map(|()| value)))))
}

fn savepoint<R>(db: &Connection, work: impl FnOnce() -> Result<R, StoreError>) -> Result<R, StoreError> {
    db.execute_batch("SAVEPOINT job")?;
    let result = work();
    db.execute_batch(if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" })?;
    result
}
