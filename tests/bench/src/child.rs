//! Processes that the bench starts: each ends with its value, also where a measurement fails.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    ops::{Deref, DerefMut},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context as _;
use serde_json::Value;

/// What a host says when the last of its plugins is compiled.
pub(crate) const COMPILED: &str = "all plugins compiled";

/// A process that is killed and reaped when it goes.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        command.spawn().map(Self)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

/// The binary beside this one, in a directory.
pub(crate) fn tandem(home: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("tandem"));
    command.current_dir(home);
    Ok(command)
}

/// A host on a port of its own, as `tandem.toml` of the directory says, once its plugins are compiled. It must log as JSON.
pub(crate) fn serve(home: &Path) -> anyhow::Result<(Running, SocketAddr)> {
    let mut child = Running::spawn(tandem(home)?.args(["serve", "--set", "server.port=0"]).stderr(Stdio::piped()))?;
    let mut lines = BufReader::new(child.stderr.take().context("standard error is piped")?).lines();
    let (mut address, mut compiled, mut said) = (None, false, String::new());
    for line in lines.by_ref() {
        said = line?;
        let entry: Value = serde_json::from_str(&said).unwrap_or_default();
        match entry.get("message").and_then(Value::as_str) {
            Some("listening") => address = entry.get("address").and_then(Value::as_str).map(str::parse).transpose()?,
            Some("ready") => compiled = entry.get("compiling").and_then(Value::as_u64) == Some(0),
            Some(COMPILED) => compiled = true,
            _ => {}
        }
        if compiled && address.is_some() {
            break;
        }
    }
    // Somebody has to read what it says.
    std::thread::spawn(move || lines.for_each(drop));
    Ok((child, address.with_context(|| format!("the host did not start: {said}"))?))
}

/// One of the compared servers, on so many threads.
pub(crate) fn server(kind: &str, threads: usize) -> anyhow::Result<(Running, SocketAddr)> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = Running::spawn(command.args(["server", kind, &threads.to_string()]).stdout(Stdio::piped()))?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("standard output is piped")?).read_line(&mut line)?;
    Ok((child, line.trim().parse()?))
}
