//! Foreign text does nothing to the terminal of whoever looks at it, and errors say each thing once.

use serde_json::{Value, json};
use tandem_harness::{Options, plugin, variant};
use tempfile::TempDir;

use crate::policy::tandem;

/// Clears the screen, sets a title, turns the direction of text; as ESC, as C1 controls and as bidi characters.
const NASTY: &str = "nice\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{2066}evil";

fn is_printable(sign: char) -> bool {
    let turns = matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    matches!(sign, '\n' | '\t') || !(sign.is_control() || turns)
}

#[tokio::test]
async fn no_command_lets_foreign_text_drive_the_terminal() -> anyhow::Result<()> {
    let directory = TempDir::new()?;
    let nasty = directory.path().join("nasty.wasm");
    variant("echo", &nasty, |manifest, descriptors| {
        manifest.plugin.title = Some("T".to_owned());
        manifest.plugin.description = format!("{NASTY}\n  forged     line");
        descriptors.tools.iter_mut().for_each(|tool| tool.description = NASTY.to_owned());
    })?;
    let junk = directory.path().join(format!("{NASTY}.wasm").replace('/', ""));
    std::fs::write(&junk, NASTY)?;
    let host = Options::with(&[])?.file(nasty.clone()).file(junk).start().await?;
    let home = host.directory.path().to_owned();
    let (url, file) = (format!("{}/mcp/full", host.url), nasty.display().to_string());
    let argument = json!({ "text": NASTY }).to_string();
    let unknown = format!("unknown{NASTY}");
    let commands: &[(&[&str], &str)] = &[
        (&["list"], "nice"),
        (&["list", "--json"], "nice"),
        (&["inspect", &file], "nice"),
        (&["inspect", &file, "--json"], "nice"),
        (&["inspect", &format!("/nowhere/{NASTY}")], "nice"),
        (&["tools", "--url", &url], "nice"),
        (&["tools", "--url", &url, "--json"], "nice"),
        (&["call", "--url", &url, "echo", &argument], "nice"),
        (&["call", "--url", &url, "echo", &argument, "--json"], "nice"),
        (&["call", "--url", &url, &unknown, "{}"], "unknown"),
        (&["call", "--url", &url, "echo", &format!("{{{NASTY}")], "arguments"),
        (&["install", &file, "--yes"], "echo"),
        (&["check", &file], ""),
        (&["audit", "tail"], "nice"),
        (&["audit", "tail", "--json"], "nice"),
        (&["audit", "export"], "nice"),
        (&["grants"], ""),
        (&["reload"], "nice"),
        (&["rollback", &unknown], "unknown"),
        (&["config", "show", "--set", &format!("telemetry.log={NASTY}")], "control"),
    ];
    for (arguments, expected) in commands {
        let output = tandem(&home, arguments).await?;
        let said = format!("{}{}", String::from_utf8(output.stdout.clone())?, String::from_utf8(output.stderr)?);
        assert!(said.contains(expected), "{arguments:?}: {said}");
        let bad: Vec<char> = said.chars().filter(|sign| !is_printable(*sign)).collect();
        assert!(bad.is_empty(), "{arguments:?} printed {bad:?}: {said:?}");
        assert!(!said.contains("\n  forged     line"), "{arguments:?} printed a line of the author's: {said}");
    }

    // JSON escapes, and loses nothing.
    let listed: Vec<Value> = serde_json::from_slice(&tandem(&home, &["list", "--json"]).await?.stdout)?;
    assert!(listed.iter().any(|plugin| plugin["file"] == format!("{NASTY}.wasm")), "{listed:?}");
    let log: Vec<String> = host.log().iter().map(ToString::to_string).collect();
    assert!(!log.iter().any(|line| line.contains(['\u{202e}', '\u{9b}'])), "{log:?}");
    Ok(())
}

