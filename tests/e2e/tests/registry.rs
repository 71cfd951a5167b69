//! Plugins are published and installed, with the real binary, from a registry that behaves and from one that does not.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tandem_harness::{Fault, Host, Options, Registry, binary, called, root, variant_bytes};
use tandem_manifest::{Package, Sha256Digest, TrustRoots};
use tempfile::TempDir;

/// An operator's directory, without a host.
struct Home {
    directory: TempDir,
    docker: PathBuf,
}

struct Said {
    well: bool,
    /// What it printed, first for machines, then for people.
    out: String,
    text: String,
}

impl Home {
    fn new() -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let docker = directory.path().join("docker");
        std::fs::create_dir(&docker)?;
        Ok(Self { directory, docker })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a guest as another version.
    fn plugin(&self, version: &str) -> anyhow::Result<String> {
        self.file(&format!("echo-{version}.wasm"), &variant_bytes("echo", called("echo", version))?)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
        std::fs::write(self.path().join(name), bytes)?;
        Ok(name.to_owned())
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        run_in(self.path(), &self.docker, arguments).await
    }

    async fn right(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        let said = self.run(arguments).await?;
        assert!(said.well, "tandem {arguments:?}: {}", said.text);
        Ok(said)
    }

    /// What it says when it refuses.
    async fn wrong(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let said = self.run(arguments).await?;
        assert!(!said.well, "tandem {arguments:?} must fail: {}", said.text);
        Ok(said.text)
    }

    fn installed(&self) -> Vec<String> {
        names(&self.path().join("plugins"))
    }

    fn lock(&self) -> Option<String> {
        std::fs::read_to_string(self.path().join("tandem.lock")).ok()
    }

