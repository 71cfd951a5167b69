//! What comes into a plugin directory, and what does not.

use serde_json::{Value, json};
use tandem_harness::{Fault, Options, Registry, called, variant_bytes};
use tandem_package::Sha256Digest;

use super::{Home, run_in, until};

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
    let lock = std::fs::read_to_string(host.directory.path().join("tandem.lock"))?;
    assert!(lock.contains("version = \"1.0.0\"") && lock.contains(&stable), "{lock}");
    // What was rolled back does not come back by itself, only where it is asked for.
    assert!(operator(&["install"]).await?.out.contains("is installed already"));
    assert_eq!(std::fs::read(host.directory.path().join("plugins/echo.wasm"))?, file);
    let said = operator(&["upgrade", "echo", "--dry-run"]).await?.text;
    assert!(said.contains("1.0.0 → 1.1.0"), "{said}");

    operator(&["uninstall", "echo"]).await?;
    until(&host, &author.docker, Value::is_null).await?;
    assert!(client.structured("add", json!({"a": 1, "b": 2})).await.is_err());
    let lock = std::fs::read_to_string(host.directory.path().join("tandem.lock"))?;
    assert!(!lock.contains("echo"), "{lock}");
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
    assert!(home.wrong(&["install", &new, "--yes"]).await?.contains("digest mismatch"));
    home.is_untouched();
    registry.fault([Fault::Truncate(1_000)]);
    assert!(home.wrong(&["install", &new, "--yes"]).await?.contains("bytes, expected"));
    home.is_untouched();
    registry.fault([Fault::Claim(65 << 20)]);
    assert!(home.wrong(&["install", &new, "--yes"]).await?.contains("the limit is"));
    home.is_untouched();
    assert!(home.wrong(&["install", &format!("{repository}:3.0.0"), "--yes"]).await?.contains("is not there"));
    assert!(home.wrong(&["install", &new]).await?.contains("with --yes"), "nobody can be asked");
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
    assert!(stranger.contains("not a trust root"), "{stranger}");
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
async fn a_file_is_installed_from_where_it_lies_and_upgraded_from_there() -> anyhow::Result<()> {
    let home = Home::new()?;
    let write = |version| home.file("echo.wasm", &variant_bytes("echo", called("echo", version))?);
    let read = |file: &str| std::fs::read(home.path().join(file));
    write("1.0.0")?;
    let wrong = format!("sha256:{}", "0".repeat(64));
    let refused = home.wrong(&["install", "./echo.wasm", "--yes", "--digest", &wrong]).await?;
    assert!(refused.contains("it is another file than the one that was named"), "{refused}");
    home.is_untouched();
    let digest = Sha256Digest::of(&read("echo.wasm")?).to_string();
    let said = home.right(&["install", "./echo.wasm", "--yes", "--digest", &digest]).await?;
    assert!(said.text.contains("valid, by the trusted key"), "{}", said.text);
    assert_eq!(read("plugins/echo.wasm")?, read("echo.wasm")?);
    assert!(
        home.lock().is_some_and(|lock| lock.contains("echo.wasm\"") && lock.contains(&digest)),
        "{:?}",
        home.lock()
    );
    assert!(home.right(&["upgrade", "echo"]).await?.out.contains("is up to date"));

    // It is restored only as long as it is the same file; a newer one is an upgrade.
    std::fs::remove_file(home.path().join("plugins/echo.wasm"))?;
    home.right(&["install", "--locked"]).await?;
    assert_eq!(home.installed(), ["echo.wasm"]);
    write("1.1.0")?;
    std::fs::remove_file(home.path().join("plugins/echo.wasm"))?;
    assert!(home.wrong(&["install", "--locked"]).await?.contains("it is another file"));
    home.right(&["upgrade", "echo", "--yes"]).await?;
    assert_eq!(read("plugins/echo.wasm")?, read("echo.wasm")?);
    assert!(home.lock().is_some_and(|lock| lock.contains("version = \"1.1.0\"")));
    Ok(())
}

