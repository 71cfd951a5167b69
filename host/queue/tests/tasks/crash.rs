//! A process that is killed in the middle of its work loses nothing that it was told is done.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};

use tandem_queue::{
    Caps, Chore, ClaimReq, Finish, LeaseRef, NewTask, Outcome, RetryPolicy, Scope, SqliteTasks, StoredTask, Submitted,
    SystemClock, TaskId, TaskResult, TaskState, TaskStore,
};
use tandem_store::Store;

/// Names the database to the child.
const DATABASE: &str = "TANDEM_TEST_CRASH_DATABASE";
const ROUNDS: u64 = 10;

fn open(path: &Path) -> SqliteTasks {
    let caps = Caps { claims: 100, ..Caps::default() };
    SqliteTasks::new(Store::open_with(path, &[tandem_queue::TABLES]).unwrap(), Arc::new(SystemClock), caps)
}

fn task(tenant: &str) -> NewTask {
    // A kill takes a lease each time.
    let retry = RetryPolicy { max_attempts: 100, ..RetryPolicy::default() };
    NewTask { retry, ..NewTask::new(tenant, "echo", "{}") }
}

fn result(fence: u64) -> TaskResult {
    TaskResult::Inline(fence.to_string())
}

/// What the child was told is done, one line each: submitted, claimed, completed.
fn say(what: char, id: TaskId, fence: u64) {
    let line = format!("{what} {id} {fence}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

async fn submit(store: SqliteTasks, tenant: &str) {
    for at in 0_u64.. {
        let batch = (0..=at % 3).map(|_| task(tenant)).collect();
        for answer in store.submit(batch).await.unwrap() {
            if let Submitted::Created { id, .. } = answer {
                say('S', id, 0);
            }
        }
    }
}

async fn work(store: SqliteTasks, worker: String) {
    let request = ClaimReq { max: 8, lease: Duration::from_secs(1), ..ClaimReq::new(&worker, &["echo"]) };
    loop {
        store.reap(100).await.unwrap();
        let leases: Vec<LeaseRef> =
            store.claim(request.clone()).await.unwrap().into_iter().map(|leased| leased.lease).collect();
        leases.iter().for_each(|lease| say('C', lease.id, lease.fence));
        let outcome = |lease: &LeaseRef| match lease.fence % 4 {
            3 => Outcome::Release,
            _ => Outcome::Ok(result(lease.fence)),
        };
        let outcomes = leases.iter().map(|lease| (*lease, outcome(lease))).collect();
        for (lease, answer) in leases.iter().zip(store.finish(&worker, outcomes).await.unwrap()) {
            if matches!(answer, Finish::Applied { state: TaskState::Succeeded, .. }) {
                say('D', lease.id, lease.fence);
            }
        }
    }
}

#[test]
#[ignore = "the process that the other test kills"]
fn child() {
    let path = std::env::var_os(DATABASE).expect("run by the test below");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = open(Path::new(&path));
        for worker in 0..4 {
            tokio::spawn(work(store.clone(), format!("w{worker}")));
        }
        let [a, b, c] = TENANTS.map(|tenant| submit(store.clone(), tenant));
        tokio::join!(a, b, c);
    });
}

/// What children said, in all rounds.
#[derive(Default)]
struct ChildReport {
    /// Each task that was acknowledged, with the highest fence heard of.
    tasks: HashMap<TaskId, u64>,
    completed: HashMap<TaskId, u64>,
}

impl ChildReport {
    fn hear(&mut self, line: &str) {
        let mut words = line.split(' ');
        let Some(what @ ("S" | "C" | "D")) = words.next() else { return };
        let (Some(id), Some(fence), None) = (words.next(), words.next(), words.next()) else { return };
        let (id, fence): (TaskId, u64) = (id.parse().unwrap(), fence.parse().unwrap());
        match what {
            "S" => drop(self.tasks.entry(id).or_default()),
            "C" => {
                assert!(!self.completed.contains_key(&id), "{id} was completed and is claimed again");
                let before = self.tasks.insert(id, fence).unwrap_or_default();
                assert!(fence > before, "{id} has the fence {fence} after {before}");
            }
            _ => assert_eq!(self.completed.insert(id, fence), None, "{id} was completed twice"),
        }
    }