    /// That nothing was installed, and nothing is left of the attempt.
    fn is_untouched(&self) {
        assert_eq!(self.installed(), Vec::<String>::new());
        assert_eq!(self.lock(), None);
        assert_eq!(names(&self.path().join("data/downloads")), Vec::<String>::new());
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect()
}

async fn run_in(home: &Path, docker: &Path, arguments: &[&str]) -> anyhow::Result<Said> {
    let path = format!("{}:{}", docker.display(), std::env::var("PATH").unwrap_or_default());
    let output = tokio::process::Command::new(binary())
        .args(arguments)
        .current_dir(home)
        .env("TANDEM_PLUGINS__TRUST_ROOTS", root().join("keys/*.pub"))
        .env("DOCKER_CONFIG", docker)
        .env("PATH", path)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let out = String::from_utf8(output.stdout)?;
    let text = format!("{out}{}", String::from_utf8(output.stderr)?);
    Ok(Said { well: output.status.success(), out, text })
}

/// Waits until a host lists the plugin so.
async fn until(host: &Host, docker: &Path, so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let mut last = Value::Null;
    for _ in 0..600 {
        let said = run_in(host.directory.path(), docker, &["list", "--json"]).await?;
        let all: Value = serde_json::from_str(&said.out)?;
        last =
            all.as_array().and_then(|all| all.iter().find(|line| line["name"] == "echo").cloned()).unwrap_or_default();
        if so(&last) {
            return Ok(last);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("it did not come to be so: {last}")
}

#[tokio::test]
async fn what_is_published_is_installed_elsewhere_taken_over_upgraded_and_taken_away() -> anyhow::Result<()> {
    let (registry, author) = (Registry::start().await, Home::new()?);
    let host = Options::with(&["progress"])?.start().await?;
    let operator = async |arguments: &[&str]| {
        let said = run_in(host.directory.path(), &author.docker, arguments).await?;
        anyhow::ensure!(said.well, "tandem {arguments:?}: {}", said.text);
        anyhow::Ok(said)
    };
    let client = host.client("/mcp/full").await?;
    let stable = format!("oci://{}/acme/echo:stable", registry.host);
    author.right(&["publish", &author.plugin("1.0.0")?, &stable]).await?;

    let said = operator(&["install", &stable, "--yes"]).await?;
    assert!(
        said.text.contains("requested and granted here") && said.text.contains("valid, by the trusted key"),
        "{}",
        said.text
    );
    let line = until(&host, &author.docker, |line| line["version"] == "1.0.0" && line["state"] == "serving").await?;
    let file = std::fs::read(host.directory.path().join("plugins/echo.wasm"))?;
    assert_eq!(line["source"], stable.as_str());
    assert_eq!(line["digest"], Sha256Digest::of(&file).to_string());
    assert_eq!(client.structured("add", json!({"a": 1, "b": 2})).await?["sum"], 3.0);

    let newer = variant_bytes("echo", |manifest, descriptors| {
        called("echo", "1.1.0")(manifest, descriptors);
        manifest.request.env = vec![serde_json::from_value(json!("LANG")).expect("a variable")];
    })?;
    author.right(&["publish", &author.file("newer.wasm", &newer)?, &stable, "--force"]).await?;
    let said = operator(&["upgrade", "--all", "--dry-run"]).await?;
    assert!(said.text.contains("1.0.0 → 1.1.0") && said.text.contains("+ env.LANG"), "{}", said.text);
    assert_eq!(std::fs::read(host.directory.path().join("plugins/echo.wasm"))?, file, "a dry run changes nothing");
    operator(&["upgrade", "echo", "--yes"]).await?;
    until(&host, &author.docker, |line| line["version"] == "1.1.0").await?;
    assert_eq!(client.structured("add", json!({"a": 1, "b": 2})).await?["sum"], 3.0);
    assert!(operator(&["upgrade", "echo"]).await?.out.contains("is up to date"));
    operator(&["rollback", "echo"]).await?;
    let said = operator(&["upgrade", "echo"]).await?.out;
    assert!(said.contains("echo.wasm is version 1.0.0") && said.contains("tandem rollback"), "{said}");

    operator(&["uninstall", "echo"]).await?;
    until(&host, &author.docker, Value::is_null).await?;
    assert!(client.structured("add", json!({"a": 1, "b": 2})).await.is_err());
    let lock = std::fs::read_to_string(host.directory.path().join("tandem.lock"))?;
    assert!(!lock.contains("echo"), "{lock}");
    Ok(())
}

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
    assert!(said.out.contains("is there already") && said.out.contains(&reference), "{}", said.out);
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
    assert!(author.wrong(&["publish", &unsigned, &repository]).await?.contains("tandem sign unsigned.wasm --key"));
    Ok(())
}

#[tokio::test]
async fn nothing_is_installed_that_a_host_would_not_load() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    let repository = format!("oci://{}/acme/echo", registry.host);
    let two = home.plugin("2.0.0")?;
    for file in [&home.plugin("1.0.0")?, &two] {
        home.right(&["publish", file, &repository]).await?;
    }
    let (old, new) = (format!("{repository}:1.0.0"), format!("{repository}:2.0.0"));
    let mut tampered = std::fs::read(home.path().join(&two))?;
    let middle = tampered.len() / 2;
    tampered[middle] ^= 1;

    registry.fault([Fault::Swap(tampered.clone())]);
    assert!(home.wrong(&["install", &new, "--yes"]).await?.contains("it was changed on the way"));
    home.is_untouched();
    registry.fault([Fault::Truncate(1_000)]);
    assert!(home.wrong(&["install", &new, "--yes"]).await?.contains("bytes, where"));
    home.is_untouched();
    registry.fault([Fault::Claim(65 << 20)]);
    assert!(home.wrong(&["install", &new, "--yes"]).await?.contains("the limit is"));
    home.is_untouched();
    assert!(home.wrong(&["install", &format!("{repository}:3.0.0"), "--yes"]).await?.contains("is not there"));
    assert!(home.wrong(&["install", &new]).await?.contains("say --yes"), "nobody can be asked");
    home.is_untouched();
    let other = format!("plugins.pins.echo=sha256:{}", "0".repeat(64));
    let pinned = home.wrong(&["install", &new, "--yes", "--set", &other]).await?;
    assert!(pinned.contains("plugins.pins.echo is sha256:0000"), "{pinned}");
    home.is_untouched();
    // The digest fits here; the signature does not.
    home.file("tampered.wasm", &tampered)?;
    let refused = home.wrong(&["install", "./tampered.wasm", "--yes"]).await?;
    assert!(refused.contains("was changed after signing") || refused.contains("section"), "{refused}");
    let stranger = home.wrong(&["install", &new, "--yes", "--set", "plugins.trust-roots=nobody/*.pub"]).await?;
    assert!(stranger.contains("no trust root"), "{stranger}");
    home.is_untouched();

    home.right(&["install", &new, "--yes"]).await?;
    let (file, lock) = (std::fs::read(home.path().join("plugins/echo.wasm"))?, home.lock());
    assert!(
        home.wrong(&["install", &old, "--yes"]).await?.contains("is older than 2.0.0"),
        "though no host ever loaded it"
    );
    assert_eq!((std::fs::read(home.path().join("plugins/echo.wasm"))?, home.lock()), (file, lock));
    assert_eq!(home.installed(), ["echo.wasm"]);
    home.right(&["install", &old, "--yes", "--set", "plugins.allow-downgrade=echo"]).await?;
    assert!(home.lock().is_some_and(|lock| lock.contains("version = \"1.0.0\"")));
    Ok(())
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_stopped() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    let reference = format!("oci://{}/acme/echo:1.0.0", registry.host);
    home.right(&["publish", &home.plugin("1.0.0")?, &reference]).await?;
    let ranges = || -> Vec<Option<String>> {
        registry
            .asked()
            .into_iter()
            .filter(|asked| asked.line.contains("/blobs/sha256"))
            .map(|asked| asked.range)
            .collect()
    };
    let from = |byte: usize| Some(format!("bytes={byte}-"));
    let _published = ranges();

    registry.fault([Fault::Break(1_000), Fault::Break(500), Fault::Busy(1)]);
    home.right(&["install", &reference, "--yes"]).await?;
    assert_eq!(ranges(), [None, from(1_000), from(1_500), from(1_500)]);
    home.right(&["uninstall", "echo"]).await?;

    // The first command gives up; the second one goes on.
    registry.fault([Fault::Break(2_000), Fault::Busy(3_600)]);
    assert!(home.wrong(&["install", &reference, "--yes"]).await?.contains("come back in 3600 s"));
    assert_eq!(home.installed(), Vec::<String>::new());
    let _first = ranges();
    home.right(&["install", &reference, "--yes"]).await?;
    assert_eq!(ranges(), [from(2_000)]);
    assert_eq!(names(&home.path().join("data/downloads")), Vec::<String>::new());
    home.right(&["uninstall", "echo"]).await?;

    // A server that knows no ranges, and bytes that are of something else.
    registry.fault([Fault::Break(3_000), Fault::Whole]);
    home.right(&["install", &reference, "--yes"]).await?;
    home.right(&["uninstall", "echo"]).await?;
    let digest = Sha256Digest::of(&std::fs::read(home.path().join("echo-1.0.0.wasm"))?).to_string();
    let part = home.path().join("data/downloads").join(digest.replace(':', "-")).with_extension("part");
    std::fs::write(part, vec![7; 4_000])?;
    let _third = ranges();
    home.right(&["install", &reference, "--yes"]).await?;
    assert_eq!(ranges(), [from(4_000), None], "what does not fit together is fetched anew");
    Ok(())
}

#[tokio::test]
async fn files_of_web_servers_are_fetched_within_the_same_bounds() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    let bytes = variant_bytes("echo", called("echo", "1.0.0"))?;
    registry.shelves.blobs.lock().unwrap().insert("echo.wasm".to_owned(), bytes.clone());
    let url = format!("http://{}/files/echo.wasm", registry.host);
    let wrong = format!("sha256:{}", "0".repeat(64));
    assert!(home.wrong(&["install", &url, "--yes", "--digest", &wrong]).await?.contains("instead of sha256:0000"));
    home.is_untouched();
    registry.fault([Fault::Redirect("http://plugins.example.com/echo.wasm".to_owned())]);
    assert!(home.wrong(&["install", &url, "--yes"]).await?.contains("without TLS"));
    registry.fault(std::iter::repeat_n(Fault::Redirect(url.clone()), 20));
    assert!(home.wrong(&["install", &url, "--yes"]).await?.contains("redirects without end"));
    registry.shelves.faults.lock().unwrap().clear();
    registry.fault([Fault::Claim(65 << 20)]);
    assert!(home.wrong(&["install", &url, "--yes"]).await?.contains("the limit is"));
    home.is_untouched();
    let plain = home.wrong(&["install", "http://plugins.example.com/echo.wasm", "--yes"]).await?;
    assert!(plain.contains("--plain-http plugins.example.com"), "{plain}");

