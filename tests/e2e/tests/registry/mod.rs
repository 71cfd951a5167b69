//! Plugins are published and installed, with the real binary, from a registry that behaves and from one that does not.

mod download;
mod install;
mod publish;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tandem_harness::{Host, binary, called, root, variant_bytes};
use tempfile::TempDir;

/// An operator's directory, without a host.
struct Home {
    directory: TempDir,
    docker: PathBuf,
}

struct Said {
    well: bool,
    /// What it printed, first for machines, then for people.
    out: String,
    text: String,
}

impl Home {
    fn new() -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let docker = directory.path().join("docker");
        std::fs::create_dir(&docker)?;
        std::fs::write(directory.path().join("tandem.toml"), "")?;
        Ok(Self { directory, docker })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a guest as another version.
    fn plugin(&self, version: &str) -> anyhow::Result<String> {
        self.file(&format!("echo-{version}.wasm"), &variant_bytes("echo", called("echo", version))?)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
        std::fs::write(self.path().join(name), bytes)?;
        Ok(name.to_owned())
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        run_in(self.path(), &self.docker, arguments).await
    }

    async fn right(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        let said = self.run(arguments).await?;
        assert!(said.well, "tandem {arguments:?}: {}", said.text);
        Ok(said)
    }

    /// What it says when it refuses.
    async fn wrong(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let said = self.run(arguments).await?;
        assert!(!said.well, "tandem {arguments:?} must fail: {}", said.text);
        Ok(said.text)
    }

    fn installed(&self) -> Vec<String> {
        names(&self.path().join("plugins"))
    }

    fn lock(&self) -> Option<String> {
        std::fs::read_to_string(self.path().join("tandem.lock")).ok()
    }

    /// That nothing was installed, and nothing is left of the attempt.
    fn is_untouched(&self) {
        assert_eq!(self.installed(), Vec::<String>::new());
        assert_eq!(self.lock(), None);
        assert_eq!(names(&self.path().join("data/downloads")), Vec::<String>::new());
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect()
}

async fn run_in(home: &Path, docker: &Path, arguments: &[&str]) -> anyhow::Result<Said> {
    let path = format!("{}:{}", docker.display(), std::env::var("PATH").unwrap_or_default());
    let output = tokio::process::Command::new(binary())
        .args(arguments)
        .current_dir(home)
        .env("TANDEM_PLUGINS__TRUST_ROOTS", root().join("keys/*.pub"))
        .env("DOCKER_CONFIG", docker)
        .env("PATH", path)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let out = String::from_utf8(output.stdout)?;
    let text = format!("{out}{}", String::from_utf8(output.stderr)?);
    Ok(Said { well: output.status.success(), out, text })
}

/// Waits until a host lists the plugin so.
async fn until(host: &Host, docker: &Path, so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let mut last = Value::Null;
    for _ in 0..600 {
        let said = run_in(host.directory.path(), docker, &["list", "--json"]).await?;
        let all: Value = serde_json::from_str(&said.out)?;
        last =
            all.as_array().and_then(|all| all.iter().find(|line| line["name"] == "echo").cloned()).unwrap_or_default();
        if so(&last) {
            return Ok(last);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("it did not come to be so: {last}")
}
