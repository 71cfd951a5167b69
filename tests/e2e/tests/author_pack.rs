//! `tandem plugin pack`, of a project and of a component.

use std::path::Path;

use tandem_harness::root;
use tandem_package::{Package, Request, SignaturePolicy, TrustRoots};

use crate::author::{Machine, built};

/// The plugin in a file, as it is for a host that trusts nobody.
fn packed(file: &Path) -> anyhow::Result<Package> {
    Ok(Package::open(&std::fs::read(file)?, &TrustRoots::none(), SignaturePolicy::AllowUnsigned)?)
}

#[tokio::test]
async fn a_project_is_built_to_be_given_away_and_packed_beside_its_sources() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    let project = built(&machine, "env-reader")?;
    // What is there was built by another command, for itself.
    std::fs::rename(project.join("build/plugin.wasm"), project.join("made"))?;
    std::fs::write(project.join("build/plugin.wasm"), "an older one")?;
    let script = "[ -z \"${TANDEM_DEV:-}\" ] || exit 3\necho compiling\nmkdir -p build\ncp made build/plugin.wasm\n";
    std::fs::write(project.join("build.sh"), script)?;
    let (code, said) = machine.run(machine.path(), &["pack", "env-reader"]).await?;
    assert!(code == 0 && said.contains("compiling"), "{said}");
    assert!(said.contains("env-reader/env-reader.wasm: env-reader 0.1.0 with 4 tools"), "{said}");
    assert!(said.contains("unsigned"), "{said}");
    let file = project.join("env-reader.wasm");
    assert_eq!(packed(&file)?.key_id, None);
    std::fs::remove_file(&file)?;

    // In the project's directory, signed, and somewhere else.
    let key = root().join("keys/dev.key").display().to_string();
    let (code, said) = machine.run(&project, &["pack", "--key", &key]).await?;
    assert!(code == 0 && said.contains(", signed"), "{said}");
    let (trusted, public) = (std::fs::read_to_string(root().join("keys/dev.pub"))?, "dev.pub");
    let roots = TrustRoots::from_pems([(public, trusted.as_str())])?;
    Package::open(&std::fs::read(&file)?, &roots, SignaturePolicy::Required)?;
    let (code, said) = machine.run(&project, &["pack", "-o", "given/away.wasm"]).await?;
    assert!(code == 0 && project.join("given/away.wasm").is_file(), "{said}");

    // What does not build is not packed, and what was there stays.
    let before = std::fs::read(&file)?;
    std::fs::write(project.join("build.sh"), "exit 7\n")?;
    let (code, said) = machine.run(&project, &["pack"]).await?;
    assert!(code == 1 && said.contains("the build failed with exit code 7"), "{said}");
    assert_eq!(std::fs::read(&file)?, before);
    Ok(())
}

#[tokio::test]
async fn a_component_is_packed_as_it_is() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    let project = built(&machine, "env-reader")?;
    std::fs::write(project.join("build.sh"), "exit 7\n")?;
    let elsewhere = ["pack", "env-reader/build/plugin.wasm", "--manifest", "env-reader/plugin.toml", "-o", "some.wasm"];
    let (code, said) = machine.run(machine.path(), &elsewhere).await?;
    assert!(code == 0, "{said}");
    assert_eq!(&*packed(&machine.path().join("some.wasm"))?.manifest.plugin.name.to_string(), "env-reader");
    let (code, said) = machine.run(&project, &["pack", "build/plugin.wasm"]).await?;
    assert!(code == 0 && said.starts_with("env-reader.wasm: env-reader 0.1.0"), "{said}");
    packed(&project.join("env-reader.wasm"))?;
    std::fs::copy(project.join("build/plugin.wasm"), project.join("env-reader.wasm"))?;
    let (code, said) = machine.run(&project, &["pack", "env-reader.wasm"]).await?;
    assert!(code == 1 && said.contains("is the component itself"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_component_that_nobody_built_for_tandem_needs_no_more_than_a_name() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    let component = built(&machine, "stranger")?.join("build/plugin.wasm");
    let here = machine.path();
    std::fs::copy(&component, here.join("found.wasm"))?;

    let (code, said) = machine.run(here, &["pack", "found.wasm"]).await?;
    assert!(code == 1 && said.contains("found.wasm has no manifest: name it with --name"), "{said}");
    let (code, said) = machine.run(here, &["pack", "found.wasm", "--name", "geo"]).await?;
    assert!(code == 0 && said.contains("requests nothing") && said.contains("geo.wasm: geo 0.1.0 with"), "{said}");
    let package = packed(&here.join("geo.wasm"))?;
    let manifest = &package.manifest;
    assert_eq!((manifest.category(), &manifest.request), ("geo", &Request::default()));
    assert_eq!(package.manifest.plugin.description, "The tools of found.wasm.");
    // It is the category of tools, and the name of a file.
    for wrong in ["Geo", "geo_2", "geo/2", "", "../geo"] {
        let (code, said) = machine.run(here, &["pack", "found.wasm", "--name", wrong]).await?;
        assert!(code == 2 && said.contains("write lower-case words with hyphens"), "{wrong}: {said}");
    }
    let (code, said) = machine.run(here, &["pack", "found.wasm", "--name", "found"]).await?;
    assert!(code == 1 && said.contains("is the component itself"), "{said}");

    // What it says of itself stands, and a manifest that there is keeps all but its name.
    let mut known = std::fs::read(&component)?;
    for (section, text) in [("version", "2.3.4"), ("description", "Counts words.")] {
        known = Package::annotate(&known, section, text.as_bytes())?;
    }
    std::fs::write(here.join("known.wasm"), known)?;
    let (code, said) = machine.run(here, &["pack", "known.wasm", "--name", "geo"]).await?;
    assert!(code == 0 && said.contains("geo.wasm: geo 2.3.4 with"), "{said}");
    assert_eq!(packed(&here.join("geo.wasm"))?.manifest.plugin.description, "Counts words.");
    let manifest = ["pack", "found.wasm", "--manifest", "stranger/plugin.toml", "--name", "geo"];
    let (code, said) = machine.run(here, &manifest).await?;
    assert!(code == 0 && said.contains("geo.wasm: geo 1.2.0 with"), "{said}");
    Ok(())
}
