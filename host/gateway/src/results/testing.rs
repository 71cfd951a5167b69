//! Kept results for tests.

use std::{path::Path, sync::Arc, time::Duration};

use tandem_store::{AboutResult, ResultBounds, ResultStore, Store};

use super::{policy::ResultPolicy, shared::Results};

pub(super) fn results(directory: &Path) -> Results {
    let store = Store::open(&directory.join("tandem.db")).unwrap();
    let bounds = ResultBounds { keep: Duration::from_secs(60), bytes: 64 << 20, count: 100 };
    Results::new(Arc::new(ResultStore::new(directory.join("results"), bounds, store)), 1 << 20)
}

pub(super) fn policy(directory: &Path) -> ResultPolicy {
    ResultPolicy::new(&results(directory), None)
}

/// Keeps a content of the local caller's, and answers its id.
pub(super) fn kept(policy: &ResultPolicy, content: &[u8], media_type: &str) -> String {
    let about = AboutResult { media_type: media_type.to_owned(), category: "c".to_owned(), tool: "t".to_owned() };
    policy.results().store().put("default", content, about).unwrap().id.to_string()
}
