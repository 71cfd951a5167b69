use std::{path::PathBuf, time::Duration};
pub use tandem_gateway::Exposure;
use tandem_gateway::GatewayConfig;
use crate::{args::{Config, Source}, exit::Exit, grants::Grants, logging::Format};

pub struct Settings {
    pub host: String, pub port: u16, pub exposure: Exposure, pub log: String, pub log_format: Format, pub workers: usize, pub compile_workers: usize,
    pub data_directory: PathBuf, pub store_path: PathBuf, pub max_instances: u32, pub max_memory: u64, pub reactor_fallback: bool,
    pub plugin_directory: PathBuf, pub trust_roots: Vec<PathBuf>, pub allow_unsigned: bool, pub grants: Grants, drain: Duration,
}
impl Settings {
    pub fn load(_source: &Source) -> anyhow::Result<Self> {
        let v = |k: &str, d: &str| std::env::var(k).unwrap_or_else(|_| d.to_owned());
        let data = PathBuf::from(v("TANDEM_PLUGINS__DATA_DIRECTORY", "data"));
        Ok(Self { host: "127.0.0.1".into(), port: v("TANDEM_SERVER__PORT", "8000").parse()?, exposure: Exposure::Hierarchical, log: "info".into(), log_format: Format::Auto, workers: 0, compile_workers: 1,
            store_path: data.join("tandem.db"), data_directory: data, max_instances: 1000, max_memory: 256 << 20, reactor_fallback: false,
            plugin_directory: v("TANDEM_PLUGINS__DIRECTORY", "plugins").into(), trust_roots: glob::glob("keys/*.pub")?.filter_map(Result::ok).collect(), allow_unsigned: false, grants: Grants, drain: Duration::from_secs(30) })
    }
    pub fn gateway(&self, exposure: Exposure) -> GatewayConfig {
        let mut config = GatewayConfig::default();
        config.exposure = exposure; config.drain = self.drain; config
    }
}
pub fn run(_args: &Config) -> anyhow::Result<Exit> { Ok(Exit::Success) }
