//! `tandem plugin test` and `tandem plugin check`, on components that were built for other tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use anyhow::{Context, ensure};
use serde_json::Value;
use tandem_harness::{binary, root};
use tempfile::TempDir;
use tokio::process::Command;

/// A project whose component is built already.
struct Project {
    home: TempDir,
}

impl Project {
    fn of(guest: &str) -> anyhow::Result<Self> {
        let home = TempDir::new()?;
        for directory in ["build", "tests"] {
            fs::create_dir(home.path().join(directory))?;
        }
        let component = format!("target/wasm32-wasip2/guest/guest_{}.wasm", guest.replace('-', "_"));
        let component = root().join(component);
        fs::copy(&component, home.path().join("build/plugin.wasm"))
            .with_context(|| format!("there is no {}; run `make plugins`", component.display()))?;
        fs::copy(root().join(format!("tests/guests/{guest}/plugin.toml")), home.path().join("plugin.toml"))?;
        let project = Self { home };
        project.write("build.sh", "exit 1\n")?.write("plugin.c", "")?;
        Ok(project)
    }

    fn write(&self, file: &str, text: &str) -> anyhow::Result<&Self> {
        fs::write(self.home.path().join(file), text)?;
        Ok(self)
    }

    async fn tandem(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.home.path()).env("TANDEM_SDK", root().join("sdk"));
        Ok(command.kill_on_drop(true).output().await?)
    }

    /// Runs the cases; answers what `--json` says.
    async fn test(&self, cases: &str, arguments: &[&str]) -> anyhow::Result<Value> {
        self.write("tests/tools.toml", cases)?;
        let output = self.tandem(&[&["test", "--no-build", "--json"], arguments].concat()).await?;
        let all: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("it printed no JSON: {}", String::from_utf8_lossy(&output.stderr)))?;
        let failed = all["failed"].as_u64().unwrap_or_default();
        assert_eq!(output.status.code(), Some(if failed == 0 { 0 } else { 1 }), "{all:#}");
        Ok(all)
    }

    /// Runs cases that all must pass.
    async fn passes(&self, cases: &str) -> anyhow::Result<()> {
        let all = self.test(cases, &[]).await?;
        ensure!(all["failed"] == 0 && all["passed"].as_u64() > Some(0), "{all:#}");
        Ok(())
    }
}

fn failure<'a>(all: &'a Value, case: &str) -> &'a str {
    let case = all["cases"].as_array().unwrap().iter().find(|one| one["name"] == case).unwrap();
    case["failures"][0].as_str().unwrap_or("")
}

#[tokio::test]
async fn http_is_what_was_recorded_and_still_by_grant() -> anyhow::Result<()> {
    let project = Project::of("fetcher")?;
    project.write("tests/page.html", "<p>hello</p>")?;
    let cases = r#"
        grants = { http = ["api.example.com"], secrets = { api-token = "s3cret" } }
        http = [
            { url = "https://api.example.com/page", file = "tests/page.html" },
            { url = "https://api.example.com/json", status = 201, json = { a = 1 } },
            { url = "https://api.example.com/slow", fault = "timeout" },
            { url = "https://api.example.com/keyed?key=s3cret", body = "the secret took its place" },
        ]
        [[case]]
        name = "a file"
        tool = "fetch"
        arguments = { url = "https://api.example.com/page" }
        expect = { structured = { status = 200, body = "<p>hello</p>" }, requested = ["https://api.example.com/page"] }
        [[case]]
        name = "json"
        tool = "fetch"
        arguments = { url = "https://api.example.com/json" }
        expect = { structured = { status = 201, body = '{"a":1}' } }
        [[case]]
        name = "a fault"
        tool = "fetch"
        arguments = { url = "https://api.example.com/slow" }
        expect = { error = "unavailable" }
        [[case]]
        name = "a secret"
        tool = "fetch_with_secret"
        arguments = { url = "https://api.example.com/keyed", secret = "api-token" }
        expect = { at = { "/body" = "the secret took its place" } }
        [[case]]
        name = "denied"
        tool = "fetch"
        arguments = { url = "https://api.example.com/page" }
        grants = {}
        expect = { error = "unavailable", contains = "HttpRequestDenied", requested = [] }
        [[case]]
        name = "not recorded"
        tool = "fetch"
        arguments = { url = "https://api.example.com/other" }
        expect = { error = "unavailable", contains = "no answer is recorded" }
    "#;
    project.passes(cases).await
}

