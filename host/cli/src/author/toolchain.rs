//! What a language's compiler needs on this machine, and the command for each thing that is not there.
//!
//! Only what the build cannot fetch by itself is asked for: packages of the project's language come with its first build. Nothing
//! is installed unless the author says so, and what runs is shown before.

use std::{
    env,
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use super::{language::Language, say};

/// The oldest releases that the SDKs work with.
const RUST: (u32, u32) = (1, 95);
const PYTHON: (u32, u32) = (3, 11);
const NODE: (u32, u32) = (20, 0);

/// What Rust components are compiled for.
const TARGET: &str = "wasm32-wasip2";

/// Something that is not there.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    what: String,
    /// A line for the shell, run in the project's directory.
    remedy: String,
}

/// Says what is missing, and installs it if the author wants that.
///
/// # Errors
/// Something is missing still.
pub(super) fn ready(language: Language, project: &Path, install: bool) -> anyhow::Result<()> {
    let missing = missing(language, project);
    if missing.is_empty() {
        return Ok(());
    }
    say!("A plugin in {language} needs what is not here:\n");
    for one in &missing {
        say!("  {}\n      {}\n", one.what, one.remedy);
    }
    if !install && !agreed()? {
        bail!("run these commands, or `tandem dev --install`, and start again");
    }
    for one in &missing {
        say!("$ {}", one.remedy);
        let mut command = Command::new("sh");
        command.args(["-c", &one.remedy]).current_dir(project).stdout(super::terminal());
        let status = command.status().context("cannot run sh")?;
        if !status.success() {
            bail!("`{}` failed: {} is still missing", one.remedy, one.what);
        }
    }
    match self::missing(language, project).first() {
        None => Ok(()),
        Some(still) => bail!("{} is still missing; a new terminal may see what was installed", still.what),
    }
}

fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut err = std::io::stderr().lock();
    write!(err, "Run these commands now? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn missing(language: Language, project: &Path) -> Vec<Missing> {
    let found = match language {
        Language::Rust => rust(),
        Language::Python => python(project),
        Language::Javascript => node(),
        Language::C => c(project),
    };
    found.into_iter().flatten().collect()
}

fn rust() -> Vec<Option<Missing>> {
    let Some(version) = version_of("rustc") else {
        let script = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y";
        let target = format!("{script} --target {TARGET}");
        return vec![need(false, "the Rust compiler and cargo", target), linker()];
    };
    let target = || lines_of("rustc", &["--print", "target-libdir", "--target", TARGET]);
    let installed = target().is_some_and(|directory| Path::new(directory.trim()).is_dir());
    let (major, minor) = RUST;
    vec![
        need(version >= RUST, format!("Rust {major}.{minor} or later"), "rustup update stable"),
        need(installed, format!("Rust's target {TARGET}"), format!("rustup target add {TARGET}")),
        linker(),
    ]
}

/// Macros run on this machine, and are linked for it.
fn linker() -> Option<Missing> {
    need(in_path("cc"), "a linker (cc)", packages("gcc libc6-dev", "gcc"))
}

fn python(project: &Path) -> Vec<Option<Missing>> {
    let version = version_of("python3");
    let (major, minor) = PYTHON;
    let new_enough = version.is_some_and(|version| version >= PYTHON);
    let mut needs = vec![need(
        new_enough,
        format!("Python {major}.{minor} or later (python3)"),
        packages("python3 python3-venv", "python"),
    )];
    if new_enough && !project.join(".venv").is_dir() && !in_path("componentize-py") {
        needs.push(venv());
    }
    needs
}

fn venv() -> Option<Missing> {
    let there = lines_of("python3", &["-c", "import ensurepip, venv"]).is_some();
    need(there, "Python's venv and pip", packages("python3-venv", "python"))
}

fn node() -> Vec<Option<Missing>> {
    let (major, _) = NODE;
    let what = format!("Node {major} or later (node)");
    let node = match version_of("node") {
        Some(version) => need(version >= NODE, what, "npm install --global n && n 22"),
        None => need(false, what, packages("nodejs npm", "node")),
    };
    vec![node, need(in_path("npm"), "npm", packages("npm", "node"))]
}

fn c(project: &Path) -> Vec<Option<Missing>> {
    let wasi_sdk = env::var_os("WASI_SDK_PATH").is_some();
    let debian = Path::new("/usr/lib/wasm32-wasi/libc.a").is_file() && in_path("clang");
    let zig = in_path("zig") || lines_of("python3", &["-c", "import ziglang"]).is_some();
    let own = project.join(".tools/zig/bin/python").is_file();
    let script = "python3 -m venv .tools/zig && .tools/zig/bin/python -m pip install ziglang";
    let mut needs = vec![need(
        wasi_sdk || debian || zig || own,
        "a C compiler for WebAssembly (WASI_SDK_PATH, clang with wasi-libc, or zig)",
        script,
    )];
    if needs.iter().any(Option::is_some) {
        needs.insert(0, venv());
    }
    if !(in_path("wasm-tools") && env::var_os("WASI_ADAPTER").is_some()) && env::var_os("TANDEM_JCO").is_none() {
        needs.extend(node());
    }
    needs
}

fn need(there: bool, what: impl Into<String>, remedy: impl Into<String>) -> Option<Missing> {
    if there { None } else { Some(Missing { what: what.into(), remedy: remedy.into() }) }
}

/// The command by which this system installs packages.
fn packages(debian: &str, homebrew: &str) -> String {
    if cfg!(target_os = "macos") {
        return format!("brew install {homebrew}");
    }
    let sudo = if rustix::process::geteuid().is_root() { "" } else { "sudo " };
    let (tool, names) = match ["apt-get", "dnf", "apk"].into_iter().find(|tool| in_path(tool)) {
        Some("dnf") => ("dnf install -y", homebrew),
        Some("apk") => ("apk add", homebrew),
        _ => ("apt-get install -y", debian),
    };
    format!("{sudo}{tool} {names}")
}

fn in_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|directory: PathBuf| directory.join(name)).any(|file| file.is_file())
}

fn lines_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn version_of(program: &str) -> Option<(u32, u32)> {
    version(&lines_of(program, &["--version"])?)
}

/// The first two numbers of `rustc 1.95.0 (…)`, `Python 3.12.1` or `v22.3.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut words = text.split_whitespace().map(|word| word.trim_start_matches('v'));
    let mut numbers = words.find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_tools_print_them() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)\n"), Some((1, 95)));
        assert_eq!(version("Python 3.11.2"), Some((3, 11)));
        assert_eq!(version("v20.19.2"), Some((20, 19)));
        assert_eq!(version("nothing"), None);
        assert!((3, 9) < PYTHON && (1, 100) > RUST, "compared as numbers");
    }
}
