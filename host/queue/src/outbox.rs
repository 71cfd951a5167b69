//! Outcomes of tasks that ran here for the queue of another host, kept until that host has taken them.
//!
//! **Promises.** An outcome that was kept is on disk, and is there after a restart. **Bounds.** [`MAX_OUTCOMES`] of all hosts,
//! [`MAX_OF_HOST`] and [`MAX_OF_HOST_BYTES`] of one: a host that hands out tasks and goes away takes no more of the disk, and nothing
//! of what is kept for others. Whoever keeps them forgets those that are older than [`MAX_AGE`]. **Refuses** what is over a bound.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::{Store, StoreError};

use super::{LeaseRef, Outcome, TaskId, Timestamp};

/// Outcomes of all hosts.
pub const MAX_OUTCOMES: u32 = 4_096;
/// Outcomes for one host: more than a worker finishes in the lease of a task.
pub const MAX_OF_HOST: u32 = 512;
/// Bytes of the outcomes for one host: four of the largest results.
pub const MAX_OF_HOST_BYTES: u64 = 256 << 20;
/// How long an outcome is kept: no attempt, and so no lease that is renewed, is older.
pub const MAX_AGE: Duration = super::MAX_TIMEOUT;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS task_outcomes (
        host TEXT NOT NULL, id BLOB NOT NULL, fence INTEGER NOT NULL, kept_at INTEGER NOT NULL, bytes INTEGER NOT NULL,
        outcome TEXT NOT NULL, PRIMARY KEY (host, id, fence)
    ) WITHOUT ROWID;
";

/// An outcome that waits for its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOutcome {
    /// The host whose queue the task is in.
    pub host: String,
    /// The lease under which it ran.
    pub lease: LeaseRef,
    /// Since when it waits.
    pub kept_at: Timestamp,
}

/// The outcomes that wait in a store.
#[derive(Clone, Copy, Debug)]
pub struct Outbox<'s>(&'s Store);

impl<'s> Outbox<'s> {
    /// Those of this store, which was opened with [`crate::TABLES`].
    #[must_use]
    pub fn new(store: &'s Store) -> Self {
        Self(store)
    }

    /// Keeps an outcome. One that is kept already stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Quota`] where a bound is reached; it is named. [`StoreError::NoRoom`] where the disk is almost full.
    pub async fn keep(&self, kept: KeptOutcome, outcome: &Outcome) -> Result<(), StoreError> {
        let text = serde_json::to_string(outcome).map_err(|error| StoreError::TooLarge(error.to_string()))?;
        self.0.room_for_results(text.len())?;
        self.0.write(move |db| keep(db, &kept, &text)).await
    }

