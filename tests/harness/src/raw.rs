//! Plugins from the text of a core module: for guests that no compiler would make.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;
use tandem_package::{Descriptors, KeyPair, Package, PluginManifest};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::root;

/// Builds `tests/raw-guests/NAME.wat` as a component of `world` (see `worlds.wit` there), packs it with one tool
/// called NAME (with `_` for `-`), one resource `raw://NAME` and one prompt where the world has them, and signs it.
/// `runtime` is the manifest's `[runtime]` table, if it has one.
pub fn raw_plugin(directory: &Path, name: &str, world: &str, runtime: &str) -> anyhow::Result<PathBuf> {
    large_raw_plugin(directory, name, world, runtime, "16MiB")
}

/// The same, with as much memory as is said.
pub fn large_raw_plugin(
    directory: &Path,
    name: &str,
    world: &str,
    runtime: &str,
    memory: &str,
) -> anyhow::Result<PathBuf> {
    let text = std::fs::read_to_string(root().join("tests/raw-guests").join(format!("{name}.wat")))?;
    packed(directory, name, &text, world, runtime, memory)
}

/// The same as [`raw_plugin`], of this text of a module.
pub fn raw_plugin_of(directory: &Path, name: &str, text: &str, world: &str) -> anyhow::Result<PathBuf> {
    packed(directory, name, text, world, "", "16MiB")
}

/// The component of a module's text, of one of the worlds beside the modules.
pub fn component(text: &str, world: &str) -> anyhow::Result<Vec<u8>> {
    let mut module = wat::parse_str(text)?;
    let mut resolve = Resolve::default();
    resolve.push_path(root().join("wit"))?;
    let (package, _) = resolve.push_path(root().join("tests/raw-guests/worlds.wit"))?;
    let world = resolve.select_world(&[package], Some(world))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default().module(&module)?.encode()
}

fn packed(
    directory: &Path,
    name: &str,
    text: &str,
    world: &str,
    runtime: &str,
    memory: &str,
) -> anyhow::Result<PathBuf> {
    let component = component(text, world).with_context(|| format!("encoding {name}"))?;
    let manifest = format!(
        "[plugin]\nname = \"{name}\"\nversion = \"0.1.0\"\ndescription = \"Made by hand.\"\n\
         license = \"Apache-2.0\"\n[runtime]\n{runtime}\n\
         [limits]\nmemory = \"{memory}\"\ndeadline = \"20s\"\ncpu = \"300ms\"\n"
    );
    let manifest = PluginManifest::parse("plugin.toml", &manifest).map_err(|errors| anyhow::anyhow!("{errors}"))?;
    let package = Package::pack(&component, &manifest, &descriptors(name, world)?)?;
    let key = KeyPair::from_pem(&std::fs::read_to_string(root().join("keys/dev.key"))?)?;
    let path = directory.join(format!("{name}.wasm"));
    std::fs::write(&path, Package::sign(&package, &key)?)?;
    Ok(path)
}

fn descriptors(name: &str, world: &str) -> anyhow::Result<Descriptors> {
    let parts = world == "all-parts";
    let resources = if parts { json!([{"uri": format!("raw://{name}"), "name": name}]) } else { json!([]) };
    let prompts = if parts { json!([{"name": name, "arguments": []}]) } else { json!([]) };
    Ok(serde_json::from_value(json!({"resources": resources, "prompts": prompts, "tools": [{
        "name": name.replace('-', "_"),
        "description": "Misbehaves.",
        "input_schema": {"type": "object"},
        "annotations": {"read_only": true, "destructive": false, "idempotent": false, "open_world": false},
    }]}))?)
}
