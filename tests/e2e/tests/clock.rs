//! Time and chance: real, and the same in every run where a test asks for it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tandem_engine::{
    CallContext, Capability, DeterministicSources, Engine, EngineConfig, InstancePolicy, Limit, Limits, Plugin,
    PluginSpec, RunError, Services,
};
use tandem_harness::Options;
use tandem_types::Caller;

#[tokio::test]
async fn time_and_chance_are_real() -> anyhow::Result<()> {
    let host = Options::with(&["clock"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let before = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let first = client.structured("time_and_chance", json!({})).await?;
    let second = client.structured("time_and_chance", json!({})).await?;
    let after = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let now = |seen: &Value| seen["now"].as_str().unwrap_or_default().parse::<u128>();
    let times = [before, now(&first)?, now(&second)?, after];
    assert!(times.is_sorted(), "{times:?}");
    for what in ["now", "secret", "hash"] {
        assert_ne!(first[what], second[what], "{what} must be another one");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn time_and_chance_can_be_fixed_for_a_plugin() -> anyhow::Result<()> {
    let at = |now, seed| Some(DeterministicSources { now: Some(Duration::from_secs(now)), seed: Some(seed) });
    let first = seen(&clock(at(1_000_000_000, 1))?).await?;
    assert_eq!((&first["now"], &first["step"]), (&json!("1000000000000000000"), &json!("1000")), "{first}");
    let plugin = clock(at(1_000_000_000, 1))?;
    assert_eq!((seen(&plugin).await?, seen(&plugin).await?), (first.clone(), first.clone()), "each call starts anew");
    let other = seen(&clock(at(1_000_000_001, 2))?).await?;
    for what in ["now", "secret", "hash"] {
        assert_ne!(first[what], other[what], "{what} follows from what was fixed");
    }
    let real = clock(None)?;
    assert_ne!(seen(&real).await?, seen(&real).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_them_can_be_fixed_and_the_other_is_real() -> anyhow::Result<()> {
    let time = clock(Some(DeterministicSources { now: Some(Duration::from_secs(1_000_000_000)), seed: None }))?;
    let (first, second) = (seen(&time).await?, seen(&time).await?);
    assert_eq!((&first["now"], &first["now"]), (&json!("1000000000000000000"), &second["now"]));
    assert!(first["secret"] != second["secret"] && first["hash"] != second["hash"], "{first} {second}");
    let chance = clock(Some(DeterministicSources { now: None, seed: Some(1) }))?;
    let (first, second) = (seen(&chance).await?, seen(&chance).await?);
    assert_eq!((&first["secret"], &first["hash"]), (&second["secret"], &second["hash"]));
    assert_ne!(first["now"], second["now"]);
    Ok(())
}

/// On one thread, as in the reactor: between two turns of another task there is no more work than a tick's and a piece's. Where
/// other processes use the cores a few turns are longer; without any yield all of the time would be in one.
#[tokio::test]
async fn a_loop_of_random_bytes_yields_to_other_tasks() -> anyhow::Result<()> {
    let plugin = guest("host-loop", None)?;
    let mut turns = Vec::new();
    let others = async {
        let mut last = thread_time()?;
        loop {
            tokio::task::yield_now().await;
            let now = thread_time()?;
            turns.push(now.saturating_sub(last));
            last = now;
        }
    };
    let ended = tokio::select! {
        ended = plugin.call_tool(context(), "random_loop", Arc::new("{}".to_owned())) => ended,
        failed = others => return failed,
    };
    assert!(matches!(ended, Err(RunError::Limit { limit: Limit::Cpu, .. })), "{ended:?}");
    let all: Duration = turns.iter().sum();
    let short: Duration = turns.iter().filter(|turn| **turn < Duration::from_millis(20)).sum();
    assert!(turns.len() > 40 && short > all / 2, "{} turns, {short:?} of {all:?} in short ones", turns.len());
    Ok(())
}

/// They come in pieces of 16 KiB: as many as were wanted, and no piece twice.
#[tokio::test]
async fn random_bytes_come_whole_and_none_comes_twice() -> anyhow::Result<()> {
    let plugin = guest("host-loop", None)?;
    let wish =
        |length: u32| plugin.call_tool(context(), "random_bytes", Arc::new(json!({"length": length}).to_string()));
    for length in [0, 1, 16_384, 16_385, 40_000, 1 << 20] {
        let came = wish(length).await?.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let came: Value = serde_json::from_str(&came.structured.unwrap_or_default())?;
        assert_eq!(came, json!({"length": length, "repeated": 0}));
    }
    let over = wish((1 << 20) + 1).await;
    assert!(over.is_err(), "{over:?}");
    Ok(())
}

/// CPU time of this thread.
fn thread_time() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(stat.split_whitespace().next().unwrap_or_default().parse()?))
}

/// The guest in an engine of its own.
fn clock(fixed: Option<DeterministicSources>) -> anyhow::Result<Arc<Plugin>> {
    guest("clock", fixed)
}

fn guest(name: &str, fixed: Option<DeterministicSources>) -> anyhow::Result<Arc<Plugin>> {
    let engine = Engine::new(EngineConfig::default(), None, Arc::new(Services::default()), &[])?;
    let spec = PluginSpec {
        name: name.to_owned(),
        limits: Limits {
            memory: 16 << 20,
            deadline: Duration::from_secs(60),
            cpu: Duration::from_secs(1),
            output: 1 << 20,
            log: 1 << 10,
            concurrency: 1,
        },
        policy: InstancePolicy::PerCall,
        capabilities: Arc::new(Arc::new(Capability::default())),
        deterministic: fixed,
    };
    Ok(Arc::new(engine.load(&std::fs::read(tandem_harness::plugin(name)?)?, spec)?.0))
}

fn context() -> Arc<CallContext> {
    Arc::new(CallContext::new("test".into(), Caller::local()).within(Duration::from_secs(60)))
}

async fn seen(plugin: &Arc<Plugin>) -> anyhow::Result<Value> {
    let output = plugin.call_tool(context(), "time_and_chance", Arc::new("{}".to_owned())).await?;
    let output = output.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(serde_json::from_str(&output.structured.unwrap_or_default())?)
}