    let _before = registry.asked();
    registry.fault([Fault::Break(1_000)]);
    let right = Sha256Digest::of(&bytes).to_string();
    home.right(&["install", &url, "--yes", "--digest", &right]).await?;
    let ranges: Vec<_> = registry.asked().into_iter().map(|asked| asked.range).collect();
    assert_eq!(ranges, [None, Some("bytes=1000-".to_owned())]);
    assert_eq!(std::fs::read(home.path().join("plugins/echo.wasm"))?, bytes);
    assert!(home.lock().is_some_and(|lock| lock.contains(&url) && lock.contains(&right)));
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
    assert!(refused.contains("tokens.example.com would be asked without TLS"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn the_lock_file_is_restored_exactly() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    let stable = format!("oci://{}/acme/echo:stable", registry.host);
    assert!(home.wrong(&["install", "--locked"]).await?.contains("there is no tandem.lock"));
    home.right(&["publish", &home.plugin("1.0.0")?, &stable]).await?;
    home.right(&["install", &stable, "--yes"]).await?;
    let (file, lock) = (std::fs::read(home.path().join("plugins/echo.wasm"))?, home.lock());
    home.right(&["publish", &home.plugin("2.0.0")?, &stable, "--force"]).await?;

    // Elsewhere, with the same lock file: the tag means another file now, the lock file does not.
    let other = Home::new()?;
    std::fs::copy(home.path().join("tandem.lock"), other.path().join("tandem.lock"))?;
    registry.fault([Fault::Swap(vec![0; file.len()])]);
    assert!(other.wrong(&["install"]).await?.contains("it was changed on the way"));
    assert_eq!(other.installed(), Vec::<String>::new());
    other.right(&["install", "--locked"]).await?;
    assert_eq!((std::fs::read(other.path().join("plugins/echo.wasm"))?, other.lock()), (file.clone(), lock.clone()));
    assert!(other.right(&["install", "--locked"]).await?.out.contains("is installed already"));
    let listed: Value = serde_json::from_str(&other.right(&["list", "--json"]).await?.out)?;
    assert_eq!((&listed[0]["state"], &listed[0]["source"]), (&json!("stored"), &json!(stable)));

    let moved = other.wrong(&["install", &stable, "--locked", "--yes"]).await?;
    assert!(moved.contains("without --locked it would be changed"), "{moved}");
    assert_eq!(other.lock(), lock);
    let stranger = variant_bytes("progress", called("progress", "1.0.0"))?;
    std::fs::write(other.path().join("plugins/progress.wasm"), stranger)?;
    assert!(other.wrong(&["install", "--locked"]).await?.contains("plugins/progress.wasm"));
    other.right(&["install"]).await?;
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
    assert!(home.right(&["publish", &file, &repository]).await?.out.contains("is there already"));
    home.right(&["install", reference, "--yes"]).await?;
    assert_eq!(std::fs::read(home.path().join("plugins/echo.wasm"))?, std::fs::read(home.path().join(&file))?);
    assert!(home.right(&["upgrade", "--all"]).await?.out.contains("by its digest and stays"));
    reader.abort();
    Ok(())
}
