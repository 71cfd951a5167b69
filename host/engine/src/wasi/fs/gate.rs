//! The one gate of granted directories: every operation passes it, and every read and write of an open stream.

use std::sync::Arc;

use crate::{
    account::{Account, Use},
    context::PluginContext,
};

/// On whose behalf an instance uses its files.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) plugin: Arc<PluginContext>,
    pub(crate) tenant: Arc<str>,
    pub(crate) account: Option<Arc<dyn Account>>,
}

impl Gate {
    /// Whether a directory that was granted is so now; notes the use or the refusal.
    pub(super) fn passes(&self, directory: &str, write: bool) -> bool {
        let now = self.plugin.capabilities.of(&self.tenant);
        let granted = now.directories.iter().any(|now| now.name == directory && (now.writable || !write));
        match &self.account {
            Some(account) if granted => account.used(Use::Fs),
            _ if granted => {}
            _ => self.denied(directory),
        }
        granted
    }

    pub(super) fn denied(&self, what: &str) {
        if let Some(account) = &self.account {
            account.denied(Use::Fs, what);
        }
    }
}
