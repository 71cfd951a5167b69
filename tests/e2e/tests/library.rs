//! The categories that ship: their own cases in the sandbox, what `tandem plugin check` says of them, and the table of all tools.
//!
//! A plugin with cases in `plugins/NAME/tests/*.toml` is tested here as an author tests his, on the file that ships.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use serde_json::Value;
use tandem_harness::{binary, plugin, root};
use tandem_package::{FsMode, Package, Request, SignaturePolicy};
use tandem_runtime::files::trust_roots;
use tokio::process::Command;

/// Set by `make docs`: the table is written instead of compared.
const WRITE: &str = "TANDEM_WRITE_DOCS";

/// The plugins that ship, by name.
fn shipped() -> anyhow::Result<Vec<(String, PathBuf)>> {
    let entries = std::fs::read_dir(root().join("plugins"))?.flatten().map(|entry| entry.path());
    let projects = entries.filter(|path| path.join("plugin.toml").is_file());
    let named = projects.filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)));
    let mut all: Vec<_> = named.collect();
    all.sort();
    ensure!(all.len() >= 7, "no plugins found: {all:?}");
    Ok(all)
}

fn opened(name: &str) -> anyhow::Result<Package> {
    let file = std::fs::read(plugin(name)?)?;
    let key = root().join("keys/dev.pub");
    Ok(Package::open(&file, &trust_roots([key.as_path()].into_iter())?, SignaturePolicy::Required)?)
}

/// What a command prints. It compiles plugins on all cores: it stands back for tests that look at how long an answer takes.
async fn tandem(arguments: &[&str]) -> anyhow::Result<Value> {
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(binary()).args(arguments).kill_on_drop(true);
    let output = command.output().await?;
    let said = || format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).with_context(said)
}

/// The files with a plugin's cases.
fn cases(project: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(project.join("tests")).into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect()
}

/// The plugins that have cases.
fn with_cases() -> anyhow::Result<impl Iterator<Item = (String, PathBuf)>> {
    Ok(shipped()?.into_iter().filter(|(_, project)| !cases(project).is_empty()))
}

/// Each tool's cases that want an answer, and those that want an error.
fn covered(project: &Path) -> anyhow::Result<BTreeMap<String, (usize, usize)>> {
    let mut tools = BTreeMap::<String, (usize, usize)>::new();
    for path in cases(project) {
        let document: toml::Table = toml::from_str(&std::fs::read_to_string(&path)?)?;
        for case in document.get("case").and_then(toml::Value::as_array).into_iter().flatten() {
            let tool = case.get("tool").and_then(toml::Value::as_str).context("a case without a tool")?;
            let count = tools.entry(tool.to_owned()).or_default();
            match case.get("expect").and_then(|expect| expect.get("error")) {
                Some(_) => count.1 += 1,
                None => count.0 += 1,
            }
        }
    }
    Ok(tools)
}

