//! What a plugin is in a registry: the wasm artifact layout of the CNCF's TAG Runtime, so that `oras`, `wkg` and others pull it.
//!
//! An OCI image manifest with one layer, the plugin's file, and a configuration that names the component's interfaces. It
//! depends on the plugin's file alone: the same file has the same digest in every registry, at every time.

use std::collections::BTreeMap;

use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use serde_json::json;
use tandem_package::{Package, Sha256Digest};
use tandem_types::canonical_json;
use wasmparser::{Parser, Payload};

use crate::error::RegistryError;

/// The media type of the configuration.
const ARTIFACT_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The media type of the layer.
const ARTIFACT_LAYER: &str = "application/wasm";
/// Interfaces that the configuration names in each list.
const MAX_INTERFACES: usize = 1_000;
/// The time of the configuration: none that is true would be the same for the same file.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// A plugin, ready to be published.
pub(crate) struct Artifact {
    pub(crate) config: Vec<u8>,
    pub(crate) config_digest: Sha256Digest,
    pub(crate) layer_digest: Sha256Digest,
    pub(crate) manifest: Vec<u8>,
    pub(crate) manifest_digest: Sha256Digest,
}

impl Artifact {
    pub(crate) fn of(package: &Package, file: &[u8]) -> Result<Self, RegistryError> {
        let identity = &package.manifest.plugin;
        let (imports, exports) = interfaces(package.component(file));
        let config = canonical_json(&json!({
            "created": CREATED, "author": null, "architecture": "wasm", "os": "wasip2",
            "layerDigests": [package.file_digest],
            "component": { "imports": imports, "exports": exports, "target": null },
        }));
        let annotation = |key: &str, value: &str| (format!("org.opencontainers.image.{key}"), value.to_owned());
        let mut annotations = BTreeMap::from([
            annotation("title", identity.title.as_deref().unwrap_or(identity.name.as_str())),
            annotation("description", &identity.description),
            annotation("version", &identity.version.to_string()),
        ]);
        annotations.extend(identity.license.as_deref().map(|license| annotation("licenses", license)));
        let config_digest = Sha256Digest::of(&config);
        let descriptor = |kind: &str, digest: Sha256Digest, size: usize| OciDescriptor {
            media_type: kind.to_owned(),
            digest: digest.to_string(),
            size: i64::try_from(size).unwrap_or(i64::MAX),
            ..OciDescriptor::default()
        };
        let layer = OciDescriptor {
            // The name of the file that `oras pull` writes.
            annotations: Some(BTreeMap::from([annotation("title", &format!("{}.wasm", identity.name))])),
            ..descriptor(ARTIFACT_LAYER, package.file_digest, file.len())
        };
        let manifest = canonical_json(&OciImageManifest {
            schema_version: 2,
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
            config: descriptor(ARTIFACT_CONFIG, config_digest, config.len()),
            layers: vec![layer],
            subject: None,
            artifact_type: None,
            annotations: Some(annotations),
        });
        Ok(Self {
            config_digest,
            config,
            layer_digest: package.file_digest,
            manifest_digest: Sha256Digest::of(&manifest),
            manifest,
        })
    }
}

/// Names of what the outermost component imports and exports.
fn interfaces(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    // It was read before, by the rules of a package; what cannot be read now is left out.
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(section.into_iter().filter_map(Result::ok).map(|import| import.name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(section.into_iter().filter_map(Result::ok).map(|export| export.name.name.to_owned()));
            }
            _ => {}
        }
    }
    imports.truncate(MAX_INTERFACES);
    exports.truncate(MAX_INTERFACES);
    (imports, exports)
}

/// The layer of a manifest that is a plugin's.
pub(crate) fn layer(place: &str, manifest: &[u8]) -> Result<(Sha256Digest, u64), RegistryError> {
    let other = |reason: String| RegistryError::NotAPlugin { place: place.to_owned(), reason };
    let kind: serde_json::Value =
        serde_json::from_slice(manifest).map_err(|_| RegistryError::protocol(place, "a manifest that is not json"))?;
    if kind.get("manifests").is_some() {
        return Err(other("it is an index of several artifacts; name one of them by its digest".to_owned()));
    }
    let manifest: OciImageManifest = serde_json::from_value(kind)
        .map_err(|error| RegistryError::protocol(place, format!("invalid manifest: {error}")))?;
    let [layer] = manifest.layers.as_slice() else {
        return Err(other(format!("it has {} layers, expected one", manifest.layers.len())));
    };
    if layer.media_type != ARTIFACT_LAYER {
        let kind = crate::text::shown(&layer.media_type);
        return Err(other(format!("its layer is `{kind}`, expected `{ARTIFACT_LAYER}`")));
    }
    let digest =
        layer.digest.parse().map_err(|_| RegistryError::protocol(place, "a layer whose digest is not a sha256"))?;
    let size = u64::try_from(layer.size).map_err(|_| RegistryError::protocol(place, "a layer of negative size"))?;
    Ok((digest, size))
}