    /// A child under load that is killed so long after it was heard first.
    fn round(&mut self, database: &Path, after: Duration) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "crash::child", "--nocapture"])
            .env(DATABASE, database)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (tell, told) = mpsc::sync_channel(1);
        let listener = std::thread::spawn(move || {
            let (mut lines, mut line) = (Vec::new(), String::new());
            while output.read_line(&mut line).unwrap() > 0 {
                if line.starts_with("S ") {
                    let _ = tell.try_send(());
                }
                // The last one may be cut.
                lines.extend(line.strip_suffix('\n').map(str::to_owned));
                line.clear();
            }
            lines
        });
        let heard = told.recv();
        std::thread::sleep(after);
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(heard.is_ok() && ended.is_none(), "the child ended by itself: {ended:?}");
        listener.join().unwrap().iter().for_each(|line| self.hear(line));
    }

    async fn holds(&self, store: &SqliteTasks) {
        for (id, fence) in &self.tasks {
            let task = find(store, *id).await;
            assert!(task.row.fence >= *fence, "{id}: a claim was lost");
            if let Some(fence) = self.completed.get(id) {
                assert_eq!(task.row.state, TaskState::Succeeded, "{id}: a completion was lost");
                assert_eq!(task.result, Some(result(*fence)), "{id}: another completion counted");
            }
        }
    }
}

const TENANTS: [&str; 3] = ["a", "b", "c"];

async fn find(store: &SqliteTasks, id: TaskId) -> StoredTask {
    for tenant in TENANTS {
        if let Some(task) = store.get(tenant, id).await.unwrap() {
            return task;
        }
    }
    panic!("{id}: a task was lost");
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("store.db");
    let mut said = ChildReport::default();
    for _ in 0..ROUNDS {
        let random = RandomState::new().build_hasher().finish();
        said.round(&database, Duration::from_millis(30 + random % 300));
        said.holds(&open(&database)).await;
    }
    let (tasks, completed) = (said.tasks.len(), said.completed.len());
    eprintln!("crash: killed {ROUNDS} times; {tasks} acknowledged tasks and {completed} completions are as they were");
    assert!(said.tasks.len() > 100 && said.completed.len() > 50, "the load was too small to say anything");

    // What was cut short is finished by who comes next.
    let store = open(&database);
    let request = ClaimReq { max: 64, ..ClaimReq::new("last", &["echo"]) };
    loop {
        store.reap(1000).await.unwrap();
        let leased = store.claim(request.clone()).await.unwrap();
        for leased in &leased {
            said.hear(&format!("C {} {}", leased.lease.id, leased.lease.fence));
            let outcome = Outcome::Ok(result(leased.lease.fence));
            let answer = store.finish("last", vec![(leased.lease, outcome)]).await.unwrap();
            assert_eq!(answer, [Finish::Applied { state: TaskState::Succeeded, run_at: None }]);
            said.hear(&format!("D {} {}", leased.lease.id, leased.lease.fence));
        }
        if !leased.is_empty() {
            continue;
        }
        let stats = store.stats(Scope::All).await.unwrap();
        if stats.queued() + stats.count(TaskState::Leased) == 0 {
            break;
        }
        store.due(Chore::Reap, Duration::from_secs(1)).await.unwrap();
    }
    said.holds(&store).await;
    // A completion may be on disk though the child was killed before it could say so.
    for id in said.tasks.keys() {
        assert_eq!(find(&store, *id).await.row.state, TaskState::Succeeded, "{id}");
    }
}
