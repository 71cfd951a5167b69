//! What all instances of a plugin share.

use std::sync::Arc;

use crate::{
    metrics::Meters, ports::Capabilities, services::Services, spec::PluginSpec, ticker::Ticker,
    wasi::DeterministicSources,
};

/// What all instances of a plugin share.
pub(crate) struct PluginContext {
    pub(crate) name: Arc<str>,
    pub(crate) services: Arc<Services>,
    pub(crate) capabilities: Arc<dyn Capabilities>,
    pub(crate) deterministic: Option<DeterministicSources>,
    pub(crate) meters: Meters,
    /// Guests are stopped by this clock, so it must tick as long as any plugin can run.
    pub(crate) ticker: Arc<Ticker>,
}

impl PluginContext {
    pub(crate) fn new(spec: &PluginSpec, services: Arc<Services>, ticker: Arc<Ticker>) -> Self {
        let (name, capabilities) = (spec.name.as_str(), spec.capabilities.clone());
        Self {
            name: name.into(),
            services,
            capabilities,
            deterministic: spec.deterministic,
            meters: Meters::new(name),
            ticker,
        }
    }
}