#[tokio::test]
async fn time_and_chance_stand_where_a_case_puts_them() -> anyhow::Result<()> {
    let project = Project::of("clock")?;
    let case = |name: &str, seed: u32, secret: &str| {
        format!(
            "[[case]]\nname = \"{name}\"\ntool = \"time_and_chance\"\nclock = 2026-01-31T12:00:00Z\nseed = {seed}\n\
             expect = {{ at = {{ \"/now\" = \"1769860800000000000\", \"/secret\" = \"{secret}\" }} }}\n"
        )
    };
    // Which numbers follow from a seed may change with any release: the first run tells.
    let told = project.test(&case("a", 7, "?"), &[]).await?;
    let failed = failure(&told, "a");
    let secret = failed.lines().last().unwrap_or("").trim_start_matches("+ ").trim_matches('"').to_owned();
    assert!(failed.starts_with("at /secret") && secret.len() == 32, "only chance differs: {failed}");
    let all = project.test(&format!("{}{}", case("again", 7, &secret), case("other", 8, &secret)), &[]).await?;
    assert_eq!((failure(&all, "again"), all["passed"].as_u64()), ("", Some(1)), "{all:#}");
    assert!(failure(&all, "other").starts_with("at /secret"));
    Ok(())
}

#[tokio::test]
async fn each_case_has_a_store_of_its_own() -> anyhow::Result<()> {
    let cases = r#"
        kv = { shared = "by all" }
        [[case]]
        name = "sets"
        tool = "kv_set"
        arguments = { key = "a", value = "1" }
        expect = { kv = { a = 1, shared = "by all", b = false } }
        [[case]]
        name = "sees nothing of the other"
        tool = "kv_get"
        arguments = { key = "a" }
        expect = { structured = { result = "none" } }
        [[case]]
        name = "has what it is given"
        tool = "kv_get"
        arguments = { key = "b" }
        kv = { b = { c = 1 } }
        expect = { partial = { result = '{"c":1}' } }
        [[case]]
        name = "is denied"
        tool = "kv_set"
        arguments = { key = "a", value = "1" }
        grants = { kv = false }
        expect = { error = "denied" }
    "#;
    let all = Project::of("kv-user")?.test(cases, &[]).await?;
    assert_eq!((all["passed"].as_u64(), all["failed"].as_u64()), (Some(3), Some(1)), "{all:#}");
    let failed = failure(&all, "sees nothing of the other");
    assert!(failed.contains("-   \"result\": \"none\"") && failed.contains("+   \"result\": null"), "{failed}");
    Ok(())
}

#[tokio::test]
async fn the_clients_and_other_tools_answers_are_the_cases() -> anyhow::Result<()> {
    let asker = r#"
        [[case]]
        name = "answers"
        tool = "ask_person"
        answers = { person = { action = "accept", content = { name = "Ada", age = 36 } } }
        expect = { text = "Ada, 36" }
        [[case]]
        name = "cannot ask"
        tool = "ask_person"
        expect = { error = "missing-capability" }
    "#;
    Project::of("asker")?.passes(asker).await?;
    let caller = r#"
        tools = { weather = { celsius = 21 }, broken = { error = "no" } }
        [[case]]
        name = "answers"
        tool = "call_other"
        arguments = { tool = "weather", arguments = {} }
        expect = { contains = "21" }
        [[case]]
        name = "fails"
        tool = "call_other"
        arguments = { tool = "broken", arguments = {} }
        expect = { error = "failed", contains = "no" }
        [[case]]
        name = "is not there"
        tool = "call_other"
        arguments = { tool = "none", arguments = {} }
        expect = { error = "not-found" }
    "#;
    Project::of("caller")?.passes(caller).await
}

