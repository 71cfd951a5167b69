//! Imported APIs: a document becomes a plugin in three commands, and its tools are called against a server made from the document.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::IntoResponse,
};
use serde_json::{Map, Value, json};
use tandem_harness::{Client, Host, Options, root, text};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::author::Machine;

/// A server made from a document: it answers each of its operations with what it got, and nothing else.
struct StandIn {
    port: u16,
    document: Arc<Value>,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

type Shared = (Arc<Value>, Arc<Mutex<Vec<String>>>);

impl StandIn {
    async fn start(document: Value) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (document, seen) = (Arc::new(document), Arc::<Mutex<Vec<String>>>::default());
        let app = Router::new().fallback(answer).with_state((document.clone(), seen.clone()));
        let task = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { port, document, seen, task })
    }

    /// The requests so far: method and path.
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State((document, seen)): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    seen.lock().unwrap().push(format!("{method} {}", uri.path()));
    let below = uri.path().strip_prefix("/v1").unwrap_or_default();
    let fits = |template: &str| {
        let (one, two) = (template.split('/'), below.split('/'));
        one.clone().count() == two.clone().count() && one.zip(two).all(|(one, two)| one.starts_with('{') || one == two)
    };
    let paths = document["paths"].as_object().unwrap();
    let found =
        paths.iter().find(|(template, item)| fits(template) && item.get(method.as_str().to_lowercase()).is_some());
    let Some((template, _)) = found else {
        return (StatusCode::NOT_FOUND, axum::Json(json!({ "message": "no such operation" })));
    };
    if below.ends_with("/missing") {
        return (StatusCode::NOT_FOUND, axum::Json(json!({ "message": "no such pet" })));
    }
    let sent: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let body = String::from_utf8_lossy(&body);
    (
        StatusCode::OK,
        axum::Json(json!({ "operation": template, "uri": uri.to_string(), "headers": sent, "body": body })),
    )
}

fn document(name: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(root().join("host/openapi/tests/data").join(name))?)?)
}

/// Imports, packs and serves a document, whose server is the stand-in.
async fn served(server: &StandIn, name: &str, grants: &str) -> anyhow::Result<(Machine, Host, Client)> {
    let machine = Machine::new()?;
    let here = machine.path();
    std::fs::write(here.join("api.json"), server.document.to_string())?;
    let url = format!("http://127.0.0.1:{}/v1", server.port);
    run(&machine, &["import", "openapi", "api.json", "--name", name, "--server", &url]).await?;
    let key = root().join("keys/dev.key").display().to_string();
    run(&machine, &["plugin", "pack", name, "--key", &key]).await?;
    let file = here.join(name).join(format!("{name}.wasm"));
    let grants = format!(
        "[grants.{name}]\nhttp = [{{ host = \"127.0.0.1\", port = {}, allow-cidrs = [\"127.0.0.0/8\"] }}]\n{grants}",
        server.port
    );
    let host = Options::default().file(file).config(&grants).env("STORE_KEY", "s3cret").start().await?;
    let client = host.client("/mcp/full").await?;
    Ok((machine, host, client))
}

async fn run(machine: &Machine, arguments: &[&str]) -> anyhow::Result<String> {
    let (code, said) = machine.run(machine.path(), arguments).await?;
    anyhow::ensure!(code == 0, "{arguments:?}: {said}");
    Ok(said)
}

