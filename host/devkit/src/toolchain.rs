//! What a language's compiler needs on this machine, and the command for each thing that is not there.
//!
//! Only what the build cannot fetch by itself is asked for: packages of the project's language come with its first build. Nothing
//! is installed unless the author says so, and what runs is shown before.

use std::{
    env, fs,
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use super::{
    language::Language,
    terminal::{child_output, say},
};

/// The oldest releases that the SDKs work with.
const RUST: (u32, u32) = (1, 95);
const PYTHON: (u32, u32) = (3, 11);
const NODE: (u32, u32) = (20, 0);

/// Debian's C library for WebAssembly, and the compilers that go with it, as the C SDK's `build.sh` looks for them.
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi/libc.a";
const CLANGS: [&str; 6] = ["clang", "clang-21", "clang-20", "clang-19", "clang-18", "clang-17"];
const C_COMPILER: &str = "a C compiler for WebAssembly: zig, a WASI SDK (WASI_SDK_PATH), or Debian's clang \
                          (apt-get install clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc)";

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
    say!("Missing build tools for {language}:\n");
    for one in &missing {
        say!("  {}\n      {}\n", one.what, one.remedy);
    }
    if !install && !agreed()? {
        bail!("run these commands, or `tandem plugin dev --install`, and start again");
    }
    for one in &missing {
        say!("$ {}", one.remedy);
        let mut command = Command::new("sh");
        command.args(["-c", &one.remedy]).current_dir(project).stdout(child_output());
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
    let mut err = crate::terminal::err();
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
    if new_enough && !project.join(".venv").is_dir() && (!in_path("componentize-py") || has_packages(project)) {
        needs.push(venv());
    }
    needs
}

/// Whether a project needs more than the SDK from PyPI, as the template's `build.sh` sees it.
fn has_packages(project: &Path) -> bool {
    let requirements = fs::read_to_string(project.join("requirements.txt")).unwrap_or_default();
    let lines = requirements.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).any(|line| !line.starts_with("tandem-sdk"))
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
    let mut needs = c_compiler(project);
    let componentizes = is_set("TANDEM_JCO") || (in_path("wasm-tools") && is_set("WASI_ADAPTER"));
    if !componentizes {
        needs.extend(node());
    }
    needs
}

/// Looks where the SDK's `build.sh` looks, in its order.
fn c_compiler(project: &Path) -> Vec<Option<Missing>> {
    if is_set("WASI_SDK_PATH") {
        return Vec::new();
    }
    let debian = !is_set("TANDEM_ZIG") && Path::new(WASI_LIBC).is_file();
    let clangs: Vec<_> = CLANGS.iter().filter(|_| debian).filter_map(|name| Clang::find(name)).collect();
    let own = || project.join(".tools/zig/bin/python").is_file();
    let zig = || in_path("zig") || own() || lines_of("python3", &["-c", "import ziglang"]).is_some();
    let script = "python3 -m venv .tools/zig && .tools/zig/bin/python -m pip install ziglang";
    match lacking(&clangs, zig) {
        Lacking::Nothing => Vec::new(),
        Lacking::Package(what, package) => vec![need(false, what, packages(&package, &package))],
        Lacking::Compiler => vec![venv(), need(false, C_COMPILER, script)],
    }
}

/// A clang that is here, beside Debian's C library for WebAssembly.
struct Clang {
    name: &'static str,
    /// As Debian's packages have it.
    release: u32,
    builtins: bool,
    linker: bool,
}

impl Clang {
    fn find(name: &'static str) -> Option<Self> {
        let (release, _) = version_of(name)?;
        let ask = |question| lines_of(name, &["--target=wasm32-wasi", question]).unwrap_or_default();
        let builtins = Path::new(ask("--print-libgcc-file-name").trim()).is_file();
        // A program that clang does not find has no directory.
        let linker = in_path("wasm-ld") || Path::new(ask("--print-prog-name=wasm-ld").trim()).is_absolute();
        Some(Self { name, release, builtins, linker })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Lacking {
    Nothing,
    /// What it is, and Debian's package of it.
    Package(String, String),
    Compiler,
}

fn lacking(clangs: &[Clang], zig: impl FnOnce() -> bool) -> Lacking {
    // The build takes the first that has its builtins, with or without a linker.
    if let Some(Clang { name, release, linker, .. }) = clangs.iter().find(|clang| clang.builtins) {
        return match linker {
            true => Lacking::Nothing,
            false => Lacking::Package(format!("{name}'s linker for WebAssembly (wasm-ld)"), format!("lld-{release}")),
        };
    }
    match clangs.first() {
        _ if zig() => Lacking::Nothing,
        Some(Clang { name, release, .. }) => Lacking::Package(
            format!("{name}'s builtins for WebAssembly (libclang_rt.builtins-wasm32.a)"),
            format!("libclang-rt-{release}-dev-wasm32"),
        ),
        None => Lacking::Compiler,
    }
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

/// As a shell's `${name:-}` sees it.
fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
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

    #[test]
    fn a_clang_needs_its_builtins_and_its_linker_as_the_build_takes_it() {
        let clang = |name, release, builtins, linker| Clang { name, release, builtins, linker };
        let package = |lacking| match lacking {
            Lacking::Package(_, package) => package,
            other => format!("{other:?}"),
        };
        let bare = || clang("clang", 14, false, true);
        for (clangs, zig, lacks) in [
            (vec![], true, "Nothing"),
            (vec![], false, "Compiler"),
            (vec![bare(), clang("clang-19", 19, true, true)], false, "Nothing"),
            (vec![bare(), clang("clang-19", 19, true, false)], true, "lld-19"),
            (vec![bare()], true, "Nothing"),
            (vec![bare(), clang("clang-17", 17, false, true)], false, "libclang-rt-14-dev-wasm32"),
        ] {
            assert_eq!(package(lacking(&clangs, || zig)), lacks);
        }
    }

    #[test]
    fn the_c_sdk_builds_with_the_compilers_that_are_looked_for() {
        let script = include_str!("../../../sdk/c/build.sh");
        assert!(script.contains(&format!("for clang in {};", CLANGS.join(" "))));
        let packages = C_COMPILER.split(['(', ')']).nth(3).unwrap();
        assert!(script.contains(WASI_LIBC) && script.contains(packages), "{packages}");
    }
}
