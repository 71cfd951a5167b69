//! What one category makes, another takes: files, patches, repositories and results, on one host, and programs of others read them.

use std::{path::Path, process::Command};

use anyhow::ensure;
use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, text};
use tempfile::TempDir;

/// A host of these categories, on one directory under each name that they ask for.
async fn host(plugins: &[&str], files: &TempDir) -> anyhow::Result<(Host, Client)> {
    let path = files.path().display();
    let grant = |plugin: &&str| {
        let names: &[&str] = match *plugin {
            "git" => &["repos"],
            "calendar" => &["calendars"],
            "storage" | "audit" => return format!("[grants.{plugin}]\nkv = true\n"),
            _ => &["data"],
        };
        let fs = names.iter().map(|name| format!("fs.{name} = {{ path = \"{path}\", mode = \"read-write\" }}\n"));
        format!("[grants.{plugin}]\n{}", fs.collect::<String>())
    };
    let config: String = plugins.iter().map(grant).collect();
    let git = "config.author = \"Ada Lovelace <ada@example.com>\"\n";
    let config = config.replace("[grants.git]\n", &format!("[grants.git]\n{git}"));
    let host = Options::with(plugins)?.config(&config).in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    Ok((host, client))
}

/// What a program of others prints, in a directory.
fn run(program: &str, arguments: &[&str], directory: &Path) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).current_dir(directory).output()?;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    ensure!(output.status.success(), "{program} {arguments:?}: {printed}");
    Ok(printed)
}

async fn write(client: &Client, path: &str, content: &str) -> anyhow::Result<()> {
    client.structured("files_write", json!({"path": path, "content": content, "mode": "replace"})).await.map(drop)
}

async fn hash(client: &Client, path: &str) -> anyhow::Result<Value> {
    Ok(client.structured("files_hash", json!({"path": path})).await?["hash"].clone())
}

#[tokio::test]
async fn an_archive_of_each_format_gives_back_the_files_that_another_category_wrote() -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let (_host, client) = host(&["archive", "files"], &files).await?;
    std::fs::create_dir(files.path().join("tree"))?;
    write(&client, "data/tree/größe.txt", "größe\n").await?;
    write(&client, "data/tree/lines.txt", &"the same line\n".repeat(1_000)).await?;
    for format in ["zip", "tar", "tar.gz", "tar.zst", "tar.bz2", "tar.xz"] {
        let archive = format!("data/made.{format}");
        client.structured("archive_create", json!({"path": archive, "sources": ["data/tree"]})).await?;
        let to = format!("data/out-{format}");
        // By the name that older servers have for it.
        client.structured("extract_archive_tool", json!({"archive_path": archive, "to": to})).await?;
        for name in ["größe.txt", "lines.txt"] {
            let (before, after) = (format!("data/tree/{name}"), format!("{to}/tree/{name}"));
            assert_eq!(hash(&client, &after).await?, hash(&client, &before).await?, "{format}: {name}");
        }
    }
    let printed = run("tar", &["-tf", "made.tar"], files.path())?;
    assert!(printed.contains("tree/lines.txt"), "{printed}");
    Ok(())
}

#[tokio::test]
async fn a_repository_made_by_tools_is_one_that_git_accepts() -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let (_host, client) = host(&["git", "files"], &files).await?;
    client.structured("git_init", json!({"repo": "repos/project"})).await?;
    write(&client, "data/project/one.txt", "first\nsecond\nthird\n").await?;
    let commit = |message: &str| json!({"repo": "repos/project", "message": message, "paths": ["one.txt"]});
    client.structured("git_commit", commit("Write it")).await?;
    let edit = json!({"path": "data/project/one.txt", "old": "second", "new": "2nd"});
    client.structured("files_edit", edit).await?;
    let second = client.structured("git_commit", commit("Change it")).await?;
    let project = files.path().join("project");
    let checked = run("git", &["fsck", "--strict", "--full"], &project)?;
    assert!(!checked.contains("error") && !checked.contains("missing"), "{checked}");
    assert_eq!(run("git", &["rev-parse", "HEAD"], &project)?.trim(), second["id"].as_str().expect("an id"));
    assert_eq!(run("git", &["status", "--porcelain"], &project)?, "", "the index fits the work tree");
    Ok(())
}

