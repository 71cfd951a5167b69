//! The results of tasks. Short ones are in the task's own row; longer ones are in the key-value store, in pieces, under a
//! name that no plugin can have.
//!
//! **Bounds.** [`QUOTA`] of each tenant. What is over its time goes when the same tenant keeps another one.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rmcp::model::{ErrorData, JsonObject};
use serde_json::json;
use tandem_store::{
    MAX_VALUE, Namespace, Quota, Store, StoreError,
    tasks::{MAX_RESULT, TaskId, TaskResult},
};
use uuid::Uuid;

/// What one tenant's long results may take: thirty-two of the longest that a plugin may answer with by default.
const QUOTA: Quota = Quota { bytes: 256 << 20, keys: 4_096 };
/// In the place of a plugin's name.
const PLUGIN: &str = "tandem/tasks";
/// A task ends within its tool's deadline, and this long after that at the latest, however often it was run again.
const SLACK: Duration = Duration::from_secs(86_400);
/// Keys looked at in one page.
const PAGE: u32 = 1_000;

/// See the module.
pub(super) struct Results {
    store: Store,
    keep: Duration,
}

impl Results {
    pub(super) fn new(store: Store, keep: Duration) -> Self {
        Self { store, keep }
    }

    /// Keeps a result, the text of a JSON object.
    pub(super) async fn keep(&self, tenant: &str, id: TaskId, text: String) -> Result<TaskResult, ErrorData> {
        if text.len() <= MAX_RESULT {
            return Ok(TaskResult::Inline(text));
        }
        let space = space(tenant);
        self.sweep(&space).await.map_err(|error| failed(&error))?;
        let pieces = text.as_bytes().chunks(MAX_VALUE).enumerate();
        let pieces = pieces.map(|(number, piece)| (format!("{id}/{number:04}"), piece.to_vec())).collect();
        match self.store.set_many(space, QUOTA, pieces).await {
            Ok(()) => Ok(TaskResult::Cid(format!("{PLUGIN}/{id}"))),
            Err(error @ (StoreError::Quota(_) | StoreError::TooLarge(_))) => {
                let data = json!({"code": "limited", "limit": "task-results", "retryable": false});
                let text = format!("the result is too long to be kept: {error}");
                Err(ErrorData::internal_error(text, Some(data)))
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Reads a result that was kept.
    pub(super) async fn read(&self, tenant: &str, id: TaskId, kept: &TaskResult) -> Result<JsonObject, ErrorData> {
        let text = match kept {
            TaskResult::Inline(text) => text.clone().into_bytes(),
            TaskResult::Cid(_) => self.pieces(tenant, id).await.map_err(|error| failed(&error))?,
        };
        serde_json::from_slice(&text).map_err(|error| {
            tracing::error!(task = %id, %error, "a result that was kept cannot be read");
            let data = json!({"code": "unavailable", "retryable": false});
            ErrorData::internal_error("the task's result cannot be read any more", Some(data))
        })
    }

    async fn pieces(&self, tenant: &str, id: TaskId) -> Result<Vec<u8>, StoreError> {
        let mut text = Vec::new();
        let page = self.store.list(space(tenant), format!("{id}/"), PAGE, None).await?;
        for key in page.keys {
            text.extend(self.store.get(space(tenant), key).await?.unwrap_or_default());
        }
        Ok(text)
    }

    /// Ids begin with their time, and keys come in their order: the oldest are first.
    async fn sweep(&self, space: &Namespace) -> Result<(), StoreError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let oldest = now.saturating_sub(self.keep + SLACK).as_secs();
        let page = self.store.list(space.clone(), String::new(), PAGE, None).await?;
        for key in page.keys {
            let id = key.split('/').next().and_then(|id| Uuid::parse_str(id).ok());
            let made = id.and_then(|id| id.get_timestamp()).map_or(0, |at| at.to_unix().0);
            if made >= oldest {
                break;
            }
            self.store.delete(space.clone(), key).await?;
        }
        Ok(())
    }
}

fn space(tenant: &str) -> Namespace {
    Namespace { tenant: Arc::from(tenant), plugin: PLUGIN.into() }
}

fn failed(error: &StoreError) -> ErrorData {
    tracing::error!(%error, "the results of tasks cannot be kept or read");
    let data = json!({"code": "unavailable", "retryable": true});
    ErrorData::internal_error("the store of results does not answer; try again later", Some(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(directory: &std::path::Path, keep: Duration) -> Results {
        Results::new(Store::open(&directory.join("store.db")).unwrap(), keep)
    }

    #[tokio::test]
    async fn long_results_are_kept_in_pieces_and_for_their_tenant_alone() {
        let directory = tempfile::tempdir().unwrap();
        let results = results(directory.path(), Duration::from_secs(60));
        let id = TaskId::new();
        let long = json!({"content": "x".repeat(3 * MAX_VALUE)});
        let kept = results.keep("a", id, long.to_string()).await.unwrap();
        assert!(matches!(kept, TaskResult::Cid(_)));
        assert_eq!(serde_json::Value::Object(results.read("a", id, &kept).await.unwrap()), long);
        assert!(results.read("b", id, &kept).await.is_err());
        let short = results.keep("a", id, "{}".to_owned()).await.unwrap();
        assert_eq!(short, TaskResult::Inline("{}".to_owned()));
    }

    #[tokio::test]
    async fn what_is_over_its_time_goes_with_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let results = results(directory.path(), Duration::from_secs(60));
        let old = "01890a5d-ac96-774b-bcce-b302099a8057/0000".to_owned();
        results.store.set_many(space("a"), QUOTA, vec![(old.clone(), vec![1])]).await.unwrap();
        results.keep("a", TaskId::new(), json!({"c": "x".repeat(MAX_RESULT)}).to_string()).await.unwrap();
        assert_eq!(results.store.get(space("a"), old).await.unwrap(), None);
        assert_eq!(results.store.list(space("a"), String::new(), 10, None).await.unwrap().keys.len(), 1);
    }
}
