//! `tandem:host/config`: the operator's settings for the plugin.

use crate::{bindings::tandem::host::config::Host, state::CallState};

impl Host for &mut CallState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.capability().config.get(&key).cloned())
    }

    fn all(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.capability().config.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }
}