#[tokio::test]
async fn a_patch_of_one_category_is_applied_by_another_whole_or_not_at_all() -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let (_host, client) = host(&["git", "files"], &files).await?;
    client.structured("git_init", json!({"repo": "repos/project"})).await?;
    for name in ["one", "two"] {
        let path = format!("data/project/{name}.txt");
        write(&client, &path, "first\nsecond\nthird\n").await?;
    }
    let commit = json!({"repo": "repos/project", "message": "Write both", "paths": ["one.txt", "two.txt"]});
    client.structured("git_commit", commit).await?;
    for name in ["one", "two"] {
        let edit = json!({"path": format!("data/project/{name}.txt"), "old": "second", "new": "2nd"});
        client.structured("files_edit", edit).await?;
    }
    let diff = client.structured("git_diff", json!({"repo": "repos/project"})).await?;
    let (after, patch) =
        (hash(&client, "data/project/one.txt").await?, json!({"path": "data/project", "patch": diff["patch"]}));
    write(&client, "data/project/one.txt", "first\nsecond\nthird\n").await?;
    write(&client, "data/project/two.txt", "something else\n").await?;
    let (one, two) = (hash(&client, "data/project/one.txt").await?, hash(&client, "data/project/two.txt").await?);
    let refused = client.call("files_patch", patch.clone()).await?;
    assert_eq!(refused.is_error, Some(true), "{}", text(&refused));
    assert_eq!(hash(&client, "data/project/one.txt").await?, one, "what fits is not applied alone");
    assert_eq!(hash(&client, "data/project/two.txt").await?, two);
    write(&client, "data/project/two.txt", "first\nsecond\nthird\n").await?;
    client.structured("files_patch", patch).await?;
    assert_eq!(hash(&client, "data/project/one.txt").await?, after);
    assert_eq!(hash(&client, "data/project/two.txt").await?, after);
    Ok(())
}

#[tokio::test]
async fn a_calendar_that_was_written_is_read_with_its_series() -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let (_host, client) = host(&["calendar", "files"], &files).await?;
    let event = json!({"summary": "Stand-up", "start": "2026-03-27T09:30", "duration": "15 minutes",
        "rule": "FREQ=DAILY;COUNT=4", "exclude": ["2026-03-28"]});
    let written = json!({"events": [event], "zone": "Europe/Paris", "path": "calendars/new.ics"});
    client.structured("calendar_write", written).await?;
    let range =
        json!({"path": "calendars/new.ics", "after": "2026-03-01", "before": "2026-04-30", "zone": "Europe/Paris"});
    let read = client.structured("calendar_read", range).await?;
    let starts: Vec<_> = read["entries"].as_array().into_iter().flatten().map(|entry| entry["start"].clone()).collect();
    let expected = ["2026-03-27T09:30:00+01:00", "2026-03-29T09:30:00+02:00", "2026-03-30T09:30:00+02:00"];
    assert_eq!(starts, expected, "over the change of the clocks");
    let found = client.structured("files_detect", json!({"path": "data/new.ics"})).await?;
    assert_eq!(found["mime"], "text/calendar", "{found}");
    Ok(())
}

