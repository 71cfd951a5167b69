//! What an author does: `tandem plugin new`, then `tandem plugin dev`, then a client calls, and an edit is live.
//!
//! Rust runs with all other tests. The other languages need their tools from the registries: `make sdk-test` names them in
//! `TANDEM_AUTHOR_LANGUAGES`.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tandem_harness::{Client, binary, connect, root};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
};

use crate::tutorial::Tutorial;

/// A first build compiles the SDK, or fetches a compiler, on a machine that has other things to do.
const FIRST: Duration = Duration::from_secs(900);
/// A later one.
pub(crate) const NEXT: Duration = Duration::from_secs(300);

/// What an author changes in a language.
struct Edit {
    language: &'static str,
    file: &'static str,
    /// What is there, and what is put there instead.
    from: &'static str,
    to: &'static str,
    /// What its compiler prints of a brace too many.
    complaint: &'static str,
}

const EDITS: [Edit; 4] = [
    Edit {
        language: "rust",
        file: "src/lib.rs",
        from: "letters, longest:",
        to: "letters: letters + 1000, longest:",
        complaint: "error: unexpected closing delimiter: `}`",
    },
    Edit {
        language: "python",
        file: "plugin.py",
        from: "return Count(len(words), ",
        to: "return Count(len(words), 1000 + ",
        complaint: "SyntaxError: unmatched '}'",
    },
    Edit {
        language: "javascript",
        file: "plugin.js",
        from: "letters: [...text",
        to: "letters: 1000 + [...text",
        complaint: "[ERROR] Unexpected \"}\"",
    },
    Edit {
        language: "c",
        file: "plugin.c",
        from: "tandem_put_integer(call, letters);",
        to: "tandem_put_integer(call, letters + 1000);",
        complaint: "error: extraneous closing brace ('}')",
    },
];

/// An author's machine: an empty directory, and the binary.
pub(crate) struct Machine {
    home: TempDir,
}

impl Machine {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self { home: TempDir::new()? })
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(binary());
        // The SDKs are unpacked, and what Rust's is made of is compiled, once for all tests.
        let shared = root().join("target/authors");
        command.current_dir(directory).env("XDG_DATA_HOME", shared.join("data")).env_remove("TANDEM_SDK");
        command.env("CARGO_TARGET_DIR", shared);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end; answers its code and all that it said.
    pub(crate) async fn run(&self, directory: &Path, arguments: &[&str]) -> anyhow::Result<(i32, String)> {
        let output = self.command(directory).args(arguments).output().await?;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ok((output.status.code().unwrap_or(-1), said))
    }

    pub(crate) async fn project(&self, language: &str) -> anyhow::Result<PathBuf> {
        let (code, said) = self.run(self.path(), &["new", "words", "--lang", language]).await?;
        ensure!(code == 0 && said.contains("tandem plugin dev"), "{said}");
        Ok(self.path().join("words"))
    }

    /// The language's own tool runs the template's unit tests, before anything of Tandem was built.
    async fn unit_tests(&self, language: &str, project: &Path) -> anyhow::Result<()> {
        let pytest =
            "python3 -m venv .venv && .venv/bin/python -m pip install -q pytest && .venv/bin/python -m pytest -q";
        let (script, passed) = match language {
            "rust" => ("cargo test", "test result: ok. 1 passed"),
            "python" => (pytest, "2 passed"),
            "javascript" => ("npm test", "# pass 2"),
            _ => return Ok(()),
        };
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(project).env_remove("TANDEM_SDK");
        let output = command.env("CARGO_TARGET_DIR", root().join("target/authors")).output().await?;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        ensure!(output.status.success() && said.contains(passed), "{script}: {said}");
        Ok(())
    }

    pub(crate) async fn dev(&self, project: &Path) -> anyhow::Result<Dev> {
        let mut command = self.command(project);
        let mut child = command.args(["dev", "--install"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let said = Arc::new(Mutex::new(String::new()));
        listen(child.stdout.take().context("piped")?, said.clone());
        listen(child.stderr.take().context("piped")?, said.clone());
        Ok(Dev { child, said })
    }
}

fn listen(stream: impl AsyncRead + Unpin + Send + 'static, said: Arc<Mutex<String>>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            said.lock().unwrap().push_str(&format!("{line}\n"));
        }
    });
}

