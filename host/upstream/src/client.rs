//! This host as the client of a server: what the server says beside its answers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rmcp::{
    ClientHandler, RoleClient,
    model::{ClientConfig, Implementation, ProgressNotificationParam, ProgressToken},
    service::NotificationContext,
};
use tandem_engine::ClientPort;
use tokio::sync::Notify;

use crate::{limits::MAX_MESSAGE, text::line};

/// The clients that wait for calls, by the token that each call has.
#[derive(Default)]
pub(crate) struct ProgressSinks(Mutex<HashMap<ProgressToken, Arc<dyn ClientPort>>>);

impl ProgressSinks {
    /// Passes progress on until the answer is dropped.
    pub(crate) fn add(self: &Arc<Self>, token: ProgressToken, client: Arc<dyn ClientPort>) -> ProgressGuard {
        self.lock().insert(token.clone(), client);
        ProgressGuard { sinks: self.clone(), token }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ProgressToken, Arc<dyn ClientPort>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call's progress is passed on while this lives.
pub(crate) struct ProgressGuard {
    sinks: Arc<ProgressSinks>,
    token: ProgressToken,
}

impl Drop for ProgressGuard {
    fn drop(&mut self) {
        self.sinks.lock().remove(&self.token);
    }
}

/// Takes a server's notifications. Its requests (sampling, elicitation, roots) are refused: no capability for them is declared.
pub(crate) struct Client {
    pub(crate) progress: Arc<ProgressSinks>,
    /// The list of tools changed.
    pub(crate) changed: Arc<Notify>,
}

impl ClientHandler for Client {
    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        let client = self.progress.lock().get(&params.progress_token).cloned();
        if let Some(client) = client {
            client.progress(params.progress, params.total, params.message.map(|text| line(&text, MAX_MESSAGE)));
        }
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }

    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.client_info = Implementation::new("tandem", env!("CARGO_PKG_VERSION"));
        info
    }
}
