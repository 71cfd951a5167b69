//! Compiling, within a budget.
//!
//! **Promises.** A component that takes long to compile holds up nobody who does not wait for it, and one that takes too much
//! is given up: it is compiled by a process of its own, of the host's own program ([`run`]), which can be killed at any time,
//! stands back behind what serves, and ends with the host. Compiling is where a component decides how much the host works, in
//! time and memory, before any of its limits count; and a fault of the compiler ends that process alone.
//!
//! **Bounds.** CPU time and memory of the process by [`CompileBudget`] (the kernel holds them: `RLIMIT_CPU`, `RLIMIT_DATA`),
//! wall time by [`WALL`] times the CPU time, the code that comes back by [`MAX_CODE`].
//!
//! What comes back is trusted as code that this process compiled: it is the same program, asked over a pipe that nobody else
//! has.

use std::{
    io::{self, Read, Write},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use crate::{config::EngineConfig, error::LoadError};

/// The largest code that is taken back, and held by the host for as long as it is written: some times what the largest of
/// real components, an interpreter of 40 MB, compiles to.
const MAX_CODE: usize = 512 << 20;
/// The largest component that is read; a package is no larger.
const MAX_COMPONENT: u64 = tandem_package::MAX_FILE as u64;
/// Wall time for each unit of CPU time. It stands back behind calls, which may take most of every core.
const WALL: u32 = 12;
/// How often it is looked whether it is done.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// How much it stands back, as in nice(2).
const NICE: i32 = 10;
/// What an answer begins with.
const CODE: u8 = 0;
const REFUSED: u8 = 1;

/// What compiling one component may take.
#[derive(Clone, Copy, Debug)]
pub struct CompileBudget {
    /// CPU time over all threads.
    pub cpu: Duration,
    /// Memory.
    pub memory: u64,
    /// How long one that is waited for may take ([`Engine::load`](crate::Engine::load)).
    pub patience: Duration,
}

/// Where components are compiled.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// In this process, for as long as it takes: for authors, who compile what is theirs.
    Here,
    /// In a process of this program, whose arguments are followed by an order for [`run`].
    Apart {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
        /// Its whole environment.
        environment: Vec<(String, String)>,
        /// What each may take.
        budget: CompileBudget,
    },
}

/// What is told to the process.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    max_instances: u32,
    max_memory: u64,
    cpu_seconds: u64,
    memory: u64,
}

/// Compiles one component, as a process that was started by an engine with [`Compiler::Apart`]: the component comes from
/// standard input, the code goes to standard output.
///
/// # Errors
/// The order is none, or a pipe is closed. What is wrong with the component is an answer.
pub fn run(order: &str) -> io::Result<()> {
    let order: Order = serde_json::from_str(order)?;
    // Set first: from here on the kernel ends it.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let limit = |resource, most: u64| {
        // Nobody may raise what the system allows already.
        let hard = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit { current: Some(most.min(hard)), maximum: Some(most.saturating_add(1).min(hard)) };
        rustix::process::setrlimit(resource, limit)
    };
    limit(Resource::Core, 0)?;
    limit(Resource::Cpu, order.cpu_seconds)?;
    // Where it is not allowed, it is not needed for anything but speed.
    let _slower = rustix::process::nice(NICE);
    let mut wasm = Vec::new();
    io::stdin().lock().take(MAX_COMPONENT).read_to_end(&mut wasm)?;
    let config = EngineConfig { max_instances: order.max_instances, max_memory: order.max_memory };
    let engine = wasmtime::Engine::new(&config.wasmtime());
    // What an engine maps for instances, and here never touches, is no memory of the compilation.
    limit(Resource::Data, mapped()?.saturating_add(order.memory))?;
    let compiled = engine.and_then(|engine| engine.precompile_component(&wasm));
    let (kind, answer) = match compiled {
        Ok(code) => (CODE, code),
        Err(error) => (REFUSED, format!("{error:#}").into_bytes()),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[kind])?;
    out.write_all(&answer)?;
    out.flush()
}

