//! `tandem:host/log`: structured lines for the operator, and for the client that asked for them.

use wasmtime::component::Linker;

use crate::{
    bindings::tandem::host::log::{Host, Level, add_to_linker},
    call,
    interfaces::HostInterface,
    state::{CallState, HostView},
};

/// The interface.
pub(crate) struct Log;

impl HostInterface for Log {
    fn name(&self) -> &'static str {
        "tandem:host/log"
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
}

impl From<Level> for call::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Notice => Self::Notice,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
            Level::Critical => Self::Critical,
            Level::Alert => Self::Alert,
            Level::Emergency => Self::Emergency,
        }
    }
}

impl Host for &mut CallState {
    fn write(&mut self, level: Level, logger: Option<String>, data: String) -> wasmtime::Result<()> {
        let level = level.into();
        if !self.log.line(level, logger.as_deref(), &data) {
            return Ok(());
        }
        if let Some(client) = self.cx.as_ref().and_then(|cx| cx.client.as_ref()) {
            let data = serde_json::from_str(&data).unwrap_or(serde_json::Value::String(data));
            client.log(level, logger.as_deref(), &data);
        }
        Ok(())
    }
}
