//! What is refused while the disk runs full, in which order, and what is known of it afterwards.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use serde_json::{Value, json};
use tandem_harness::{Host, Options, text};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    audit::{add, tenant, until_ready},
    mesh::{member, until},
};

/// A file system of 64 MiB, of which a sixteenth is kept for records. It lives as long as this, whatever becomes of the hosts on
/// it.
struct Disk {
    holder: Child,
    at: TempDir,
}

impl Disk {
    /// None where this machine gives none.
    #[expect(clippy::print_stderr, reason = "a test that did not run says so")]
    async fn new() -> anyhow::Result<Option<Self>> {
        let at = TempDir::new()?;
        let mut holder = Command::new("unshare")
            .args(["-rm", "sh", "-c", "mount -t tmpfs -o size=64m none \"$0\" && echo there && read -r _"])
            .arg(at.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut said = BufReader::new(holder.stdout.take().context("piped")?).lines();
        if said.next_line().await?.as_deref() != Some("there") {
            eprintln!("not run: this machine gives no file system of one's own");
            return Ok(None);
        }
        Ok(Some(Self { holder, at }))
    }

    fn pid(&self) -> String {
        self.holder.id().unwrap_or_default().to_string()
    }

    /// The same host with its data there.
    fn host(&self, options: Options) -> Options {
        let enter = "exec nsenter -t \"$0\" -U -m --preserve-credentials --wd=\"$(pwd)\" \"$@\"";
        let data = format!("plugins.data-directory={}", self.data().display());
        options.through(&["sh", "-c", enter, &self.pid()]).args(&["--set", &data])
    }

    fn data(&self) -> PathBuf {
        self.at.path().join("data")
    }

    /// The data directory as this process sees it.
    fn inside(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.pid(), self.data().display()))
    }

    /// Takes all but so many bytes, and waits until the host has seen it.
    async fn leave(&self, left: u64) -> anyhow::Result<()> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.inside().join("filling"))?;
        let mut taken = free(&self.inside())?.saturating_sub(left);
        while taken > 0 && file.write_all(&vec![0; taken.min(64 << 10) as usize]).is_ok() {
            taken = taken.saturating_sub(64 << 10);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(())
    }

    fn make_room(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.inside().join("filling"))?)
    }

    /// A command of the operator of this host, from where the host is.
    async fn tandem(&self, host: &Host, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        let data = format!("plugins.data-directory={}", self.data().display());
        let output = Command::new("nsenter")
            .args(["-t", &self.pid(), "-U", "-m", "--preserve-credentials"])
            .arg(tandem_harness::binary())
            .args(arguments)
            .arg("--config")
            .arg(host.directory.path().join("tandem.toml"))
            .args(["--set", &data])
            .env("TEST_SWARM_KEY", tandem_harness::swarm_key())
            .output();
        Ok(output.await?)
    }

    async fn verified(&self, host: &Host) -> anyhow::Result<Value> {
        let output = self.tandem(host, &["audit", "verify", "--json"]).await?;
        anyhow::ensure!(output.status.success(), "{output:?}");
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    async fn exported(&self, host: &Host) -> anyhow::Result<String> {
        let output = self.tandem(host, &["audit", "export"]).await?;
        anyhow::ensure!(output.status.success(), "{output:?}");
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn free(directory: &Path) -> anyhow::Result<u64> {
    let output = std::process::Command::new("stat").args(["-f", "-c", "%a %S"]).arg(directory).output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [blocks, size] = numbers[..] else { anyhow::bail!("stat says {text}") };
    Ok(blocks * size)
}

#[tokio::test]
async fn keys_stop_before_calls_and_calls_before_records() -> anyhow::Result<()> {
    let Some(disk) = Disk::new().await? else { return Ok(()) };
    let host = disk.host(tenant(&["echo", "kv-user"])?).start().await?;
    let client = host.client_as("/mcp/full", "good").await?;
    let set = json!({"key": "k", "value": "v"});
    assert_ne!(client.call("kv_set", set.clone()).await?.is_error, Some(true));
    disk.leave(3 << 20).await?;
    let refused = client.call("kv_set", set.clone()).await?;
    assert!(text(&refused).contains("almost full"), "{refused:?}");
    assert_ne!(add(&client).await?.is_error, Some(true), "calls go on");
    assert_ne!(client.call("kv_get", json!({"key": "k"})).await?.is_error, Some(true), "and reading");
    disk.leave(0).await?;
    let refused = add(&client).await?;
    assert!(text(&refused).contains("did not run"), "{refused:?}");
    until_ready(&host, 503).await?;
    disk.make_room()?;
    until_ready(&host, 200).await?;
    assert_ne!(add(&client).await?.is_error, Some(true));
    assert_ne!(client.call("kv_set", set).await?.is_error, Some(true));
    let exported = disk.exported(&host).await?;
    let answered = |line: &&str| line.contains("\"tool\":\"add\"") && line.contains("\"outcome\":\"ok\"");
    assert_eq!(exported.lines().filter(answered).count(), 2, "each answered call is there: {exported}");
    disk.verified(&host).await?;
    Ok(())
}

#[tokio::test]
async fn tasks_and_their_results_stop_before_records() -> anyhow::Result<()> {
    let Some(disk) = Disk::new().await? else { return Ok(()) };
    let registry = TempDir::new()?;
    let options = member(&registry, &["echo"])?.config("[audit]\ncalls = \"all\"");
    let host = disk.host(options).start().await?;
    let client = host.client("/mcp/full").await?;
    let long = json!({"tool": "echo", "arguments": {"text": "x".repeat(20_000)}});
    let short = json!({"tool": "add", "arguments": {"a": 1, "b": 2}});
    let submit = async |of: &Value, more: Value| {
        let mut of = of.clone();
        of.as_object_mut().into_iter().for_each(|of| of.extend(more.as_object().cloned().unwrap_or_default()));
        client.call("p2p_taskqueue_submit", of).await
    };
    let done = submit(&short, json!({"idempotency_key": "first"})).await?;
    assert_ne!(done.is_error, Some(true), "{done:?}");
    // They run when there is little room left.
    let pause = async |paused: &str| disk.tandem(&host, &["tasks", paused]).await;
    until(&client, "p2p_taskqueue_list_tasks", json!({"state": "completed"}), |answer| answer["total"] == 1).await?;
    assert!(pause("pause").await?.status.success());
    for task in [&long, &short] {
        assert_ne!(submit(task, json!({})).await?.is_error, Some(true));
    }
    disk.leave(3 << 20).await?;
    let refused = submit(&short, json!({})).await?;
    assert!(text(&refused).contains("almost full") && text(&refused).contains("makes room"), "{refused:?}");
    let code = refused.structured_content.as_ref().map(|structured| structured["error"]["code"].clone());
    assert_eq!(code, Some(json!("limit_exceeded")), "{refused:?}");
    let again = submit(&short, json!({"idempotency_key": "first"})).await?;
    assert_ne!(again.is_error, Some(true), "what is there already takes no room: {again:?}");
    let flow = json!({"name": "w", "steps": [{"id": "a", "tool": "add", "arguments": {"a": 1, "b": 2}}]});
    let refused = client.call("p2p_workflow_submit", flow).await?;
    assert!(text(&refused).contains("almost full"), "{refused:?}");
    disk.leave(1 << 20).await?;
    assert!(pause("resume").await?.status.success());
    let failed = until(&client, "p2p_taskqueue_list_tasks", json!({"state": "failed"}), |answer| answer["total"] == 1);
    let failed = failed.await?["tasks"][0].clone();
    assert_eq!(failed["tool"], "echo", "{failed}");
    let why = client.structured("p2p_taskqueue_get_result", json!({"task_id": failed["task_id"]})).await?;
    assert!(why.to_string().contains("the result cannot be kept"), "{why}");
    until(&client, "p2p_taskqueue_list_tasks", json!({"state": "completed"}), |answer| answer["total"] == 2).await?;
    // All of it was recorded.
    assert_ne!(add(&client).await?.is_error, Some(true));
    assert_eq!(disk.verified(&host).await?["lost"], 0);
    disk.make_room()?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_ne!(submit(&long, json!({})).await?.is_error, Some(true));
    Ok(())
}

#[tokio::test]
async fn a_gap_is_told_though_the_host_was_killed_before_it_could_mark_it() -> anyhow::Result<()> {
    let Some(disk) = Disk::new().await? else { return Ok(()) };
    let options = Options::with(&["echo"])?.config("[audit]\ncalls = \"all\"");
    let host = disk.host(options).start().await?;
    let client = host.client("/mcp/full").await?;
    assert_ne!(add(&client).await?.is_error, Some(true));
    let healthy = disk.tandem(&host, &["doctor", "--url", &host.url]).await?;
    assert!(!String::from_utf8_lossy(&healthy.stdout).contains("records were lost"), "{healthy:?}");
    disk.leave(0).await?;
    let lost = || host.log().iter().any(|line| line["message"] == "audit: records lost");
    // The first ones may find room in what the log has already.
    for _ in 0..500 {
        if lost() {
            break;
        }
        assert_ne!(add(&client).await?.is_error, Some(true));
    }
    assert!(lost());
    until_ready(&host, 503).await?;
    let doctor = disk.tandem(&host, &["doctor", "--url", &host.url]).await?;
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("not marked in the log yet"), "{said}");
    let crashed = host.crash().await?;
    disk.make_room()?;
    let host = crashed.restart().await?;
    until_ready(&host, 200).await?;
    let verified = disk.verified(&host).await?;
    assert!(verified["lost"].as_u64() >= Some(1) && verified["gaps"][0]["since"].as_u64() > Some(0), "{verified}");
    let doctor = disk.tandem(&host, &["doctor", "--url", &host.url]).await?;
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("records were lost between"), "{said}");
    // It is marked once.
    let host = host.restart().await?;
    until_ready(&host, 200).await?;
    assert_eq!(disk.verified(&host).await?["lost"], verified["lost"]);
    Ok(())
}