/// What `RLIMIT_DATA` counts of this process, in bytes.
fn mapped() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.map(|kib| kib.saturating_mul(1024)).ok_or_else(|| io::Error::other("/proc/self/status has no VmData"))
}

impl Compiler {
    /// Compiles while others wait: for [`CompileBudget::patience`] at most.
    pub(crate) fn briefly(
        &self,
        config: &EngineConfig,
        engine: &wasmtime::Engine,
        wasm: &[u8],
    ) -> Result<Vec<u8>, LoadError> {
        self.compile(config, engine, wasm, |budget| budget.patience)
    }

    /// Compiles with the whole budget.
    pub(crate) fn whole(
        &self,
        config: &EngineConfig,
        engine: &wasmtime::Engine,
        wasm: &[u8],
    ) -> Result<Vec<u8>, LoadError> {
        match self.compile(config, engine, wasm, |budget| budget.cpu.saturating_mul(WALL)) {
            Err(LoadError::Slow) => Err(LoadError::Budget("time", "plugins.compile-cpu")),
            other => other,
        }
    }

    fn compile(
        &self,
        config: &EngineConfig,
        engine: &wasmtime::Engine,
        wasm: &[u8],
        wall: fn(&CompileBudget) -> Duration,
    ) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::Here => engine.precompile_component(wasm).map_err(|error| LoadError::Compile(format!("{error:#}"))),
            Self::Apart { program, arguments, environment, budget } => {
                let order = Order {
                    max_instances: config.max_instances,
                    max_memory: config.max_memory,
                    cpu_seconds: budget.cpu.as_secs().max(1),
                    memory: budget.memory,
                };
                let mut command = Command::new(program);
                // Nothing of the host's environment is its business, secrets least of all.
                command.args(arguments).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
                let (end, answer) = ask(command, &order, wasm, wall(budget))
                    .map_err(|error| LoadError::Host(format!("the compiler cannot be started: {error}")))?;
                read(end, answer)
            }
        }
    }
}

