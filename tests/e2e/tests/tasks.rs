//! Calls that become tasks: through a real client, over HTTP, and over the death of the host.

use std::time::Duration;

use rmcp::model::{
    CallToolResponse, CancelTaskParams, ClientCapabilities, DetailedTask, GetTaskParams, TaskPayload, TaskStatus,
    UpdateTaskParams,
};
use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, connect_modern};

use crate::tenants;

/// How long a task may take to get where it is expected, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that knows tasks and can fill in forms.
async fn client(host: &Host, credential: Option<&str>) -> anyhow::Result<Client> {
    let can = ClientCapabilities::builder().enable_elicitation().enable_tasks().build();
    connect_modern(&format!("{}/mcp/full", host.url), credential, can).await
}

/// Calls a tool and answers the id of the task that the call became.
async fn begun(client: &Client, tool: &str, arguments: Value) -> anyhow::Result<String> {
    match client.call_once(tool, arguments).await? {
        CallToolResponse::Task(created) => Ok(created.task.task_id),
        other => anyhow::bail!("`{tool}` became no task: {other:?}"),
    }
}

async fn get(client: &Client, id: &str) -> anyhow::Result<DetailedTask> {
    Ok(client.peer().get_task(GetTaskParams::new(id)).await?.task)
}

/// Asks until the task is where it should be.
async fn until(client: &Client, id: &str, good: impl Fn(&DetailedTask) -> bool) -> anyhow::Result<DetailedTask> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let task = get(client, id).await?;
        if good(&task) {
            return Ok(task);
        }
        anyhow::ensure!(tokio::time::Instant::now() < end, "it did not come to that: {task:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn ended(client: &Client, id: &str) -> anyhow::Result<DetailedTask> {
    until(client, id, |task| task.status().is_terminal()).await
}

fn first_text(task: &DetailedTask) -> &str {
    match &task.payload {
        TaskPayload::Completed { result } => result["content"][0]["text"].as_str().unwrap_or_default(),
        other => panic!("it did not complete: {other:?}"),
    }
}

#[tokio::test]
async fn a_long_call_becomes_a_task_and_a_short_one_stays_a_call() -> anyhow::Result<()> {
    let host = Options::with(&["conformance"])?.start().await?;
    let client = client(&host, None).await?;
    let short = client.call_once("slow_compute", json!({"seconds": 0})).await?;
    assert!(matches!(short, CallToolResponse::Complete(_)), "{short:?}");

    let id = begun(&client, "slow_compute", json!({"seconds": 2, "label": "sums"})).await?;
    assert_eq!(get(&client, &id).await?.status(), TaskStatus::Working);
    let task = ended(&client, &id).await?;
    assert_eq!(first_text(&task), "computed sums for 2 s");
    assert!(task.task.ttl_ms.is_some_and(|ttl| ttl >= 86_400_000), "{task:?}");

    // The tool's own failure is a result; what has none is an error.
    let failing = begun(&client, "failing_job", json!({})).await?;
    let TaskPayload::Completed { result } = ended(&client, &failing).await?.payload else { panic!("no result") };
    assert_eq!(result["isError"], true);
    let broken = begun(&client, "protocol_error_job", json!({})).await?;
    let TaskPayload::Failed { error } = ended(&client, &broken).await?.payload else { panic!("no error") };
    assert_eq!(error["code"], -32021);

    // A client that does not know tasks waits for its result, or is refused where there is only a task.
    let old = host.client("/mcp/full").await?;
    let waited = old.call("slow_compute", json!({"seconds": 1})).await?;
    assert_eq!(waited.is_error, Some(false));
    assert!(old.call("failing_job", json!({})).await.is_err());
    assert!(host.stop().await?);
    Ok(())
}

#[tokio::test]
async fn a_cancelled_task_stops_its_guest() -> anyhow::Result<()> {
    let host = Options::with(&["conformance"])?.start().await?;
    let client = client(&host, None).await?;
    let id = begun(&client, "slow_compute", json!({"seconds": 50})).await?;
    client.peer().cancel_task(CancelTaskParams::new(&*id)).await?;
    let task = ended(&client, &id).await?;
    assert_eq!(task.status(), TaskStatus::Cancelled, "{task:?}");
    // The guest itself heard of it: its call ended long before its time.
    let call = host.logged("tasks: task ended").await?;
    assert_eq!(call["state"], "cancelled", "{call}");
    client.peer().cancel_task(CancelTaskParams::new(&*id)).await?;
    assert_eq!(get(&client, &id).await?.status(), TaskStatus::Cancelled);
    Ok(())
}