#[tokio::test]
async fn limits_deadlines_and_giving_up_are_outcomes() -> anyhow::Result<()> {
    let cases = r#"
        [[case]]
        name = "the deadline"
        tool = "spin"
        deadline = "100ms"
        expect = { error = "timeout" }
        [[case]]
        name = "given up"
        tool = "spin"
        cancel-after = "50ms"
        expect = { error = "cancelled" }
        [[case]]
        name = "wrong arguments"
        tool = "spin_ms"
        arguments = { ms = "x" }
        expect = { error = "invalid-arguments", contains = "/ms" }
        [[case]]
        name = "no such tool"
        tool = "spun"
        expect = { error = "unknown-tool", contains = "spin_ms" }
    "#;
    let project = Project::of("spin")?;
    project.passes(cases).await?;
    let some = project.test(cases, &["--filter", "deadline"]).await?;
    assert_eq!((some["passed"].as_u64(), some["left_out"].as_u64()), (Some(1), Some(3)));
    Ok(())
}

#[tokio::test]
async fn a_limit_that_is_hit_is_named() -> anyhow::Result<()> {
    let case = |tool: &str, limit: &str| {
        format!(
            "[[case]]\nname = \"the limit\"\ntool = \"{tool}\"\nexpect = {{ error = \"limit:{limit}\" }}\n\
             [[case]]\nname = \"any limit\"\ntool = \"{tool}\"\nexpect = {{ error = \"limit\", contains = \"{limit}\" }}\n"
        )
    };
    let project = Project::of("spin")?;
    let manifest = fs::read_to_string(project.home.path().join("plugin.toml"))?;
    // Little CPU time, and all the time of a busy machine to have it.
    project.write("plugin.toml", &manifest.replace("\"2s\"", "\"60s\"").replace("500ms", "20ms"))?;
    project.passes(&case("spin", "cpu")).await?;
    let project = Project::of("grow-memory")?;
    project.passes(&case("grow_memory", "memory")).await?;
    // What just fits is no limit: the manifest's counts, not the host's.
    let fits = "[[case]]\nname = \"a\"\ntool = \"allocate\"\narguments = { bytes = 4194304 }\nexpect = { structured = { result = 4194304 } }\n";
    project.passes(fits).await?;
    let manifest = fs::read_to_string(project.home.path().join("plugin.toml"))?;
    project.write("plugin.toml", &manifest.replace("8MiB", "3MiB"))?;
    let all = project.test(fits, &[]).await?;
    assert!(failure(&all, "a").starts_with("expected a result, and got the error"), "{all:#}");
    Ok(())
}

