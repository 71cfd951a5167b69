//! `plugin.toml` of strangers: parsed or refused with places, and drawn without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_manifest::PluginManifest;

fuzz_target!(|text: &str| {
    match PluginManifest::parse("plugin.toml", text) {
        Ok(manifest) => assert!(!manifest.plugin.name.as_str().is_empty()),
        Err(errors) => assert!(!errors.render(false).is_empty()),
    }
});
