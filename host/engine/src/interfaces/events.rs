//! `tandem:host/events`: what a plugin offers has changed.

use wasmtime::component::Linker;

use crate::{
    bindings::tandem::host::events::{EntryKind as WitKind, Error, Host, add_to_linker},
    interfaces::HostInterface,
    ports::EntryKind,
    state::{CallState, HostView},
};

/// The interface.
pub(crate) struct Events;

impl HostInterface for Events {
    fn name(&self) -> &'static str {
        "tandem:host/events"
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
}

impl Host for &mut CallState {
    fn set_hidden(&mut self, kind: WitKind, name: String, hidden: bool) -> wasmtime::Result<Result<(), Error>> {
        let kind = match kind {
            WitKind::Tool => EntryKind::Tool,
            WitKind::Prompt => EntryKind::Prompt,
            WitKind::Resource => EntryKind::Resource,
        };
        let Some(sink) = self.plugin.services.events() else { return Ok(Err(no_listener())) };
        let tenant = self.context()?.caller.tenant.clone();
        let known = sink.set_hidden(&tenant, &self.plugin.name, kind, &name, hidden);
        Ok(if known { Ok(()) } else { Err(Error::Unknown(name)) })
    }

    fn resource_updated(&mut self, uri: String) -> wasmtime::Result<Result<(), Error>> {
        let Some(sink) = self.plugin.services.events() else { return Ok(Err(no_listener())) };
        let tenant = self.context()?.caller.tenant.clone();
        sink.resource_updated(&tenant, &uri);
        Ok(Ok(()))
    }
}

fn no_listener() -> Error {
    Error::Other(Some("this host takes no events".to_owned()))
}
