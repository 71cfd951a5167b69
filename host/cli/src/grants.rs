use std::{sync::Arc, time::Duration};
use tandem_catalog::{GrantPolicy, Granted};
use tandem_engine::{Capability, Directory, Limits};
use tandem_manifest::PluginManifest;
use tandem_store::Quota;
#[derive(Clone)]
pub struct Grants;
impl GrantPolicy for Grants {
    fn grant(&self, m: &PluginManifest) -> Result<Granted, String> {
        let l = &m.limits;
        let capability = Capability {
            directories: m.request.fs.iter().map(|f| Directory { name: f.name.to_string(), path: "examples/data".into(), writable: true }).collect(),
            cache: m.request.cache.on().map(|c| c.max_bytes.as_u64()),
            kv: m.request.kv.on().map(|k| Quota { bytes: k.max_bytes.as_u64(), keys: k.max_keys.into() }),
            invoke: m.request.invoke.on().is_some(), ..Capability::default() };
        Ok(Granted { limits: Limits { memory: l.memory.as_u64(), deadline: l.deadline.as_duration(), cpu: l.cpu.as_duration(), output: l.output.as_u64(), log: 64 << 10, concurrency: l.concurrency }, max_deadline: Duration::from_secs(120), capabilities: Arc::new(capability) })
    }
}