#[tokio::test]
async fn the_lock_file_is_restored_exactly() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    let stable = format!("oci://{}/acme/echo:stable", registry.host);
    assert!(home.wrong(&["install", "--locked"]).await?.contains("tandem.lock, which would say what to install"));
    home.right(&["publish", &home.plugin("1.0.0")?, &stable]).await?;
    home.right(&["install", &stable, "--yes"]).await?;
    let (file, lock) = (std::fs::read(home.path().join("plugins/echo.wasm"))?, home.lock());
    home.right(&["publish", &home.plugin("2.0.0")?, &stable, "--force"]).await?;

    // Elsewhere, with the same lock file: the tag means another file now, the lock file does not.
    let other = Home::new()?;
    std::fs::copy(home.path().join("tandem.lock"), other.path().join("tandem.lock"))?;
    registry.fault([Fault::Swap(vec![0; file.len()])]);
    assert!(other.wrong(&["install"]).await?.contains("digest mismatch"));
    assert_eq!(other.installed(), Vec::<String>::new());
    other.right(&["install", "--locked"]).await?;
    assert_eq!((std::fs::read(other.path().join("plugins/echo.wasm"))?, other.lock()), (file.clone(), lock.clone()));
    assert!(other.right(&["install", "--locked"]).await?.out.contains("is installed already"));
    let listed: Value = serde_json::from_str(&other.run(&["list", "--json"]).await?.out)?;
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

#[tokio::test]
async fn the_newest_version_is_found_by_the_tags() -> anyhow::Result<()> {
    let (registry, author) = (Registry::start().await, Home::new()?);
    let host = Options::with(&["progress"])?.start().await?;
    let operator = async |arguments: &[&str]| run_in(host.directory.path(), &author.docker, arguments).await;
    let lock = || std::fs::read_to_string(host.directory.path().join("tandem.lock"));
    let repository = format!("oci://{}/acme/echo", registry.host);
    let none = operator(&["install", &repository, "--yes"]).await?;
    assert!(!none.well && none.text.contains("is not there"), "{}", none.text);
    for version in ["0.9.0", "0.10.0", "0.2.0", "1.0.0-rc.1"] {
        author.right(&["publish", &author.plugin(version)?, &repository]).await?;
    }
    let missing = operator(&["install", &format!("{repository}:0.3.0"), "--yes"]).await?;
    assert!(missing.text.contains("available: 1.0.0-rc.1, 0.10.0, 0.9.0, 0.2.0"), "{}", missing.text);

    let said = operator(&["install", &repository, "--yes"]).await?;
    assert!(said.well && said.text.contains("taking the newest") && said.text.contains(":0.10.0"), "{}", said.text);
    assert!(lock()?.contains(&format!("{repository}:0.10.0")), "{}", lock()?);
    until(&host, &author.docker, |line| line["version"] == "0.10.0" && line["state"] == "serving").await?;
    let said = operator(&["upgrade", "--all"]).await?;
    assert!(said.out.contains("is up to date"), "no pre-release is taken: {}", said.text);

    author.right(&["publish", &author.plugin("0.11.0")?, &repository]).await?;
    let said = operator(&["upgrade", "echo", "--yes"]).await?;
    assert!(said.well && said.out.contains("0.10.0 → 0.11.0"), "{}", said.text);
    until(&host, &author.docker, |line| line["version"] == "0.11.0").await?;
    let said = operator(&["rollback", "echo"]).await?;
    assert!(said.well && said.text.contains("tandem.lock: now at 0.10.0"), "{}", said.text);
    assert!(lock()?.contains(&format!("{repository}:0.10.0")), "{}", lock()?);
    let said = operator(&["install"]).await?;
    assert!(said.out.contains("is installed already"), "{}", said.text);
    // The lock file that followed restores the older version elsewhere.
    let other = Home::new()?;
    std::fs::write(other.path().join("tandem.lock"), lock()?)?;
    assert!(other.right(&["install", "--locked"]).await?.out.contains("echo 0.10.0: installed"));
    Ok(())
}
