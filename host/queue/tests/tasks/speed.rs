//! How fast it is here, for whoever asks: `cargo test --release -p tandem-queue --test tasks -- --ignored --nocapture
//! speed`. It prints and judges nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tandem_queue::{
    Caps, ClaimReq, Filter, NewTask, Outcome, Scope, SqliteTasks, Submitted, SystemClock, TaskResult, TaskStore,
};
use tandem_store::Store;

const CLIENTS: usize = 32;
const TIME: Duration = Duration::from_secs(3);

fn open(directory: &tempfile::TempDir) -> SqliteTasks {
    let store = Store::open_with(&directory.path().join("store.db"), &[tandem_queue::TABLES]).unwrap();
    let caps = Caps { queued: 1_000_000, stored: 10_000_000, bytes: 1 << 40, ..Caps::default() };
    SqliteTasks::new(store, Arc::new(SystemClock), caps)
}

fn task(client: usize) -> NewTask {
    NewTask::new(&format!("tenant-{}", client % 4), "echo", r#"{"text":"hello","n":1}"#)
}

/// Runs the clients, each doing `work` again and again; answers how many things a second.
async fn rate<F: Future<Output = u64> + Send + 'static>(work: impl Fn(usize) -> F + Clone + Send + 'static) -> f64 {
    let start = Instant::now();
    let clients = (0..CLIENTS).map(|client| {
        let work = work.clone();
        tokio::spawn(async move {
            let mut done = 0;
            while start.elapsed() < TIME {
                done += work(client).await;
            }
            done
        })
    });
    let mut done = 0;
    for client in clients.collect::<Vec<_>>() {
        done += client.await.unwrap();
    }
    done as f64 / start.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    for batch in [1, 16] {
        let store = store.clone();
        let submits = rate(move |client| {
            let store = store.clone();
            async move {
                let answers = store.submit((0..batch).map(|_| task(client)).collect()).await.unwrap();
                answers.iter().filter(|answer| matches!(answer, Submitted::Created { .. })).count() as u64
            }
        })
        .await;
        println!("durable submits/s, {CLIENTS} clients, {batch} in a call: {submits:.0}");
    }
    let mut took = Instant::now();
    store.stats(Scope::All).await.unwrap();
    println!("figures: {:?}", took.elapsed());
    took = Instant::now();
    let page = store.list(Filter { tenant: "tenant-0".into(), ..Filter::default() }, None, 100).await.unwrap();
    println!("a page of 100 of {}: {:?}", page.total, took.elapsed());

    for batch in [1, 16] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        let all = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&all);
        rate(move |client| {
            let (store, counted) = (store.clone(), Arc::clone(&counted));
            async move {
                let worker = format!("w{client}");
                store.submit((0..batch).map(|_| task(client)).collect()).await.unwrap();
                let request = ClaimReq { max: batch, ..ClaimReq::new(&worker, &["echo"]) };
                let leased = store.claim(request).await.unwrap();
                let outcomes = leased
                    .iter()
                    .map(|leased| (leased.lease, Outcome::Ok(TaskResult::Inline(r#"{"text":"hello"}"#.to_owned()))));
                let done = store.finish(&worker, outcomes.collect()).await.unwrap().len() as u64;
                counted.fetch_add(done, Ordering::Relaxed);
                done
            }
        })
        .await;
        let rate = all.load(Ordering::Relaxed) as f64 / TIME.as_secs_f64();
        println!("submit, claim, complete/s, {CLIENTS} clients, {batch} in a call: {rate:.0}");
    }
}
