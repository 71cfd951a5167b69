//! How many calls a version on trial gets, and for how long.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tandem_catalog::{Canary, CanaryCriteria, Catalog, Verdict};
use tandem_engine::{Capability, Engine, EngineConfig, Limits, Services};
use tandem_harness::{Options, called, root, variant, variant_bytes};
use tandem_package::{PluginManifest, SignaturePolicy, TrustRoots};
use tandem_runtime::LoadFailure;
use tandem_runtime::load::{GrantPolicy, Granted, LoadOptions, load_candidate};

use crate::reload::{file, operator};

/// Percent.
const SHARE: u8 = 25;
/// Longer than any test runs; those that end it say what time it is.
const DURATION: Duration = Duration::from_secs(3_600);
const MIN_CALLS: u64 = 10;

#[tokio::test]
async fn a_version_on_trial_gets_exactly_its_share_and_serves_no_sooner_than_it_may() -> anyhow::Result<()> {
    let config = format!(
        "[plugins]\nwatch = false\n[plugins.canary]\nshare = {SHARE}\nduration = '{}s'\nmin-calls = {MIN_CALLS}\n",
        DURATION.as_secs()
    );
    let host = Options::with(&["echo"])?.config(&config).start().await?;
    let client = host.client("/mcp/full").await?;
    variant("echo", &file(&host, "echo.wasm"), called("echo", "0.2.0"))?;
    let shown = operator(host.directory.path(), &["reload"]).await?;
    assert_eq!((&shown[0]["state"], &shown[0]["canary"]["share"]), (&json!("canary"), &json!(SHARE)), "{shown}");
    for calls in [1, 7, 12, 80, 100] {
        for _ in 0..calls {
            assert_eq!(client.structured("add", json!({"a": 1, "b": 2})).await?["sum"], 3.0);
        }
    }
    let shown = operator(host.directory.path(), &["list"]).await?;
    // It has had its calls for long, and its time is not over.
    assert_eq!((&shown[0]["state"], &shown[0]["version"]), (&json!("canary"), &json!("0.1.0")), "{shown}");
    let canary = &shown[0]["canary"];
    assert_eq!((&canary["calls"], &canary["errors"]), (&json!(50), &json!(0)), "a quarter of 200: {canary}");
    Ok(())
}

/// Grants what every plugin has.
struct Plain;

impl GrantPolicy for Plain {
    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, LoadFailure> {
        let limits = &manifest.limits;
        Ok(Granted {
            limits: Limits {
                memory: limits.memory.as_u64(),
                deadline: limits.deadline.as_duration(),
                cpu: limits.cpu.as_duration(),
                output: limits.output.as_u64(),
                log: 1 << 10,
                concurrency: 1,
            },
            max_deadline: limits.deadline.as_duration(),
            prefix: String::new(),
            aliases: Default::default(),
            overrides: Default::default(),
            prefers_reactor: false,
            capabilities: Arc::new(Arc::new(Capability::default())),
            deterministic: None,
        })
    }
}

/// A trial that began between two moments, which are answered with it.
type Trial = (Catalog, Arc<Canary>, [Instant; 2]);

async fn trial(share: u8) -> anyhow::Result<Trial> {
    // Loading waits for the guest.
    tokio::task::spawn_blocking(move || begun(share)).await?
}

fn begun(share: u8) -> anyhow::Result<Trial> {
    let engine = Engine::new(EngineConfig::default(), None, Arc::new(Services::default()), &[])?;
    let options = LoadOptions {
        directory: PathBuf::new(),
        roots: TrustRoots::from_pems([("dev.pub", std::fs::read_to_string(root().join("keys/dev.pub"))?.as_str())])?,
        signatures: SignaturePolicy::Required,
        workers: 1,
    };
    let version = |version| -> anyhow::Result<_> {
        let file = variant_bytes("echo", called("echo", version))?;
        Ok(load_candidate(&engine, "echo.wasm", &file, &options, &Plain)?.0)
    };
    let catalog = Catalog::default();
    catalog.swap(version("0.1.0")?, None).map_err(anyhow::Error::msg)?;
    let candidate = version("0.2.0")?;
    let terms = CanaryCriteria { share, duration: DURATION, min_calls: MIN_CALLS, max_errors: 20.0 };
    let before = Instant::now();
    assert!(
        catalog.start_canary(candidate, terms).map_err(anyhow::Error::msg)?.is_ok(),
        "there is something to compare"
    );
    let after = Instant::now();
    let canary = catalog.canaries().pop().expect("it is on trial");
    Ok((catalog, canary, [before, after]))
}

#[tokio::test]
async fn its_calls_lie_evenly_among_the_others() -> anyhow::Result<()> {
    for share in [1, 25, 33, 50, 99, 100] {
        let (catalog, canary, _) = trial(share).await?;
        let (serving, _) = catalog.of_file("echo.wasm");
        let tool = serving.expect("the old one serves").tools[0].clone();
        let mut taken = 0;
        for call in 1..=1_000_u64 {
            taken += u64::from(canary.takes(&tool).is_some());
            assert_eq!(taken, call * u64::from(share) / 100, "of {call} calls at {share} %");
        }
    }
    Ok(())
}

#[tokio::test]
async fn it_serves_after_its_time_and_its_calls_and_not_before() -> anyhow::Result<()> {
    let (_catalog, canary, [before, after]) = trial(SHARE).await?;
    let moment = Duration::from_nanos(1);
    for _ in 1..MIN_CALLS {
        canary.count(false);
    }
    assert_eq!(canary.verdict(after + DURATION * 2), Verdict::Open, "a call is missing");
    canary.count(false);
    assert_eq!(canary.verdict(before + DURATION - moment), Verdict::Open, "a moment is missing");
    assert_eq!(canary.verdict(after + DURATION), Verdict::Promote);
    // A fifth may fail: two of twelve are less, three of thirteen are more, whatever the time is.
    for _ in 0..3 {
        assert!(!matches!(canary.verdict(after), Verdict::RollBack(_)));
        canary.count(true);
    }
    let verdict = canary.verdict(after);
    assert!(matches!(&verdict, Verdict::RollBack(reason) if reason.starts_with("3 of 13 calls failed")), "{verdict:?}");
    Ok(())
}
