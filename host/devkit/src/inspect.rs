//! What a plugin is, what it requests, and what a host would grant it. Its code is read and not run.

use std::path::Path;

use serde_json::{Value, json};
use tandem_config::{HostConfig, SupplyError, SupplyPolicy};
use tandem_engine::{ComponentInfo, Engine, EngineConfig};
use tandem_package::{Explained, Installed, Limits, Package, SignatureState};
use tandem_runtime::{config::trust_roots, files, supply};

use crate::package;

/// A plugin, as a host with some configuration sees it.
pub struct Inspection {
    pub plugin: Package,
    pub signature: SignatureState,
    pub component: ComponentInfo,
    /// The lesser of what it asks for and what the host allows.
    pub limits: Limits,
    /// What it requests, and what it would be granted.
    pub capabilities: Vec<Explained>,
    /// Why the host would not load it.
    pub refusal: Option<SupplyError>,
}

impl Inspection {
    pub fn of(file: &Path, host: &HostConfig) -> anyhow::Result<Self> {
        let bytes = package::read(file)?;
        let roots = files::trust_roots(trust_roots(host)?.iter().map(AsRef::as_ref))?;
        let (plugin, signature) = Package::inspect(&bytes, &roots)?;
        let config = EngineConfig { max_instances: 1, ..EngineConfig::default() };
        let engine = Engine::new(config, None, Default::default(), &[&tandem_cluster::P2p])?;
        let component = engine.component_info(plugin.component(&bytes))?;
        let revoked = supply::revoked(host)?;
        let refusal = SupplyPolicy::new(host, &revoked).admit(&Installed::of(&plugin), None).err();
        let effective = host.effective(plugin.manifest.plugin.name.as_str(), &plugin.manifest.request, "");
        let (limits, capabilities) = (plugin.manifest.limits.within(&host.limits), effective.explain().to_vec());
        Ok(Self { plugin, signature, component, limits, capabilities, refusal })
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let left_out = self.component.unsupported_exports.iter().flatten();
        json!({
            "manifest": self.plugin.manifest, "descriptors": self.plugin.descriptors, "imports": self.component.imports,
            "functions_left_out": left_out.map(ToString::to_string).collect::<Vec<_>>(),
            "signature": self.signature.to_string(), "digest": self.plugin.file_digest.to_string(),
            "capabilities": self.capabilities, "refused": self.refusal.as_ref().map(ToString::to_string),
            "limits": self.limits,
        })
    }
}