/// Runs the cases of the plugins whose place in the order leaves `rest` when divided by two: two tests share them.
async fn pass_their_cases(rest: usize) -> anyhow::Result<()> {
    let mut wrong = String::new();
    for (_, (name, project)) in with_cases()?.enumerate().filter(|(at, _)| at % 2 == rest) {
        let (file, project) = (plugin(&name)?.display().to_string(), project.display().to_string());
        let all = tandem(&["plugin", "test", "--json", "--plugin", &file, &project]).await?;
        let cases = all["cases"].as_array().context("no cases")?;
        for case in cases.iter().filter(|case| case["passed"] != true) {
            writeln!(wrong, "{name}: {}: {:#} {:#}", case["name"], case["failures"], case["log"])?;
        }
        ensure!(!cases.is_empty() && all["left_out"] == 0, "{name}: {all:#}");
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

#[tokio::test]
async fn the_categories_pass_their_own_cases_in_the_sandbox() -> anyhow::Result<()> {
    pass_their_cases(0).await
}

#[tokio::test]
async fn the_other_categories_pass_their_own_cases_in_the_sandbox() -> anyhow::Result<()> {
    pass_their_cases(1).await
}

#[test]
fn every_tool_of_a_category_with_cases_has_one_that_succeeds_and_one_that_fails() -> anyhow::Result<()> {
    let mut missing = Vec::new();
    for (name, project) in with_cases()? {
        let covered = covered(&project)?;
        for tool in &opened(&name)?.descriptors.tools {
            let (succeed, fail) = covered.get(&tool.name).copied().unwrap_or_default();
            let parameters = tool.input_schema["properties"].as_object().is_some_and(|all| !all.is_empty());
            if succeed == 0 || (parameters && fail == 0) {
                missing.push(format!("{}: {succeed} succeed, {fail} fail", tool.name));
            }
        }
    }
    ensure!(missing.is_empty(), "{missing:#?}");
    Ok(())
}

#[tokio::test]
async fn no_shipped_plugin_has_an_error_or_a_warning() -> anyhow::Result<()> {
    for (name, _) in shipped()? {
        let all = tandem(&["plugin", "check", "--strict", "--json", &plugin(&name)?.display().to_string()]).await?;
        assert_eq!((all["errors"].as_u64(), all["warnings"].as_u64()), (Some(0), Some(0)), "{name}: {all:#}");
    }
    Ok(())
}

/// What a category needs to be granted, in a few words.
fn grants(request: &Request) -> String {
    let mut all: Vec<String> = Vec::new();
    all.extend(request.fs.iter().map(|fs| match fs.mode {
        FsMode::ReadOnly => format!("`fs.{}` (read-only)", fs.name),
        FsMode::ReadWrite => format!("`fs.{}` (read-write)", fs.name),
    }));
    let named = [
        (!request.http.is_empty(), "`http`"),
        (!request.env.is_empty(), "`env`"),
        (!request.secrets.is_empty(), "`secrets`"),
        (request.cache.on().is_some(), "`cache`"),
        (request.kv.on().is_some(), "`kv`"),
        (request.invoke.on().is_some(), "`invoke`"),
    ];
    all.extend(named.into_iter().filter(|(has, _)| *has).map(|(_, name)| name.to_owned()));
    all.extend(request.p2p.iter().map(|interface| format!("`{}`", interface.name)));
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// The first sentence, in one line of a table.
fn sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    let end = line.match_indices(". ").map(|(at, _)| at + 1).find(|at| !line[..*at].ends_with("e.g."));
    end.map_or(line.clone(), |at| line[..at].to_owned())
}

fn table() -> anyhow::Result<String> {
    let mut text = String::new();
    let (mut categories, mut tools, mut names) = (0, 0, BTreeSet::new());
    for (name, _) in shipped()? {
        let Package { manifest, descriptors, .. } = opened(&name)?;
        categories += 1;
        writeln!(text, "\n## {}\n\n{}", manifest.category(), manifest.plugin.description.trim())?;
        writeln!(text, "[How to use it](../../plugins/{name}/README.md). Requests: {}.\n", grants(&manifest.request))?;
        writeln!(text, "| Tool | Older names | What it does |\n|---|---|---|")?;
        for tool in &descriptors.tools {
            let public = manifest.public_name(&tool.name);
            let aliases = manifest.aliases(&public).iter().map(|alias| format!("`{}`", alias.name));
            let aliases = aliases.collect::<Vec<_>>().join(", ");
            writeln!(text, "| `{public}` | {aliases} | {} |", sentence(&tool.description))?;
            tools += 1;
            ensure!(names.insert(public.clone()), "two tools are called {public}");
        }
    }
    let head = format!(
        "# Tools\n\nThe categories that ship, {categories} of them with {tools} tools, from their signed descriptors: written by `make docs`. A client \
         finds tools with `tools_search`, and the parameters of one with `tools_get_schema`. A tool answers to its older names too; they are not \
         listed. What a category requests is granted in `[grants.NAME]` ([grants](../guides/grants.md)).\n"
    );
    Ok(head + &text)
}

#[test]
fn the_table_of_tools_is_current() -> anyhow::Result<()> {
    let (path, generated) = (root().join("docs/reference/tools.md"), table()?);
    if std::env::var_os(WRITE).is_some() {
        return Ok(std::fs::write(&path, generated)?);
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = committed.lines().zip(generated.lines()).find(|(old, new)| old != new);
    assert!(
        committed == generated,
        "docs/reference/tools.md is out of date, run `make docs`; first difference: {differs:?}"
    );
    Ok(())
}
