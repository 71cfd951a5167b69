//! `tandem connect`: the configuration of each client, in its own form, with everything else kept.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};
use tandem_harness::binary;
use tokio::process::Command;

/// The clients, where each looks below a home directory, and a file of somebody who has used it.
const CLIENTS: [(&str, &str, &str); 7] = [
    (
        "claude-code",
        ".claude.json",
        "{\n  \"numStartups\": 7,\n  \"mcpServers\": {\n    \"other\": {\n      \"command\": \"x\"\n    }\n  }\n}\n",
    ),
    ("claude-desktop", ".config/Claude/claude_desktop_config.json", "{\n  \"globalShortcut\": \"\"\n}\n"),
    ("cursor", ".cursor/mcp.json", "{\n\t\"mcpServers\": {}\n}\n"),
    ("vscode", ".config/Code/User/mcp.json", "{\n  // mine\n  \"servers\": {\n  },\n  \"inputs\": []\n}\n"),
    ("codex", ".codex/config.toml", "# mine\nmodel = 'gpt'\n\n[mcp_servers.other]\ncommand = \"x\"\n"),
    ("gemini", ".gemini/settings.json", "{\n  /* dark */ \"theme\": \"Dracula\"\n}\n"),
    ("goose", ".config/goose/config.yaml", "# mine\nGOOSE_MODEL: x\nextensions:\n  other:\n    enabled: true\n"),
];

async fn connect(home: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new(binary());
    command.arg("connect").args(arguments).env_clear().env("HOME", home).current_dir(home);
    Ok(command.stdin(std::process::Stdio::null()).output().await?)
}

async fn connected(home: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = connect(home, arguments).await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    anyhow::ensure!(output.status.success(), "{arguments:?}: {said}");
    Ok(said)
}

fn with_file(home: &Path, file: &str, text: &str) -> anyhow::Result<PathBuf> {
    let path = home.join(file);
    std::fs::create_dir_all(path.parent().unwrap())?;
    std::fs::write(&path, text)?;
    Ok(path)
}

/// The entry as a client of JSON reads it.
fn entry(client: &str, text: &str) -> anyhow::Result<Value> {
    let plain = text.replace("// mine", "").replace("/* dark */", "");
    let whole: Value = serde_json::from_str(&plain)?;
    Ok(whole[if client == "vscode" { "servers" } else { "mcpServers" }]["tandem"].clone())
}

#[tokio::test]
async fn every_client_gets_its_entry_and_keeps_the_rest() -> anyhow::Result<()> {
    let program = binary().display().to_string();
    for (client, file, text) in CLIENTS {
        let home = tempfile::tempdir()?;
        let home = home.path();
        let path = with_file(home, file, text)?;
        let said = connected(home, &[client, "--yes"]).await?;
        let written = std::fs::read_to_string(&path)?;
        assert!(said.contains("+") && said.contains(file), "it shows what it writes: {said}");
        let bare = |line: &str| line.trim().trim_end_matches([',', '{', '}']).to_owned();
        for line in text.lines().filter(|line| !bare(line).is_empty()) {
            assert!(
                written.lines().any(|other| other.contains(bare(line).trim())),
                "{client} lost {line:?}: {written}"
            );
        }
        for part in [program.as_str(), "serve", "--stdio"] {
            assert!(written.contains(part), "{client}: {written}");
        }
        if !matches!(client, "codex" | "goose") {
            let entry = entry(client, &written)?;
            assert_eq!(
                (&entry["command"], &entry["args"]),
                (&json!(program), &json!(["serve", "--stdio"])),
                "{client}"
            );
        }
        let again = connected(home, &[client]).await?;
        assert!(again.contains("already"), "{again}");
        assert_eq!(std::fs::read_to_string(&path)?, written, "twice is the same as once");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_not_configured_yet_gets_a_file_for_its_user_alone() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    for (client, file, _) in CLIENTS {
        let home = tempfile::tempdir()?;
        connected(home.path(), &[client, "-y"]).await?;
        let mode = std::fs::metadata(home.path().join(file))?.permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{client}");
        let printed = connect(home.path(), &[client, "--print"]).await?;
        assert_eq!(
            std::fs::read(home.path().join(file))?,
            printed.stdout,
            "{client}: what it prints is what it writes"
        );
    }
    Ok(())
}

#[tokio::test]
async fn over_http_the_token_comes_from_the_environment() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let hash = "0".repeat(64);
    std::fs::write(home.join("hash"), &hash)?;
    let config = format!("server.port = 8123\n[tenants.acme]\nkeys = [\"${{file:{}/hash}}\"]\n", home.display());
    std::fs::write(home.join("host.toml"), config)?;
    for (client, file, _) in CLIENTS {
        let arguments = [client, "--http", "--config", "host.toml", "--yes"];
        if client == "claude-desktop" {
            let refused = connect(home, &arguments).await?;
            assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("--stdio"));
            continue;
        }
        connected(home, &arguments).await?;
        let written = std::fs::read_to_string(home.join(file))?;
        assert!(written.contains("http://127.0.0.1:8123/mcp") && written.contains("TANDEM_TOKEN"), "{written}");
        assert!(!written.contains(&hash) && !written.contains("--stdio"), "{written}");
        // Another way to reach it takes the place of the first.
        connected(home, &[client, "--stdio", "--config", "host.toml", "--yes"]).await?;
        let written = std::fs::read_to_string(home.join(file))?;
        assert!(
            written.contains("host.toml") && !written.contains("8123") && !written.contains("TANDEM_TOKEN"),
            "{written}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_kept_or_asked_is_left_alone() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    for (client, file, text) in [
        ("claude-code", ".claude.json", "{\"a\": 1} // mine\n"),
        ("cursor", ".cursor/mcp.json", "{\"mcpServers\": []}"),
        ("vscode", ".config/Code/User/mcp.json", "{"),
        ("codex", ".codex/config.toml", "mcp_servers = 3\n"),
        ("goose", ".config/goose/config.yaml", "extensions: [a\nb: }"),
    ] {
        let path = with_file(home, file, text)?;
        let refused = connect(home, &[client, "--yes"]).await?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("--print") && said.contains(file), "{client}: {said}");
        assert_eq!(std::fs::read_to_string(&path)?, text, "{client}");
    }
    let unasked = connect(home, &["gemini"]).await?;
    assert!(!unasked.status.success() && String::from_utf8_lossy(&unasked.stderr).contains("--yes"));
    assert!(!home.join(".gemini").exists(), "nobody agreed");
    let wrong = connect(home, &["gemini", "--yes", "--url", "tools.example.com"]).await?;
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("http://tools.example.com/mcp"));
    Ok(())
}