#[tokio::test]
async fn a_task_asks_and_goes_on_with_the_answer() -> anyhow::Result<()> {
    let host = Options::with(&["conformance"])?.in_process().start().await?;
    let client = client(&host, None).await?;
    let id = begun(&client, "confirm_delete", json!({"filename": "old.txt"})).await?;
    let asked = until(&client, &id, |task| task.status() == TaskStatus::InputRequired).await?;
    let TaskPayload::InputRequired { input_requests } = asked.payload else { panic!("no questions") };
    let key = input_requests.into_keys().next().expect("a question");
    let answer = |value: Value| UpdateTaskParams::new(&*id, [(key.clone(), value)].into());
    // What is no answer to a form changes nothing, nor does an answer that nobody asked for.
    assert!(client.peer().update_task(answer(json!(12))).await.is_err());
    let stray = [("stray".to_owned(), json!({"action": "accept"}))].into();
    client.peer().update_task(UpdateTaskParams::new(&*id, stray)).await?;
    assert_eq!(get(&client, &id).await?.status(), TaskStatus::InputRequired);
    client.peer().update_task(answer(json!({"action": "accept", "content": {"confirm": true}}))).await?;
    assert_eq!(first_text(&ended(&client, &id).await?), "old.txt was deleted");
    Ok(())
}

#[tokio::test]
async fn a_task_of_another_tenant_is_unknown() -> anyhow::Result<()> {
    let host = tenants::host(&["conformance"], "", "").await?;
    let (good, bad) = (client(&host, Some("good")).await?, client(&host, Some("bad")).await?);
    let id = begun(&good, "slow_compute", json!({"seconds": 20})).await?;
    let never = "0198a5d0-0000-7000-8000-000000000000";
    for (client, id) in [(&bad, &*id), (&good, never)] {
        let unknown = client.peer().get_task(GetTaskParams::new(id)).await.unwrap_err().to_string();
        assert!(unknown.contains("unknown task"), "{unknown}");
        assert!(client.peer().cancel_task(CancelTaskParams::new(id)).await.is_err());
        let answers = [("1.0.confirm".to_owned(), json!({"action": "accept"}))].into();
        assert!(client.peer().update_task(UpdateTaskParams::new(id, answers)).await.is_err());
    }
    assert_eq!(get(&good, &id).await?.status(), TaskStatus::Working, "the other tenant did not stop it");
    Ok(())
}