/// `tandem plugin dev`, running.
pub(crate) struct Dev {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Dev {
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said `text` so often.
    pub(crate) async fn says(&mut self, text: &str, times: usize, within: Duration) -> anyhow::Result<()> {
        let start = Instant::now();
        while self.said().matches(text).count() < times {
            ensure!(start.elapsed() < within, "it did not say `{text}`:\n{}", self.said());
            // The first build failed: it waits for an edit that nobody makes.
            ensure!(!self.said().contains("nothing is served yet"), "{}", self.said());
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}:\n{}", self.said());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        let said = self.said();
        let url =
            said.split("--url ").nth(1).and_then(|rest| rest.split_whitespace().next()).context("it named no URL")?;
        connect(url).await
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().context("it has ended")?.to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        let ended = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await;
        ensure!(ended.context("it does not stop")??.success(), "{}", self.said());
        Ok(())
    }
}

pub(crate) fn edit(file: &Path, from: &str, to: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file)?;
    ensure!(text.contains(from), "{} has no `{from}`", file.display());
    Ok(std::fs::write(file, text.replace(from, to))?)
}

async fn letters(client: &Client) -> anyhow::Result<Value> {
    Ok(client.structured("words_count", json!({ "text": "to weigh every word" })).await?["letters"].clone())
}