/// Starts the process, and waits for its end for so long. Answers how it ended, if it did, and what it wrote.
fn ask(mut command: Command, order: &Order, wasm: &[u8], wall: Duration) -> io::Result<(Option<ExitStatus>, Vec<u8>)> {
    let mut child = command
        .arg(serde_json::to_string(order)?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    thread::scope(|scope| {
        // One that has ended reads no more; its end says why.
        scope.spawn(move || input.map(|mut input| input.write_all(wasm)));
        let reading = scope.spawn(move || {
            let mut bytes = Vec::new();
            let most = u64::try_from(MAX_CODE).unwrap_or(u64::MAX).saturating_add(2);
            let read = output.map_or(Ok(0), |output| output.take(most).read_to_end(&mut bytes));
            read.map(|_| bytes)
        });
        let end = wait(&mut child, wall);
        let bytes = reading.join().map_err(|_| io::Error::other("its output cannot be read"))??;
        Ok((end?, bytes))
    })
}

/// None when it had to be killed. It has ended in any case, and its pipes are closed.
fn wait(child: &mut Child, wall: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    while start.elapsed() < wall {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(POLL_INTERVAL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn read(end: Option<ExitStatus>, mut answer: Vec<u8>) -> Result<Vec<u8>, LoadError> {
    let Some(end) = end else { return Err(LoadError::Slow) };
    if answer.len() > MAX_CODE {
        return Err(LoadError::Compile(format!("it compiles to more than {} MiB", MAX_CODE >> 20)));
    }
    match (end.code(), answer.first()) {
        (Some(0), Some(&CODE)) => {
            answer.remove(0);
            Ok(answer)
        }
        (Some(0), Some(&REFUSED)) => {
            Err(LoadError::Compile(String::from_utf8_lossy(answer.get(1..).unwrap_or_default()).into_owned()))
        }
        _ => Err(match end.signal().and_then(Signal::from_named_raw) {
            Some(Signal::XCPU | Signal::KILL) => LoadError::Budget("CPU time", "plugins.compile-cpu"),
            // What a process does that gets no memory, or has no stack left.
            Some(Signal::ABORT) => LoadError::Budget("memory", "plugins.compile-memory"),
            _ => LoadError::Host(format!("the compiler failed: {end}")),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(patience: Duration) -> CompileBudget {
        CompileBudget { cpu: Duration::from_secs(1), memory: 1 << 30, patience }
    }

    /// A compiler that is a line of shell.
    fn script(line: &str, patience: Duration) -> Result<Vec<u8>, LoadError> {
        let arguments = vec!["-c".to_owned(), line.to_owned()];
        let (environment, budget) = (Vec::new(), budget(patience));
        let compiler = Compiler::Apart { program: "/bin/sh".into(), arguments, environment, budget };
        let (config, engine) = (EngineConfig::default(), wasmtime::Engine::default());
        compiler.briefly(&config, &engine, &[7; 100_000])
    }

    /// One that uses no CPU time is not ended by the kernel.
    #[test]
    fn a_compiler_that_does_nothing_is_ended_too() {
        let (arguments, environment) = (vec!["-c".to_owned(), "exec sleep 600".to_owned()], Vec::new());
        let budget = CompileBudget { cpu: Duration::from_millis(10), ..budget(Duration::from_secs(600)) };
        let compiler = Compiler::Apart { program: "/bin/sh".into(), arguments, environment, budget };
        let ended = compiler.whole(&EngineConfig::default(), &wasmtime::Engine::default(), b"");
        assert!(matches!(ended, Err(LoadError::Budget("time", "plugins.compile-cpu"))), "{ended:?}");
    }

    #[test]
    fn the_compiler_is_told_its_budget() {
        let order = script(r#"printf '\000%s' "$0""#, Duration::from_secs(60)).unwrap();
        let order: Order = serde_json::from_slice(&order).unwrap();
        assert_eq!((order.cpu_seconds, order.memory), (1, 1 << 30));
    }

    #[test]
    fn the_compiler_has_nothing_of_the_hosts_environment() {
        assert!(std::env::var_os("PATH").is_some(), "the test itself has some");
        let seen = script(r"printf '\000'; cat /proc/$$/environ", Duration::from_secs(60)).unwrap();
        assert_eq!(String::from_utf8_lossy(&seen), "");
    }

    #[test]
    fn each_end_of_the_compiler_has_its_error() {
        let long = Duration::from_secs(60);
        assert_eq!(script(r"cat >/dev/null; printf '\000code'", long).unwrap(), b"code");
        assert_eq!(script(r"printf '\000'", long).unwrap(), b"", "it may answer before it has read all");
        let refused = script(r"printf '\001no component'", long).unwrap_err();
        assert!(matches!(refused, LoadError::Compile(text) if text == "no component"));
        assert!(matches!(script("kill -ABRT $$", long), Err(LoadError::Budget("memory", _))));
        assert!(matches!(script("kill -XCPU $$", long), Err(LoadError::Budget("CPU time", _))));
        assert!(matches!(script("exit 3", long), Err(LoadError::Host(text)) if text.contains('3')));
        let start = Instant::now();
        assert!(matches!(script("exec sleep 600", Duration::from_millis(50)), Err(LoadError::Slow)));
        assert!(start.elapsed() < long, "it is killed");
        let (arguments, environment) = (Vec::new(), Vec::new());
        let nowhere = Compiler::Apart { program: "/nowhere".into(), arguments, environment, budget: budget(long) };
        let started = nowhere.whole(&EngineConfig::default(), &wasmtime::Engine::default(), b"");
        assert!(matches!(started, Err(LoadError::Host(text)) if text.contains("cannot be started")));
    }
}