#[tokio::test]
async fn an_imported_api_is_packed_granted_and_called() -> anyhow::Result<()> {
    let server = StandIn::start(document("petstore.json")?).await?;
    let secret = "secrets.api-key-auth = \"${env:STORE_KEY}\"\n";
    let (_machine, _host, client) = served(&server, "store", secret).await?;

    let got = client.structured("store_get_pet", json!({ "petId": "a b", "fields": "name,owner" })).await?;
    assert_eq!(got["status"], 200);
    assert_eq!(got["body"]["uri"], "/v1/pets/a%20b?fields=name%2Cowner");
    assert_eq!(got["body"]["headers"]["accept"], "application/json");
    assert!(got["body"]["headers"].get("x-api-key").is_none(), "the operation asks for no key");

    let arguments =
        json!({ "limit": 2, "status": ["sold", "pending"], "tags": ["a", "b"], "born": { "after": "2026-01-01" } });
    let got = client.structured("store_list_pets", arguments).await?;
    assert_eq!(got["body"]["uri"], "/v1/pets?limit=2&status=sold&status=pending&tags=a,b&born%5Bafter%5D=2026-01-01");
    // The server had the secret; what it repeats of it is taken out.
    let key = got["body"]["headers"]["x-api-key"].as_str().unwrap();
    assert!(!key.is_empty() && key != "s3cret", "{key}");

    let got = client.structured("store_create_pet", json!({ "body": { "name": "Ada", "weight": 2.5 } })).await?;
    assert_eq!(
        serde_json::from_str::<Value>(got["body"]["body"].as_str().unwrap())?,
        json!({ "name": "Ada", "weight": 2.5 })
    );
    let got = client
        .structured("store_set_note", json!({ "petId": "1", "body": { "text": "a&b", "labels": ["x", "y"] } }))
        .await?;
    assert_eq!(got["body"]["body"], "text=a%26b&labels=x&labels=y");

    // What the server says of an error reaches the model; arguments that do not fit never reach the server.
    let said = text(&client.call("store_get_pet", json!({ "petId": "missing" })).await?);
    assert!(said.contains("status 404") && said.contains("no such pet"), "{said}");
    let before = server.seen().len();
    for arguments in
        [json!({}), json!({ "petId": "../pets" }), json!({ "petId": "%2e%2e" }), json!({ "petId": "1", "else": 1 })]
    {
        let refused = client.call("store_get_pet", arguments.clone()).await;
        assert!(refused.is_err() || refused.is_ok_and(|result| result.is_error == Some(true)), "{arguments}");
    }
    assert_eq!(server.seen().len(), before);
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_not_granted_is_named_and_nothing_is_sent() -> anyhow::Result<()> {
    let server = StandIn::start(document("petstore.json")?).await?;
    let (_machine, _host, client) = served(&server, "store", "").await?;
    let said = text(&client.call("store_list_pets", json!({})).await?);
    assert!(said.contains("api-key-auth"), "{said}");
    assert_eq!(server.seen(), [""; 0]);
    client.structured("store_get_pet", json!({ "petId": "1" })).await?;
    Ok(())
}

#[tokio::test]
async fn a_file_of_a_granted_folder_is_uploaded_and_no_other() -> anyhow::Result<()> {
    let server = StandIn::start(document("ledger.json")?).await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("scan.png"), "the scan")?;
    std::fs::write(folder.path().join("large"), vec![b'x'; (8 << 20) + 1])?;
    let grants = format!("fs.data = {:?}\n", folder.path());
    let (_machine, _host, client) = served(&server, "ledger", &grants).await?;
    let got =
        client.structured("ledger_add_receipt", json!({ "body": { "scan": "data/scan.png", "amount": 2 } })).await?;
    let media_type = got["body"]["headers"]["content-type"].as_str().unwrap();
    let boundary = media_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let part = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"scan\"; filename=\"scan.png\"\r\n");
    let body = got["body"]["body"].as_str().unwrap();
    assert!(
        body.starts_with(&part)
            && body.contains("\r\n\r\nthe scan\r\n")
            && body.contains("name=\"amount\"\r\n\r\n2\r\n"),
        "{body}"
    );
    assert_eq!(
        client.structured("ledger_upload", json!({ "body": "data/scan.png" })).await?["body"]["body"],
        "the scan"
    );
    let before = server.seen().len();
    for (path, why) in [
        ("data/../scan.png", "granted folder"),
        ("etc/passwd", "granted folder"),
        ("data/none", "no `data/none`"),
        ("data/large", "at most 8388608 bytes"),
    ] {
        let said = text(&client.call("ledger_upload", json!({ "body": path })).await?);
        assert!(said.contains(why), "{path}: {said}");
    }
    assert_eq!(server.seen().len(), before);
    Ok(())
}