/// From nothing to a tool in a client in two commands, and an edit that is live.
async fn from_nothing_to_a_tool(language: &str) -> anyhow::Result<()> {
    let Edit { file, from, to, complaint, .. } =
        EDITS.into_iter().find(|edit| edit.language == language).context("no such language")?;
    let machine = Machine::new()?;
    let project = machine.project(language).await?;
    machine.unit_tests(language, &project).await?;
    let written = committed(&project).await?;
    let mut dev = machine.dev(&project).await?;
    dev.says("words 0.1.0 is live", 1, FIRST).await?;
    dev.says("Watching", 1, NEXT).await?;
    let client = dev.client().await?;
    assert_eq!(client.tools().await?, ["words_count", "words_remember"]);
    assert_eq!(letters(&client).await?, json!(16));
    let source = project.join(file);
    let first = std::fs::read_to_string(&source)?;
    let start = Instant::now();
    edit(&source, from, to)?;
    dev.says("words 0.1.0 is live", 2, NEXT).await?;
    println!("{language}: an edit is live after {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(letters(&client).await?, json!(1016), "the client that was there calls what is there now");

    let good = std::fs::read_to_string(&source)?;
    std::fs::write(&source, format!("{good}\n}}}} this is no {language} (("))?;
    dev.says("the version before serves on", 1, NEXT).await?;
    // The terminal is the author's: what the compiler says of the line is there, word by word.
    assert!(dev.said().contains(complaint), "{}", dev.said());
    assert_eq!(letters(&client).await?, json!(1016), "what does not build changes nothing");
    std::fs::write(&source, good.replace("1000", "2000"))?;
    dev.says("words 0.1.0 is live", 3, NEXT).await?;
    assert_eq!(letters(&client).await?, json!(2016));

    // What the tutorial has its reader do.
    let tutorial = Tutorial::of(language)?;
    std::fs::write(&source, tutorial.follow(&first)?)?;
    dev.says("words 0.1.0 is live", 4, NEXT).await?;
    dev.says("words_reverse", 1, NEXT).await?;
    let turned = client.call("words_reverse", json!({ "text": "abc" })).await?;
    assert_eq!(tandem_harness::text(&turned), "cba");
    dev.stop().await?;
    let cases = project.join("tests/tools.toml");
    std::fs::write(&cases, std::fs::read_to_string(&cases)? + "\n" + &tutorial.case)?;
    let (code, said) = machine.run(&project, &["test"]).await?;
    assert!(code == 0 && said.contains("turns around") && said.contains("4 passed"), "{said}");
    let (code, said) = machine.run(&project, &["pack"]).await?;
    assert!(code == 0 && said.contains("words.wasm: words 0.1.0 with 3 tools"), "{said}");
    let mut left = committed(&project).await?;
    left.retain(|file| !written.contains(file));
    assert_eq!(left, Vec::<String>::new(), "what builds leave behind is ignored");
    Ok(())
}

/// What `git add .` would take.
async fn committed(project: &Path) -> anyhow::Result<Vec<String>> {
    let git = |arguments: &'static [&str]| Command::new("git").args(arguments).current_dir(project).output();
    ensure!(git(&["init", "-q"]).await?.status.success(), "git init");
    let listed = String::from_utf8(git(&["ls-files", "--others", "--exclude-standard"]).await?.stdout)?;
    ensure!(listed.contains("plugin.toml") && !listed.contains(".sdk"), "{listed}");
    Ok(listed.lines().map(str::to_owned).collect())
}

#[tokio::test]
async fn rust_from_nothing_to_a_tool_in_two_commands() -> anyhow::Result<()> {
    from_nothing_to_a_tool("rust").await
}

#[tokio::test]
async fn other_languages_from_nothing_to_a_tool_in_two_commands() -> anyhow::Result<()> {
    let Ok(languages) = std::env::var("TANDEM_AUTHOR_LANGUAGES") else {
        println!("left out: `make sdk-test` runs it, with the languages' tools from the registries");
        return Ok(());
    };
    // Rust's has a test of its own.
    for language in languages.split_whitespace().filter(|language| *language != "rust") {
        from_nothing_to_a_tool(language).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_new_project_is_written_over_nothing() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    std::fs::create_dir(machine.path().join("words"))?;
    let (code, said) = machine.run(machine.path(), &["new", "words", "--lang", "c"]).await?;
    assert!(code == 1 && said.contains("is there already"), "{code} {said}");
    let (code, said) = machine.run(machine.path(), &["new", "../words", "--lang", "c"]).await?;
    assert!(code == 1 && said.contains("kebab-case"), "{code} {said}");
    let left: Vec<_> = std::fs::read_dir(machine.path())?.flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["words"]);
    Ok(())
}

/// A project whose component is built already: a test guest's.
pub(crate) fn built(machine: &Machine, guest: &str) -> anyhow::Result<PathBuf> {
    let project = machine.path().join(guest);
    std::fs::create_dir_all(project.join("build"))?;
    let name = format!("target/wasm32-wasip2/guest/guest_{}.wasm", guest.replace('-', "_"));
    std::fs::copy(root().join(&name), project.join("build/plugin.wasm"))
        .with_context(|| format!("there is no {name}; run `make plugins`"))?;
    std::fs::copy(root().join(format!("tests/guests/{guest}/plugin.toml")), project.join("plugin.toml"))?;
    // A project in Rust, which every machine that runs these tests can build.
    for (file, text) in [("Cargo.toml", ""), ("build.sh", "exit 0\n")] {
        std::fs::write(project.join(file), text)?;
    }
    Ok(project)
}

#[tokio::test]
async fn a_machine_without_tools_is_told_each_of_them_and_how_to_install_it() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    let nothing = machine.path().join("nothing");
    std::fs::create_dir(&nothing)?;
    for (language, told) in [
        ("rust", &["the Rust compiler and cargo", "https://sh.rustup.rs", "a linker (cc)", "gcc"][..]),
        ("python", &["Python 3.11 or later (python3)", "install -y python3 python3-venv"]),
        ("javascript", &["Node 20 or later (node)", "install -y nodejs npm"]),
        (
            "c",
            &[
                "a C compiler for WebAssembly",
                "apt-get install clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc",
                "pip install ziglang",
                "Node 20 or later (node)",
            ],
        ),
    ] {
        let project = machine.path().join(language);
        let made = ["new", "words", "--lang", language, "--path", language];
        assert_eq!(machine.run(machine.path(), &made).await?.0, 0);
        let mut command = machine.command(&project);
        for variable in ["WASI_SDK_PATH", "TANDEM_JCO"] {
            command.env_remove(variable);
        }
        let output = command.arg("dev").env("PATH", &nothing).output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("`tandem plugin dev --install`"), "{said}");
        for text in told.iter().filter(|text| !(cfg!(target_os = "macos") && text.starts_with("install -y"))) {
            assert!(said.contains(text), "{language}: no `{text}` in\n{said}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn packages_of_the_language_go_into_the_component() -> anyhow::Result<()> {
    let languages = std::env::var("TANDEM_AUTHOR_LANGUAGES").unwrap_or_default();
    for language in languages.split_whitespace().filter(|language| ["python", "javascript"].contains(language)) {
        let machine = Machine::new()?;
        let project = machine.project(language).await?;
        let Edit { file, from, to, .. } =
            EDITS.into_iter().find(|edit| edit.language == language).context("no such language")?;
        let (import, thousand) = if language == "python" {
            // The line is installed with the next build.
            std::fs::write(project.join("requirements.txt"), "roman==5.2\n")?;
            (("from dataclasses", "import roman\nfrom dataclasses"), "roman.fromRoman(\"M\")")
        } else {
            let package = project.join("numerals");
            std::fs::create_dir(&package)?;
            std::fs::write(
                package.join("package.json"),
                r#"{ "name": "numerals", "version": "1.0.0", "type": "module" }"#,
            )?;
            std::fs::write(package.join("index.js"), "export const M = 1000;\n")?;
            let mut npm = Command::new("npm");
            let output = npm.args(["install", "--no-audit", "./numerals"]).current_dir(&project).output().await?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            (("import {", "import { M } from \"numerals\";\nimport {"), "M")
        };
        edit(&project.join(file), import.0, import.1)?;
        edit(&project.join(file), from, &to.replace("1000", thousand))?;
        let mut dev = machine.dev(&project).await?;
        dev.says("Watching", 1, FIRST).await?;
        assert_eq!(letters(&dev.client().await?).await?, json!(1016), "{language}");
        dev.stop().await?;
    }
    Ok(())
}
