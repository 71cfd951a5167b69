//! Network namespaces: made, entered and removed with `ip`, of iproute2.

use std::{fs::File, path::Path, process::Command};

use anyhow::Context as _;
use nix::sched::{CloneFlags, setns};

/// All namespaces of this kit begin so; the id of the process that made it follows.
const PREFIX: &str = "tandem-";
/// Where `ip netns` keeps them.
const DIRECTORY: &str = "/run/netns";

/// What this machine lacks, as a sentence; none when everything is there.
#[must_use]
pub fn missing() -> Option<String> {
    if Command::new("ip").arg("-V").output().is_err() {
        return Some("there is no `ip`; install iproute2".to_owned());
    }
    let probe = format!("{PREFIX}{}-probe", std::process::id());
    let tried = Namespace::new(&probe).and_then(|probe| {
        probe.ip(&["link", "add", "probe", "type", "veth", "peer", "name", "other"])?;
        probe.ip(&["link", "set", "dev", "probe", "gso_max_segs", "1"])
    });
    tried.err().map(|error| format!("network namespaces take root and a kernel with veth: {error:#}"))
}

/// Runs `ip` with these arguments.
pub(crate) fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("ip").args(arguments).output().context("cannot run `ip`")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "`ip {}`: {}", arguments.join(" "), said.trim());
    Ok(())
}

/// Removes the namespaces of processes that are gone.
pub(crate) fn sweep() {
    for entry in std::fs::read_dir(DIRECTORY).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let maker = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        let gone = maker.is_some_and(|pid| !Path::new("/proc").join(pid).exists());
        if gone {
            // Another test may be sweeping too.
            drop(ip(&["netns", "del", &name]));
        }
    }
}

/// The name of a namespace of this process.
pub(crate) fn name(rest: &str) -> String {
    format!("{PREFIX}{}-{rest}", std::process::id())
}

/// A namespace, which goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Namespace(String);

impl Namespace {
    pub(crate) fn new(name: &str) -> anyhow::Result<Self> {
        ip(&["netns", "add", name])?;
        Ok(Self(name.to_owned()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Runs `ip` in it.
    pub(crate) fn ip(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let all: Vec<_> = ["-n", self.name()].iter().chain(arguments).copied().collect();
        ip(&all)
    }

    /// Runs something on a thread of its own that is inside.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> std::io::Result<std::thread::JoinHandle<anyhow::Result<T>>> {
        let path = Path::new(DIRECTORY).join(self.name());
        std::thread::Builder::new().name("netns".to_owned()).spawn(move || {
            let namespace = File::open(&path).with_context(|| path.display().to_string())?;
            setns(namespace, CloneFlags::CLONE_NEWNET).context("cannot enter the namespace")?;
            what()
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(ip(&["netns", "del", self.name()]));
    }
}