#[tokio::test]
async fn whoever_stops_a_test_ends_its_build() -> anyhow::Result<()> {
    let project = Project::of("spin")?;
    let case = "[[case]]\nname = \"a\"\ntool = \"spin\"\nexpect = { error = \"limit\" }\n";
    project.write("Cargo.toml", "")?.write("tests/tools.toml", case)?;
    project.write("build.sh", "echo $$ > build/started\nexec sleep 600\n")?;
    let mut command = Command::new(binary());
    command.arg("test").current_dir(project.home.path()).env("TANDEM_SDK", root().join("sdk"));
    let mut child = command.stdin(std::process::Stdio::null()).kill_on_drop(true).spawn()?;
    let mut build = String::new();
    for _ in 0..1_200 {
        build = fs::read_to_string(project.home.path().join("build/started")).unwrap_or_default();
        if build.ends_with('\n') {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let stat = Path::new("/proc").join(build.trim()).join("stat");
    // One that waits for its parent to ask has ended.
    let runs = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    ensure!(!build.is_empty() && runs(), "no build runs: `{build}`");
    Command::new("kill").args(["-TERM", &child.id().context("it has ended")?.to_string()]).status().await?;
    let status = tokio::time::timeout(Duration::from_secs(60), child.wait()).await??;
    ensure!(!status.success(), "{status}");
    for _ in 0..1_200 {
        if !runs() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the build goes on after its end")
}

#[tokio::test]
async fn failures_are_shown_as_differences() -> anyhow::Result<()> {
    let project = Project::of("spin")?;
    let case = |expect: &str| {
        format!("[[case]]\nname = \"a\"\ntool = \"spin_ms\"\narguments = {{ ms = 0 }}\nexpect = {expect}\n")
    };
    project.write("tests/tools.toml", &case("{ structured = { result = 1 } }"))?;
    let output = project.tandem(&["test", "--no-build"]).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    for line in ["FAIL  tests/tools.toml: a (", "-   \"result\": 1", "+   \"result\": 0", "0 passed, 1 failed"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    project.write("tests/tools.toml", &case("{ strucured = 1 }"))?;
    let output = project.tandem(&["test", "--no-build"]).await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("case 1 (`a`)") && said.contains("strucured"), "{said}");
    Ok(())
}

async fn found(project: &Project, path: &Path) -> anyhow::Result<(Option<i32>, Vec<(String, String, String)>)> {
    let output = project.tandem(&["check", "--json", &path.display().to_string()]).await?;
    let all: Value =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or("").to_owned();
    let findings = all["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| !text(finding, "remedy").is_empty()), "{all:#}");
    let shown = findings.iter().map(|f| (text(f, "severity"), text(f, "place"), text(f, "message"))).collect();
    Ok((output.status.code(), shown))
}

fn has(all: &[(String, String, String)], severity: &str, place: &str, message: &str) -> bool {
    all.iter().any(|(s, p, m)| s == severity && p == place && m.contains(message))
}

#[tokio::test]
async fn what_troubles_others_is_found_with_its_place() -> anyhow::Result<()> {
    let project = Project::of("spin")?;
    let here = PathBuf::from(".");
    let (code, all) = found(&project, &here).await?;
    assert!(code == Some(0) && !all.iter().any(|(severity, ..)| severity == "error"), "{all:?}");
    let manifest = r#"
        [plugin]
        name = "other"
        version = "0.1.0"
        description = "Asks for too much."
        [limits]
        memory = "512MiB"
        [request]
        kv = true
        http = [{ host = "example.com" }]
    "#;
    project.write("plugin.toml", manifest)?;
    let (code, all) = found(&project, &here).await?;
    assert_eq!(code, Some(0), "warnings do not fail");
    assert!(has(&all, "warning", "limits.memory", "asks for 512MiB"), "{all:?}");
    assert!(has(&all, "warning", "request", "`kv` is requested and"), "{all:?}");
    assert!(has(&all, "note", "request", "`http example.com` has no reason"), "{all:?}");
    assert!(has(&all, "note", "spin", "does not begin with the plugin's"), "{all:?}");
    let strict = project.tandem(&["check", "--strict"]).await?;
    assert_eq!(strict.status.code(), Some(1));
    project.write("plugin.toml", &manifest.replace("512MiB", "64KiB"))?;
    let (code, all) = found(&project, &here).await?;
    assert!(code == Some(1) && has(&all, "error", "limits.memory", "no instance starts"), "{all:?}");
    Ok(())
}

#[tokio::test]
async fn a_strangers_functions_are_its_tools_and_what_is_none_is_noted() -> anyhow::Result<()> {
    let (code, all) = found(&Project::of("stranger")?, Path::new(".")).await?;
    assert!(code == Some(0) && !all.iter().any(|(severity, ..)| severity == "error"), "{all:?}");
    assert!(has(&all, "note", "exports", "is not a tool:"), "{all:?}");
    assert!(!all.iter().any(|(_, _, message)| message.contains("no host calls it")), "{all:?}");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_plugin_is_an_error_that_says_what_it_is() -> anyhow::Result<()> {
    let project = Project::of("spin")?;
    project.write("text.wasm", "hello")?;
    let (code, all) = found(&project, Path::new("text.wasm")).await?;
    assert!(code == Some(1) && has(&all, "error", "file", "no WebAssembly"), "{all:?}");
    fs::write(project.home.path().join("module.wasm"), b"\0asm\x01\0\0\0")?;
    let (code, all) = found(&project, Path::new("module.wasm")).await?;
    assert!(code == Some(1) && has(&all, "error", "file", "a core module"), "{all:?}");
    Ok(())
}
