//! `tandem:host/config`: the operator's settings for the plugin. Components that know nothing of Tandem read the same ones by
//! `wasi:config/store`.

use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use crate::{
    bindings::tandem::host::config::{Host, add_to_linker},
    interfaces::HostInterface,
    state::{CallState, HostView},
};

/// The interface.
pub(crate) struct Config;

impl HostInterface for Config {
    fn name(&self) -> &'static str {
        "tandem:host/config"
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)?;
        link_store(linker)
    }
}

impl Host for &mut CallState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.capability().config.get(&key).cloned())
    }

    fn all(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.capability().config.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }
}

/// The drafts of wasi:config that components are built against; all have the same functions.
const STORES: [&str; 2] = ["wasi:config/store@0.2.0-draft", "wasi:config/store@0.2.0-rc.1"];

/// What `wasi:config/store` calls `error`. The settings are in memory: no reading of one fails.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

/// Links `wasi:config/store`.
fn link_store(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    for name in STORES {
        let mut store = linker.instance(name)?;
        store.func_wrap("get", |mut context, (key,): (String,)| {
            Ok((Ok::<_, Error>(Host::get(&mut context.data_mut(), key)?),))
        })?;
        store.func_wrap("get-all", |mut context, (): ()| Ok((Ok::<_, Error>(Host::all(&mut context.data_mut())?),)))?;
    }
    Ok(())
}