/// Both with the reactor, which ends leases then, and without it.
#[tokio::test]
async fn tasks_survive_the_death_of_the_host() -> anyhow::Result<()> {
    let plain = || Options::with(&["conformance"]);
    let mesh = plain()?.mesh().config("[p2p]\nlisten = ['/ip4/127.0.0.1/tcp/0']");
    for options in [plain()?, mesh] {
        let host = options.start().await?;
        let client_before = client(&host, None).await?;
        let done = begun(&client_before, "slow_compute", json!({"seconds": 1, "label": "done"})).await?;
        ended(&client_before, &done).await?;
        let again = begun(&client_before, "slow_compute", json!({"seconds": 3, "label": "again"})).await?;
        let once = begun(&client_before, "confirm_delete", json!({"filename": "x"})).await?;
        until(&client_before, &once, |task| task.status() == TaskStatus::InputRequired).await?;

        let host = host.crash_and_restart().await?;
        let client = client(&host, None).await?;
        assert_eq!(first_text(&get(&client, &done).await?), "computed done for 1 s");
        let TaskPayload::Failed { error } = ended(&client, &once).await?.payload else { panic!("it ran again") };
        assert_eq!(error["data"]["code"], "interrupted", "{error:?}");
        assert_eq!(first_text(&ended(&client, &again).await?), "computed again for 3 s");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_that_is_stopped_ends_its_tasks_in_good_order() -> anyhow::Result<()> {
    let host = Options::with(&["conformance"])?.config("[server]\ndrain = \"1s\"").start().await?;
    let before = client(&host, None).await?;
    let again = begun(&before, "slow_compute", json!({"seconds": 5, "label": "again"})).await?;
    let once = begun(&before, "confirm_delete", json!({"filename": "x"})).await?;
    until(&before, &once, |task| task.status() == TaskStatus::InputRequired).await?;
    let host = host.restart().await?;
    let client = client(&host, None).await?;
    let TaskPayload::Failed { error } = get(&client, &once).await?.payload else { panic!("it did not end") };
    assert_eq!(error["data"]["code"], "interrupted", "{error:?}");
    assert_eq!(first_text(&ended(&client, &again).await?), "computed again for 5 s");
    Ok(())
}

/// A text that is over what a task's row holds, with what JSON escapes and letters of several bytes.
fn long(characters: usize) -> String {
    "ä\"b\n".chars().cycle().take(characters).collect()
}

fn error(task: DetailedTask) -> Value {
    match task.payload {
        TaskPayload::Failed { error } => Value::Object(error),
        other => panic!("it did not fail: {other:?}"),
    }
}

#[tokio::test]
async fn a_long_result_is_there_whole_after_the_host_died() -> anyhow::Result<()> {
    let host = Options::with(&["conformance"])?.start().await?;
    let before = client(&host, None).await?;
    let label = long(300_000);
    let id = begun(&before, "slow_compute", json!({"seconds": 1, "label": label})).await?;
    assert_eq!(first_text(&ended(&before, &id).await?), format!("computed {label} for 1 s"));
    let host = host.crash_and_restart().await?;
    let after = client(&host, None).await?;
    assert_eq!(first_text(&get(&after, &id).await?), format!("computed {label} for 1 s"));
    Ok(())
}

#[tokio::test]
async fn a_result_over_the_limit_or_without_room_fails_its_task_by_name() -> anyhow::Result<()> {
    let limits = "[tasks]\nmax-result = \"512KiB\"\nbytes-per-tenant = \"1MiB\"";
    let host = Options::with(&["conformance"])?.config(limits).in_process().start().await?;
    let client = client(&host, None).await?;
    let ended_with = async |characters: usize| {
        let label = "x".repeat(characters);
        let id = begun(&client, "slow_compute", json!({"seconds": 1, "label": label})).await?;
        ended(&client, &id).await
    };
    let large = error(ended_with(530_000).await?);
    assert_eq!(
        (&large["data"]["code"], &large["data"]["limit"]),
        (&json!("limited"), &json!("task-result")),
        "{large}"
    );
    assert!(large["message"].as_str().is_some_and(|text| text.contains("tasks.max-result")), "{large}");
    // The arguments of both count too.
    assert_eq!(ended_with(100_000).await?.status(), TaskStatus::Completed);
    let crowded = error(ended_with(200_000).await?);
    assert_eq!(crowded["data"]["limit"], "task-bytes", "{crowded}");
    assert!(crowded["message"].as_str().is_some_and(|text| text.contains("tasks.bytes-per-tenant")), "{crowded}");
    Ok(())
}

#[tokio::test]
async fn the_operator_says_how_many_tasks_after_how_long_and_how_long_they_are_kept() -> anyhow::Result<()> {
    let eager = "[tasks]\nlimit-per-tenant = 1\nafter = \"10ms\"\nkeep = \"2h\"";
    let host = tenants::host(&["conformance"], "", eager).await?;
    let (good, bad) = (client(&host, Some("good")).await?, client(&host, Some("bad")).await?);
    let slow = |seconds: f64| json!({"seconds": seconds});
    let running = begun(&good, "slow_compute", slow(60.0)).await?;
    let ttl = get(&good, &running).await?.task.ttl_ms;
    assert_eq!(ttl, Some(7_200_000));
    // The tenant has its one task: what it calls now stays a call. Another tenant has its own.
    let call = good.call_once("slow_compute", slow(0.3)).await?;
    assert!(matches!(call, CallToolResponse::Complete(_)), "{call:?}");
    begun(&bad, "slow_compute", slow(5.0)).await?;

    let patient = Options::with(&["conformance"])?.config("[tasks]\nafter = \"1h\"").in_process().start().await?;
    let waited = client(&patient, None).await?.call_once("slow_compute", slow(1.0)).await?;
    assert!(matches!(waited, CallToolResponse::Complete(_)), "{waited:?}");
    Ok(())
}