#[tokio::test]
async fn what_was_reviewed_is_what_is_packed() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    let spec = root().join("host/openapi/tests/data/petstore.json").display().to_string();
    let said = run(&machine, &["import", "openapi", &spec, "--include", "*Pet", "-o", "here"]).await?;
    assert!(said.contains("here: 3 tools of Pet Store 1.4.0"), "{said}");
    let (code, said) = machine.run(machine.path(), &["import", "openapi", &spec, "-o", "here"]).await?;
    assert!(code == 1 && said.contains("here exists already"), "{said}");
    let operations = machine.path().join("here/operations.json");
    let reviewed = std::fs::read_to_string(&operations)?.replace("Get a pet.", "Looks a pet up.");
    std::fs::write(&operations, &reviewed)?;
    run(&machine, &["plugin", "pack", "here"]).await?;
    let packed = std::fs::read(machine.path().join("here/pet-store.wasm"))?;
    run(&machine, &["plugin", "pack", "here"]).await?;
    assert_eq!(std::fs::read(machine.path().join("here/pet-store.wasm"))?, packed, "the same each time");
    let descriptors = descriptors(&machine.path().join("here/pet-store.wasm"))?;
    assert!(descriptors.contains("Looks a pet up."), "{descriptors}");
    let (code, said) = machine.run(machine.path(), &["plugin", "check", "here/build/plugin.wasm", "--strict"]).await?;
    assert_eq!(code, 0, "{said}");

    std::fs::write(&operations, reviewed.replace("\"accept\"", "\"accepts\""))?;
    let (code, said) = machine.run(machine.path(), &["plugin", "pack", "here"]).await?;
    assert!(code == 1 && said.contains("here/operations.json is malformed") && said.contains("accepts"), "{said}");
    Ok(())
}

fn descriptors(file: &Path) -> anyhow::Result<String> {
    use tandem_package::{Package, SignaturePolicy, TrustRoots};
    let package = Package::open(&std::fs::read(file)?, &TrustRoots::none(), SignaturePolicy::AllowUnsigned)?;
    Ok(serde_json::to_string(&package.descriptors)?)
}

#[tokio::test]
async fn an_api_of_600_operations_is_one_plugin() -> anyhow::Result<()> {
    let operation = |n: usize| {
        json!({ "operationId": format!("update-thing-{n}"), "summary": format!("Update thing {n}"), "description": "Changes what is given. ".repeat(60),
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } }, "responses": {} })
    };
    let paths: Map<String, Value> =
        (0..600).map(|n| (format!("/groups/{}/things{n}/{{id}}", n % 90), json!({ "patch": operation(n) }))).collect();
    let members: Map<String, Value> = (0..30)
        .map(|n| {
            (
                format!("member{n}"),
                json!({ "type": "string", "description": "What it is, in a sentence of some length." }),
            )
        })
        .collect();
    let document = json!({ "openapi": "3.1.0", "info": { "title": "Things", "version": "1" },
        "paths": paths, "components": { "schemas": { "Thing": { "type": "object", "properties": members } } } });
    let server = StandIn::start(document).await?;
    let (_machine, _host, client) = served(&server, "things", "").await?;
    assert_eq!(client.plugin_tools().await?.len(), 600);
    let mut fastest = Duration::MAX;
    for n in [0, 299, 599] {
        let arguments = json!({ "id": n, "body": { "member3": "x", "else": n } });
        let began = Instant::now();
        let got = client.structured(&format!("things_update_thing_{n}"), arguments).await?;
        fastest = fastest.min(began.elapsed());
        assert_eq!(got["body"]["operation"], format!("/groups/{}/things{n}/{{id}}", n % 90));
        assert_eq!(got["body"]["body"], format!("{{\"member3\":\"x\",\"else\":{n}}}"));
    }
    // Most of a call must not be spent on the operations that it does not perform.
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");
    eprintln!("a call of one of 600 tools: {fastest:?}");
    Ok(())
}