#[tokio::test]
async fn of_writers_that_saw_one_revision_one_succeeds_and_events_at_once_are_all_kept() -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let (_host, client) = host(&["storage", "audit"], &files).await?;
    let first = json!({"collection": "stock", "id": "tea", "value": 1});
    assert_eq!(client.structured("storage_put", first).await?["revision"], 1);
    let put = |value: usize| {
        client.call("storage_put", json!({"collection": "stock", "id": "tea", "value": value, "if_revision": 1}))
    };
    let answers = futures::future::try_join_all((0..8).map(put)).await?;
    let succeeded = answers.iter().filter(|answer| answer.is_error != Some(true)).count();
    assert_eq!(succeeded, 1, "{:?}", answers.iter().map(text).collect::<Vec<_>>());
    let got = client.structured("storage_get", json!({"collection": "stock", "ids": ["tea"]})).await?;
    assert_eq!(got["items"][0]["revision"], 2, "{got}");

    let record = |number: usize| {
        client.structured("audit_record", json!({"action": "user.login", "actor": format!("user {number}")}))
    };
    futures::future::try_join_all((0..16).map(record)).await?;
    let kept = client.structured("audit_query", json!({"action": "user.login", "limit": 100})).await?;
    let actors: std::collections::BTreeSet<_> =
        kept["events"].as_array().into_iter().flatten().map(|event| event["actor"].to_string()).collect();
    assert_eq!(actors.len(), 16, "{kept}");
    Ok(())
}

/// Serves one page on loopback.
async fn page(html: &'static str) -> anyhow::Result<u16> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let router =
        axum::Router::new().route("/guide", axum::routing::get(move || async move { axum::response::Html(html) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(port)
}

#[tokio::test]
async fn a_workflow_of_four_categories_makes_an_index_of_a_web_page() -> anyhow::Result<()> {
    let port = page(
        "<html><head><title>Sailing</title></head><body><main><h1>Sailing</h1><p>The wind decides the course of a ship.</p>\
         <h2>Storms</h2><p>A storm tears sails; reef them before it comes.</p><h2>Harbours</h2><p>A harbour master gives \
         the berth.</p></main></body></html>",
    )
    .await?;
    let (files, registry) = (TempDir::new()?, TempDir::new()?);
    let data = format!("fs.data = {{ path = \"{}\", mode = \"read-write\" }}", files.path().display());
    let grants = format!(
        "[grants.web]\nkv = true\nhttp = [{{ host = \"127.0.0.1\", port = {port}, allow-cidrs = [\"127.0.0.0/8\"] }}]\n\
         [grants.embedding]\n{data}\n[grants.json]\n{data}\n[grants.search]\nkv = true\n"
    );
    let plugins = ["web", "embedding", "json", "search"];
    let host = crate::mesh::member(&registry, &plugins)?.config(&grants).start().await?;
    let client = host.client("/mcp/full").await?;
    let fields =
        json!([{"name": "text", "type": "text", "language": "english"}, {"name": "heading_path", "type": "text"}]);
    client.structured("search_create", json!({"index": "pages", "fields": fields})).await?;
    // What a step makes goes to the next by reference, or as a file that both are granted; nothing passes through the client.
    let url = format!("http://127.0.0.1:{port}/guide");
    let from = |step: &str, path: &str| json!({"$from": step, "path": path});
    let steps = json!([
        {"id": "page", "tool": "web_fetch", "arguments": {"url": url, "format": "markdown"}},
        {"id": "chunks", "tool": "embedding_chunk", "depends_on": ["page"], "arguments":
            {"text": from("page", "/content"), "by": "headings", "to": "data/chunks.jsonl"}},
        {"id": "documents", "tool": "json_query", "depends_on": ["chunks"], "arguments":
            {"path": from("chunks", "/path"), "program": "{id, fields: {text, heading_path}}"}},
        {"id": "index", "tool": "search_index", "depends_on": ["documents"], "arguments":
            {"index": "pages", "documents": from("documents", "/results")}},
    ]);
    let submitted = client.structured("p2p_workflow_submit", json!({"name": "page to index", "steps": steps})).await?;
    let id = json!({"workflow_id": submitted["workflow_id"]});
    let ended = |status: &Value| matches!(status["state"].as_str(), Some("succeeded" | "failed" | "cancelled"));
    let done = crate::mesh::until(&client, "p2p_workflow_status", id, ended).await?;
    assert_eq!(done["state"], "succeeded", "{done:#}");
    let found = client.structured("search_query", json!({"index": "pages", "query": "berths"})).await?;
    assert_eq!(
        (&found["total"], &found["hits"][0]["fields"]["heading_path"]),
        (&json!(1), &json!("Sailing > Harbours"))
    );
    Ok(())
}
