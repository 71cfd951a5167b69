//! Lists of more tasks than one look reads.

use std::sync::Arc;

use tandem_queue::{Caps, Filter, MAX_BATCH, MAX_SCAN, NewTask, SqliteTasks, SystemClock, TaskState, TaskStore as _};
use tandem_store::Store;

const TENANT: &str = "acme";

async fn submit(tasks: &SqliteTasks, tool: &str, count: usize) {
    let task = |_| NewTask { tags: vec!["many".into()], ..NewTask::new(TENANT, tool, "{}") };
    let all: Vec<_> = (0..count).map(task).collect();
    for batch in all.chunks(MAX_BATCH) {
        tasks.submit(batch.to_vec()).await.unwrap();
    }
}

#[tokio::test]
async fn totals_say_whether_they_are_exact_and_no_page_is_empty_before_the_last() {
    let data = tempfile::TempDir::new().unwrap();
    let store = Store::open_with(&data.path().join("store.db"), &[tandem_queue::TABLES]).unwrap();
    let tasks = SqliteTasks::new(store, Arc::new(SystemClock), Caps::default());
    let many = MAX_SCAN as usize + 500;
    submit(&tasks, "rare", 3).await;
    submit(&tasks, "echo", many).await;
    let all = || Filter { tenant: TENANT.into(), ..Filter::default() };
    let tagged = || Filter { tag: Some("many".into()), ..all() };
    let rare = |filter: Filter| Filter { tool: Some("rare".into()), ..filter };
    let ready = |filter: Filter| Filter { states: vec![TaskState::Ready], ..filter };
    let queue = |filter: Filter| Filter { queue: Some("default".into()), ..filter };
    let total = many as u64 + 3;
    for (filter, total, exact) in [
        (all(), total, true),
        (tagged(), total, true),
        (rare(all()), 3, true),
        (ready(rare(all())), 3, true),
        (queue(rare(all())), 3, true),
        // What is in no index together is looked at, so far.
        (rare(tagged()), 0, false),
        (ready(tagged()), MAX_SCAN.into(), false),
    ] {
        let page = tasks.list(filter.clone(), None, 100).await.unwrap();
        assert_eq!((page.total, page.total_is_exact), (total, exact), "{filter:?}");
        let wanted = if filter.tool.is_some() { 3 } else { 100 };
        assert_eq!(page.rows.len(), wanted, "{filter:?}");
    }
    let none = tasks.list(Filter { tool: Some("none".into()), ..all() }, None, 100).await.unwrap();
    assert_eq!((none.rows.len(), none.next, none.total, none.total_is_exact), (0, None, 0, true));
    // Each page leads to another one that has something.
    let (mut after, mut seen) = (None, 0);
    loop {
        let page = tasks.list(ready(rare(tagged())), after, 1).await.unwrap();
        assert!(!page.rows.is_empty() || page.next.is_none(), "{page:?}");
        seen += page.rows.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, 3);
}
