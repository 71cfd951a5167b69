//! What goes to a registry, in which form, and with whose credentials.

use std::sync::Mutex;

use serde_json::{Value, json};
use tandem_harness::{Fault, Registry, called, variant_bytes};
use tandem_package::{Package, Sha256Digest, TrustRoots};
use tandem_registry::{Client, ClientOptions, Meter, Source};

use super::Home;

#[tokio::test]
async fn an_artifact_is_of_the_wasm_layout_and_a_tag_is_not_replaced_by_accident() -> anyhow::Result<()> {
    let (registry, author) = (Registry::start().await, Home::new()?);
    let (file, repository) = (author.plugin("1.0.0")?, format!("oci://{}/acme/echo", registry.host));
    registry.fault([Fault::Busy(0), Fault::Busy(0)]);
    let said = author.right(&["publish", &file, &repository]).await?;
    let reference = said.out.lines().last().expect("the reference is last").to_owned();
    let (kind, manifest) = registry.shelves.manifests.lock().unwrap()["acme/echo:1.0.0"].clone();
    assert_eq!(reference, format!("{repository}@{}", Sha256Digest::of(&manifest)));
    assert_eq!(kind, "application/vnd.oci.image.manifest.v1+json");
    let manifest: Value = serde_json::from_slice(&manifest)?;
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(manifest["annotations"]["org.opencontainers.image.version"], "1.0.0");
    let config = manifest["config"]["digest"].as_str().expect("a digest");
    let config: Value = serde_json::from_slice(&registry.shelves.blobs.lock().unwrap()[config])?;
    assert_eq!((&config["os"], &config["architecture"]), (&json!("wasip2"), &json!("wasm")));
    let exports = config["component"]["exports"].as_array().expect("exports");
    assert!(
        exports.iter().any(|name| name.as_str().is_some_and(|name| name.starts_with("tandem:plugin/tools"))),
        "{config}"
    );

    // What any client that knows only the distribution specification gets.
    let get = async |rest: &str| {
        let url = format!("http://{}/v2/acme/echo/{rest}", registry.host);
        let request = reqwest::Client::new().get(url).header("accept", "application/vnd.oci.image.manifest.v1+json");
        anyhow::Ok(request.send().await?.error_for_status()?.bytes().await?)
    };
    let pulled: Value = serde_json::from_slice(&get("manifests/1.0.0").await?)?;
    let layer = pulled["layers"][0]["digest"].as_str().expect("a digest");
    let pulled = get(&format!("blobs/{layer}")).await?;
    assert!(pulled == std::fs::read(author.path().join(&file))?, "another file comes out than went in");

    let _before = registry.asked();
    let said = author.right(&["publish", &file, &repository]).await?;
    assert!(said.out.contains("already published") && said.out.contains(&reference), "{}", said.out);
    let asked = registry.asked();
    assert!(asked.iter().all(|asked| asked.line.starts_with("GET")), "nothing is sent again: {asked:?}");
    let other = author.plugin("1.0.1")?;
    let tag = format!("{repository}:1.0.0");
    assert!(author.wrong(&["publish", &other, &tag]).await?.contains("--force"));
    author.right(&["publish", &other, &tag, "--force"]).await?;

    let (Package { manifest, descriptors, .. }, _) =
        Package::inspect(&std::fs::read(author.path().join(&file))?, &TrustRoots::none())?;
    let unsigned = Package::repack(&std::fs::read(author.path().join(&file))?, &manifest, &descriptors)?;
    let unsigned = author.file("unsigned.wasm", &unsigned)?;
    assert!(
        author.wrong(&["publish", &unsigned, &repository]).await?.contains("tandem plugin sign unsigned.wasm --key")
    );
    Ok(())
}

/// What a progress bar is told.
#[derive(Default)]
struct Told(Mutex<Vec<(u64, Option<u64>)>>);

impl Meter for Told {
    fn at(&self, done: u64, total: Option<u64>) {
        self.0.lock().unwrap().push((done, total));
    }
}

#[tokio::test]
async fn an_upload_reports_its_progress_in_steps() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    // More than a connection takes at once.
    let small = variant_bytes("echo", called("echo", "1.0.0"))?;
    let (package, _) = Package::inspect(&small, &TrustRoots::none())?;
    let large = Package::annotate(package.component(&small), "ballast", &vec![7; 24 << 20])?;
    let file = Package::pack(&large, &package.manifest, &package.descriptors)?;
    let (package, _) = Package::inspect(&file, &TrustRoots::none())?;
    let (length, Source::Oci(to)) = (file.len() as u64, format!("oci://{}/acme/echo:1.0.0", registry.host).parse()?)
    else {
        anyhow::bail!("it is a registry")
    };
    let client = Client::new(ClientOptions { downloads: home.path().to_owned(), ..ClientOptions::default() })?;
    let told = Told::default();
    registry.fault([Fault::Busy(0)]);
    assert!(!client.repository(&to).publish(&package, file.clone(), false, &told).await?.was_there);
    let told = std::mem::take(&mut *told.0.lock().unwrap());
    assert!(told.iter().all(|(done, total)| *done <= length && *total == Some(length)), "{told:?}");
    // The first attempt met a busy registry, which took nothing.
    let sent = told.iter().rposition(|(done, _)| *done == 0).expect("it begins with nothing");
    let sent: Vec<u64> = told[sent..].iter().map(|(done, _)| *done).collect();
    assert!(sent.is_sorted() && sent.last() == Some(&length), "{sent:?}");
    let between = sent.iter().filter(|done| (1..length).contains(*done)).count();
    assert!(between >= 3, "it grows in steps: {sent:?}");

    // What the registry has is not sent again; the bar is full all the same.
    let told = Told::default();
    registry.shelves.manifests.lock().unwrap().clear();
    let _before = registry.asked();
    client.repository(&to).publish(&package, file, false, &told).await?;
    assert!(!registry.asked().iter().any(|asked| asked.line.starts_with("POST")), "both blobs are there");
    assert_eq!(told.0.lock().unwrap().last(), Some(&(length, Some(length))));
    Ok(())
}

