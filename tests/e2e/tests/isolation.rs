//! What was not granted cannot be touched.

use serde_json::json;
use tandem_harness::{Host, Options, text};

async fn reader(grant: &str) -> anyhow::Result<Host> {
    Options::with(&["reader"])?.config(grant).start().await
}

#[tokio::test]
async fn only_granted_directories_are_there() -> anyhow::Result<()> {
    let host = reader("[grants.reader]\nfs.data = { path = \"{home}/files\", mode = \"read-write\" }").await?;
    std::fs::write(host.directory.path().join("files/a.txt"), "inside")?;
    std::fs::write(host.directory.path().join("outside.txt"), "outside")?;
    let client = host.client("/mcp/full").await?;
    assert_eq!(text(&client.call("read_file", json!({"path": "/data/a.txt"})).await?), "inside");
    for path in ["/etc/passwd", "/data/../outside.txt", "/outside.txt", "data/../../outside.txt"] {
        let result = client.call("read_file", json!({"path": path})).await?;
        assert_eq!(result.is_error, Some(true), "{path} must not be readable: {result:?}");
    }
    let link = host.directory.path().join("files/link");
    std::os::unix::fs::symlink(host.directory.path().join("outside.txt"), link)?;
    let result = client.call("read_file", json!({"path": "/data/link"})).await?;
    assert_eq!(result.is_error, Some(true), "a symlink must not lead out: {result:?}");
    client.call("write_file", json!({"path": "/data/b.txt", "text": "written"})).await?;
    assert_eq!(std::fs::read_to_string(host.directory.path().join("files/b.txt"))?, "written");
    Ok(())
}

#[tokio::test]
async fn a_read_only_grant_does_not_write() -> anyhow::Result<()> {
    let host = reader("[grants.reader]\nfs.data = { path = \"{home}/files\", mode = \"read-only\" }").await?;
    let client = host.client("/mcp/full").await?;
    let result = client.call("write_file", json!({"path": "/data/b.txt", "text": "x"})).await?;
    assert_eq!(result.is_error, Some(true), "{result:?}");
    assert!(!host.directory.path().join("files/b.txt").exists());
    Ok(())
}

#[tokio::test]
async fn without_a_grant_there_is_no_directory() -> anyhow::Result<()> {
    let host = reader("").await?;
    std::fs::write(host.directory.path().join("files/a.txt"), "inside")?;
    let client = host.client("/mcp/full").await?;
    let result = client.call("read_file", json!({"path": "/data/a.txt"})).await?;
    assert_eq!(result.is_error, Some(true), "{result:?}");
    Ok(())
}

#[tokio::test]
async fn the_hosts_environment_is_not_the_guests() -> anyhow::Result<()> {
    let host =
        Options::with(&["env-reader"])?.env("TANDEM_TEST_SECRET", "hidden").env("LANG", "de_AT.UTF-8").start().await?;
    let client = host.client("/mcp/full").await?;
    let result = client.call("env_variables", json!({})).await?;
    assert!(!format!("{result:?}").contains("hidden") && !format!("{result:?}").contains("PATH"), "{result:?}");
    Ok(())
}

#[tokio::test]
async fn http_reaches_only_granted_hosts_and_no_private_address() -> anyhow::Result<()> {
    // The port that the guest's manifest requests.
    let port = crate::ports::PLAIN.port();
    let _port = crate::ports::PLAIN.lock().await;
    let server = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let listening = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = server.accept().await {
            let mut request = [0; 1024];
            let _request = stream.read(&mut request).await;
            let _sent =
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await;
            crate::ports::part(stream).await;
        }
    });
    let rule =
        |host: &str, more: &str| format!("[grants.fetcher]\nhttp = [{{ host = \"{host}\", port = {port}{more} }}]");
    // An address that the operator writes down is meant; a name that leads to such an address is not.
    for grant in [rule("127.0.0.1", ""), rule("localhost", ", allow-cidrs = [\"127.0.0.0/8\", \"::1/128\"]")] {
        let result = fetch(&grant, port).await?;
        assert!(format!("{result:?}").contains("hello"), "granted {grant}: {result:?}");
    }
    for grant in [rule("localhost", ""), rule("api.example.com", ""), String::new()] {
        let result = fetch(&grant, port).await?;
        assert_eq!(result.is_error, Some(true), "granted {grant:?}: {result:?}");
    }
    crate::ports::close(listening).await;
    Ok(())
}

/// Fetches the test's server by the name that the grant has.
async fn fetch(grant: &str, port: u16) -> anyhow::Result<rmcp::model::CallToolResult> {
    let name = if grant.contains("127.0.0.1\"") { "127.0.0.1" } else { "localhost" };
    let host = Options::with(&["fetcher"])?.config(grant).start().await?;
    let client = host.client("/mcp/full").await?;
    Ok(client.call("fetch", json!({"url": format!("http://{name}:{port}/")})).await?)
}

#[tokio::test]
async fn keys_are_durable_and_survive_a_crash() -> anyhow::Result<()> {
    let host = Options::with(&["kv-user"])?.start().await?;
    let client = host.client("/mcp/full").await?;
    for i in 0..20 {
        client.call("kv_set", json!({"key": format!("k{i}"), "value": "v"})).await?;
    }
    let host = host.crash_and_restart().await?;
    let client = host.client("/mcp/full").await?;
    assert!(text(&client.call("kv_get", json!({"key": "k19"})).await?).contains('v'));
    let page = client.structured("kv_list", json!({"prefix": "k"})).await?;
    assert_eq!(page["keys"].as_array().map(Vec::len), Some(20), "{page}");
    Ok(())
}