    /// Every outcome that waits, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all(&self) -> Result<Vec<KeptOutcome>, StoreError> {
        self.0
            .read(|db| {
                let mut all =
                    db.prepare_cached("SELECT host, id, fence, kept_at FROM task_outcomes ORDER BY kept_at")?;
                let rows = all.query_map([], |row| {
                    let lease =
                        LeaseRef { id: TaskId::from_bytes(row.get(1)?), fence: row.get::<_, i64>(2)?.unsigned_abs() };
                    let kept_at = Timestamp::from_millis(row.get::<_, i64>(3)?.unsigned_abs());
                    Ok(KeptOutcome { host: row.get(0)?, lease, kept_at })
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// One of them, whole. None where it is not kept, or was written by another version of this host.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, host: &str, lease: LeaseRef) -> Result<Option<Outcome>, StoreError> {
        let host = host.to_owned();
        let text: Option<String> = self
            .0
            .read(move |db| {
                let mut one =
                    db.prepare_cached("SELECT outcome FROM task_outcomes WHERE host = ?1 AND id = ?2 AND fence = ?3")?;
                let of = params![host, lease.id.as_bytes(), lease.fence.cast_signed()];
                Ok(one.query_row(of, |row| row.get(0)).optional()?)
            })
            .await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Forgets an outcome: its host has taken it, or takes it no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget(&self, host: &str, lease: LeaseRef) -> Result<(), StoreError> {
        let host = host.to_owned();
        self.0
            .write(move |db| {
                db.prepare_cached("DELETE FROM task_outcomes WHERE host = ?1 AND id = ?2 AND fence = ?3")?
                    .execute(params![host, lease.id.as_bytes(), lease.fence.cast_signed()])?;
                Ok(())
            })
            .await
    }
}

fn keep(db: &Connection, kept: &KeptOutcome, text: &str) -> Result<(), StoreError> {
    let all: u32 = db.prepare_cached("SELECT count(*) FROM task_outcomes")?.query_row([], |row| row.get(0))?;
    let mut of_host =
        db.prepare_cached("SELECT count(*), coalesce(sum(bytes), 0) FROM task_outcomes WHERE host = ?1")?;
    let (count, bytes): (u32, i64) = of_host.query_row([&kept.host], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let over = if all >= MAX_OUTCOMES {
        Some(format!("{MAX_OUTCOMES} outcomes are already kept for absent hosts"))
    } else if count >= MAX_OF_HOST {
        Some(format!("{MAX_OF_HOST} outcomes wait for host `{}` already", kept.host))
    } else if bytes.unsigned_abs() + text.len() as u64 > MAX_OF_HOST_BYTES {
        Some(format!("outcomes of {MAX_OF_HOST_BYTES} bytes wait for host `{}` already", kept.host))
    } else {
        None
    };
    if let Some(over) = over {
        return Err(StoreError::Quota(over));
    }
    db.prepare_cached(
        "INSERT OR IGNORE INTO task_outcomes (host, id, fence, kept_at, bytes, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        kept.host,
        kept.lease.id.as_bytes(),
        kept.lease.fence.cast_signed(),
        kept.kept_at.millis().cast_signed(),
        i64::try_from(text.len()).unwrap_or(i64::MAX),
        text,
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FailureCode, TaskResult};

    fn kept(host: &str) -> KeptOutcome {
        let lease = LeaseRef { id: TaskId::new(), fence: 7 };
        KeptOutcome { host: host.to_owned(), lease, kept_at: Timestamp::from_millis(1) }
    }

    #[tokio::test]
    async fn outcomes_are_there_after_a_restart_until_they_are_taken() {
        let data = tempfile::TempDir::new().unwrap();
        let path = data.path().join("store.db");
        let (one, other) = (kept("a"), kept("b"));
        let failed = Outcome::retry(FailureCode::Timeout, "late");
        let large = Outcome::Kept { cid: "bafkrei".into(), content: r#""x""#.into() };
        let store = Store::open_with(&path, &[crate::TABLES]).unwrap();
        Outbox::new(&store).keep(one.clone(), &failed).await.unwrap();
        Outbox::new(&store).keep(other.clone(), &large).await.unwrap();
        // The first one counts.
        let again = Outcome::Ok(TaskResult::Inline("1".into()));
        Outbox::new(&store).keep(one.clone(), &again).await.unwrap();
        drop(store);
        let store = Store::open_with(&path, &[crate::TABLES]).unwrap();
        assert_eq!(Outbox::new(&store).all().await.unwrap().len(), 2);
        assert_eq!(Outbox::new(&store).get("a", one.lease).await.unwrap(), Some(failed));
        assert_eq!(Outbox::new(&store).get("b", other.lease).await.unwrap(), Some(large));
        assert_eq!(Outbox::new(&store).get("a", other.lease).await.unwrap(), None);
        Outbox::new(&store).forget("a", one.lease).await.unwrap();
        assert_eq!(Outbox::new(&store).all().await.unwrap(), [other]);
    }

    #[tokio::test]
    async fn a_host_that_takes_none_of_its_outcomes_leaves_room_for_others() {
        let data = tempfile::TempDir::new().unwrap();
        let store = Store::open_with(&data.path().join("store.db"), &[crate::TABLES]).unwrap();
        for _ in 0..MAX_OF_HOST {
            Outbox::new(&store).keep(kept("gone"), &Outcome::Release).await.unwrap();
        }
        let refused = Outbox::new(&store).keep(kept("gone"), &Outcome::Release).await;
        assert!(matches!(&refused, Err(StoreError::Quota(why)) if why.contains("`gone`")), "{refused:?}");
        Outbox::new(&store).keep(kept("there"), &Outcome::Release).await.unwrap();
    }
}