#[tokio::test]
async fn credentials_go_to_their_registry_and_to_nobody_else() -> anyhow::Result<()> {
    let (registry, elsewhere, home) = (Registry::start().await, Registry::start().await, Home::new()?);
    *registry.shelves.user.lock().unwrap() = Some(("bot".to_owned(), "s3cret-pass".to_owned()));
    let reference = format!("oci://{}/acme/echo:1.0.0", registry.host);
    let file = home.plugin("1.0.0")?;
    let refused = home.wrong(&["publish", &file, &reference]).await?;
    assert!(refused.contains(&format!("docker login {}", registry.host)), "{refused}");

    // As `docker login` writes it.
    let auths = |auth: &str| json!({"auths": {&registry.host: {"auth": auth}}}).to_string();
    std::fs::write(home.docker.join("config.json"), auths("Ym90Ondyb25n"))?;
    let refused = home.wrong(&["publish", &file, &reference]).await?;
    assert!(refused.contains("to `bot`") && !refused.contains("wrong"), "{refused}");
    std::fs::write(home.docker.join("config.json"), auths("Ym90OnMzY3JldC1wYXNz"))?;
    home.right(&["publish", &file, &reference]).await?;

    // An identity that is exchanged for a token.
    *registry.shelves.identity.lock().unwrap() = Some("refresh-me".to_owned());
    let identity = json!({"auths": {&registry.host: {"identitytoken": "refresh-me"}}}).to_string();
    std::fs::write(home.docker.join("config.json"), identity)?;
    home.right(&["publish", &file, &reference]).await?;

    // A helper, as for key chains; and the layer is somewhere else.
    let helper = home.docker.join("docker-credential-test");
    std::fs::write(
        &helper,
        "#!/bin/sh\ncat > /dev/null\necho '{\"Username\": \"bot\", \"Secret\": \"s3cret-pass\"}'\n",
    )?;
    std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let helpers = json!({"credHelpers": {&registry.host: "test"}}).to_string();
    std::fs::write(home.docker.join("config.json"), helpers)?;
    let bytes = std::fs::read(home.path().join(&file))?;
    elsewhere.shelves.blobs.lock().unwrap().insert("stored".to_owned(), bytes);
    let stored = format!("http://{}/files/stored", elsewhere.host.replace("127.0.0.1", "localhost"));
    registry.fault([Fault::Redirect(stored)]);
    let _before = registry.asked();
    home.right(&["install", &reference, "--yes"]).await?;
    let asked = elsewhere.asked();
    assert!(asked.len() == 1 && asked[0].authorization.is_none(), "{asked:?}");
    let asked = registry.asked();
    let token = asked.iter().find(|asked| asked.line.contains("/token")).expect("a token is asked for");
    assert!(token.line.contains("scope=repository%3Aacme%2Fecho%3Apull&"), "no more than is needed: {token:?}");

    // Nothing is sent to a token service that everybody on the way can read.
    *registry.shelves.realm.lock().unwrap() = Some("http://tokens.example.com/".to_owned());
    home.right(&["uninstall", "echo"]).await?;
    let refused = home.wrong(&["install", &reference, "--yes"]).await?;
    assert!(refused.contains("tokens.example.com would be reached without TLS"), "{refused}");
    Ok(())
}

/// Against a real registry, where the machine has one (Debian: `apt-get install docker-registry`).
#[tokio::test]
async fn a_real_registry_takes_and_gives_plugins() -> anyhow::Result<()> {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let home = Home::new()?;
    let config = format!(
        "version: 0.1\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n",
        home.path().join("registry").display()
    );
    std::fs::write(home.path().join("registry.yml"), config)?;
    let started = tokio::process::Command::new("docker-registry")
        .args(["serve", "registry.yml"])
        .current_dir(home.path())
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut registry) = started else {
        println!("skipped: there is no docker-registry; `apt-get install docker-registry` brings one");
        return Ok(());
    };
    let mut lines = BufReader::new(registry.stderr.take().expect("it is piped")).lines();
    let host = loop {
        let line = lines.next_line().await?.expect("it says where it listens");
        if let Some((_, rest)) = line.split_once("listening on ") {
            break rest.split(['"', ' ', ',']).next().unwrap_or_default().to_owned();
        }
    };
    let reader = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let repository = format!("oci://{host}/acme/echo");
    let file = home.plugin("1.0.0")?;
    let said = home.right(&["publish", &file, &repository]).await?;
    let reference = said.out.lines().last().expect("the reference is last");
    assert!(home.right(&["publish", &file, &repository]).await?.out.contains("already published"));
    home.right(&["install", reference, "--yes"]).await?;
    assert_eq!(std::fs::read(home.path().join("plugins/echo.wasm"))?, std::fs::read(home.path().join(&file))?);
    assert!(home.right(&["upgrade", "--all"]).await?.out.contains("by its digest and stays"));
    reader.abort();
    Ok(())
}
