//! The process of a server that speaks over standard input and output.
//!
//! **Promises.** It has the environment of its configuration and nothing else, no descriptors but its three pipes (all others of the
//! host are closed on exec), and a process group of its own, which is killed whole when it ends, is unmounted, or the host stops.
//! Its standard error goes into the host's log.
//!
//! **Bounds.** Lines of the log, and their length.

use std::{
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tandem_config::UpstreamConfig;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
};

use crate::{
    error::UpstreamError,
    limits::{EXIT_GRACE, MAX_LOG_LINE, MAX_LOG_LINES},
    text::line,
};

/// A running server, with all processes of its group.
pub(crate) struct Process {
    child: Child,
    group: Option<Pid>,
}

impl Process {
    /// Starts it. Inside a runtime.
    pub(crate) fn start(
        name: &Arc<str>,
        upstream: &UpstreamConfig,
    ) -> Result<(Self, ChildStdout, ChildStdin), UpstreamError> {
        let [program, arguments @ ..] = &*upstream.command else {
            return Err(UpstreamError::Host("its command is empty".to_owned()));
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        command.envs(upstream.env.iter().map(|(name, value)| (name.as_str(), value.expose())));
        if let Some(cwd) = &upstream.cwd {
            command.current_dir(cwd);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let failed = |source| UpstreamError::Spawn { program: program.clone(), source };
        let mut child = command.spawn().map_err(failed)?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pipes = (child.stdout.take(), child.stdin.take(), child.stderr.take());
        let process = Self { child, group };
        let (Some(output), Some(input), Some(errors)) = pipes else {
            return Err(UpstreamError::Host("its process has no pipes".to_owned()));
        };
        tokio::spawn(log(name.clone(), errors));
        Ok((process, output, input))
    }

    /// Its id.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn exited(&mut self) -> UpstreamError {
        UpstreamError::Exited(match self.child.wait().await {
            Ok(status) => status_text(status),
            Err(error) => error.to_string(),
        })
    }

    /// Gives it a moment to end after its input was closed, and kills what is left of its group.
    pub(crate) async fn end(mut self) {
        drop(tokio::time::timeout(EXIT_GRACE, self.child.wait()).await);
        self.kill();
        drop(self.child.wait().await);
    }

    /// A group has its number as long as one process is in it: what was reaped before leaves nothing behind to hit.
    fn kill(&mut self) {
        if let Some(group) = self.group.take() {
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn status_text(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown status".to_owned(),
    }
}

/// Puts a server's standard error into the host's log, line by line, until it is closed.
async fn log(name: Arc<str>, errors: ChildStderr) {
    let mut errors = BufReader::new(errors);
    let (mut bytes, mut cut) = (Vec::new(), false);
    let mut budget = Budget::new();
    loop {
        let (used, ended) = match errors.fill_buf().await {
            Ok([]) | Err(_) => break,
            Ok(chunk) => {
                let end = chunk.iter().position(|byte| *byte == b'\n');
                let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
                let room = MAX_LOG_LINE.saturating_sub(bytes.len());
                cut |= part.len() > room;
                bytes.extend(part.iter().take(room));
                (part.len() + usize::from(end.is_some()), end.is_some())
            }
        };
        errors.consume(used);
        if ended {
            budget.log(&name, &bytes, cut);
            (bytes, cut) = (Vec::new(), false);
        }
    }
    if !bytes.is_empty() {
        budget.log(&name, &bytes, cut);
    }
}

/// What may be logged in this minute.
struct Budget {
    since: Instant,
    lines: u32,
    dropped: u64,
}

impl Budget {
    fn new() -> Self {
        Self { since: Instant::now(), lines: 0, dropped: 0 }
    }

    fn log(&mut self, upstream: &str, bytes: &[u8], cut: bool) {
        if self.since.elapsed() >= Duration::from_secs(60) {
            if self.dropped > 0 {
                tracing::warn!(target: "tandem::upstream", upstream, dropped = self.dropped, "upstream log: lines dropped");
            }
            *self = Self::new();
        }
        if self.lines == MAX_LOG_LINES {
            self.dropped += 1;
            return;
        }
        self.lines += 1;
        let text = line(&String::from_utf8_lossy(bytes), MAX_LOG_LINE);
        tracing::info!(target: "tandem::upstream", upstream, cut, "{text}");
    }
}