#[tokio::test]
async fn an_error_has_one_heading_and_says_each_cause_once() -> anyhow::Result<()> {
    let home = TempDir::new()?;
    std::fs::write(home.path().join("tandem.toml"), "[sever]\nport = 1\n")?;
    std::fs::write(home.path().join("file"), "")?;
    let echo = plugin("echo")?.display().to_string();
    let commands: &[&[&str]] = &[
        &["config", "check"],
        &["serve"],
        &["list"],
        &["config", "check", "--config", "nowhere.toml"],
        &["inspect", "nowhere.wasm", "--config", "/dev/null"],
        &["verify", "nowhere.wasm", "--trust", "nowhere.pub"],
        &["sign", "nowhere.wasm", "--key", "nowhere.key"],
        &["install", &echo, "--config", "/dev/null", "--set", "plugins.data-directory=file"],
        &["serve", "--config", "/dev/null", "--set", "plugins.data-directory=file"],
        &[
            "serve",
            "--config",
            "/dev/null",
            "--set",
            "plugins.compiled-directory=file",
            "--set",
            "reactor.enabled=false",
        ],
    ];
    for arguments in commands {
        let output = tandem(home.path(), arguments).await?;
        let said = String::from_utf8(output.stderr)?;
        assert!(!output.status.success(), "{arguments:?}");
        let last = said.trim_end().rsplit("error: ").next().unwrap_or_default();
        assert_eq!(said.matches("error: ").count(), 1, "{arguments:?}: {said}");
        let parts: Vec<&str> = last.split(": ").collect();
        let repeated = parts.windows(2).find(|pair| pair[0] == pair[1]);
        assert!(repeated.is_none(), "{arguments:?} says {repeated:?} twice: {said}");
        for code in ["(os error 2)", "(os error 17)", "(os error 20)"] {
            assert!(last.matches(code).count() <= 1, "{arguments:?}: {said}");
        }
    }
    Ok(())
}

/// What each row of a terminal shows in the end, where what is typed only goes back to its beginning and erases it.
fn rows(typed: &str) -> Vec<String> {
    let (mut plain, mut signs) = (String::new(), typed.chars());
    while let Some(sign) = signs.next() {
        match sign {
            // Escapes end with a letter.
            '\u{1b}' => drop(signs.by_ref().find(char::is_ascii_alphabetic)),
            sign => plain.push(sign),
        }
    }
    plain.lines().map(|row| row.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn log_lines_and_the_bar_do_not_tear_each_other_and_the_bar_names_the_plugin() -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let directory = TempDir::new()?;
    let home = directory.path();
    std::fs::create_dir(home.join("plugins"))?;
    for name in ["echo", "reader", "kv-user"] {
        std::fs::copy(plugin(name)?, home.join(format!("plugins/{name}.wasm")))?;
    }
    let serve = format!(
        "{} serve --config /dev/null --set server.port=0 --set reactor.enabled=false --set telemetry.log-format=pretty",
        tandem_harness::binary().display()
    );
    let child = tokio::process::Command::new("script")
        .args(["-qec", &serve, "/dev/null"])
        .current_dir(home)
        .env("TANDEM_PLUGINS__TRUST_ROOTS", tandem_harness::root().join("keys/*.pub"))
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("not run: there is no `script` here");
        return Ok(());
    };
    let (mut keys, mut screen) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let mut typed = Vec::new();
    let read = async {
        let all = ["Stop: Ctrl-C", "all plugins compiled"];
        while !all.iter().all(|text| String::from_utf8_lossy(&typed).contains(text)) {
            let mut more = [0; 4096];
            match screen.read(&mut more).await? {
                0 => break,
                count => typed.extend_from_slice(more.get(..count).unwrap_or_default()),
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), read).await??;
    // Ctrl-C: the host would outlive a terminal that only goes away.
    keys.write_all(b"\x03").await?;
    keys.flush().await?;
    tokio::time::timeout(std::time::Duration::from_secs(60), child.wait()).await??;
    let typed = String::from_utf8_lossy(&typed).into_owned();
    assert!(typed.contains("compiling plugins") && typed.contains("echo.wasm"), "{typed:?}");
    let rows = rows(&typed);
    let loaded: Vec<_> = rows.iter().filter(|row| row.contains("plugin loaded")).collect();
    assert_eq!(loaded.len(), 3, "{rows:#?}");
    assert!(loaded.iter().all(|row| !row.contains("compiling plugins")), "{rows:#?}");
    Ok(())
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_error() -> anyhow::Result<()> {
    for arguments in [&["completions", "bash"][..], &["config", "schema"], &["config", "show"]] {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let mut command = tokio::process::Command::new(tandem_harness::binary());
        let output = command.args(arguments).stdout(writer).output().await?;
        let error = String::from_utf8(output.stderr)?;
        assert!(output.status.success() && error.is_empty(), "{arguments:?}: {error}");
    }
    Ok(())
}
