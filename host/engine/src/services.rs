//! What all plugins share: the store, the caches, and the ways up to the router and the catalog.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, OnceLock, Weak},
};

use rustls::pki_types::CertificateDer;
use tandem_store::Store;
use tokio_rustls::TlsConnector;

use crate::{
    interfaces::Caches,
    ports::{EventSink, HttpFixtures, Invoker},
    wasi::{DiskUsage, Pool},
};

/// Set up once, before the first call. The upward references are weak: the router owns the engine, not the
/// other way round.
#[derive(Default)]
pub struct Services {
    /// The durable store; without one, what needs it is denied.
    pub store: Option<Store>,
    /// What is used of granted directories' quotas.
    pub disk: DiskUsage,
    /// The caches behind `tandem:host/cache`.
    pub caches: Caches,
    /// Certificates of authorities that outgoing HTTP trusts beside the public ones.
    authorities: Vec<CertificateDer<'static>>,
    tls: OnceLock<Option<TlsConnector>>,
    /// Connections of outgoing HTTP that wait for their next request.
    pub(crate) connections: Arc<Pool>,
    invoker: OnceLock<Weak<dyn Invoker>>,
    events: OnceLock<Weak<dyn EventSink>>,
    extensions: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    fixtures: OnceLock<Arc<dyn HttpFixtures>>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("store", &self.store.is_some()).finish_non_exhaustive()
    }
}

impl Services {
    /// Services over a durable store.
    #[must_use]
    pub fn with_store(store: Store) -> Self {
        Self { store: Some(store), ..Self::default() }
    }

    /// The same, with certificate authorities that outgoing HTTP trusts beside the public ones.
    #[must_use]
    pub fn trusting(mut self, authorities: Vec<CertificateDer<'static>>) -> Self {
        self.authorities = authorities;
        self
    }

    /// The same, with what an interface of another crate works on ([`CallState::extension`](crate::CallState::extension)): one of
    /// each type.
    #[must_use]
    pub fn with_extension<T: Send + Sync + 'static>(mut self, extension: Arc<T>) -> Self {
        self.extensions.insert(TypeId::of::<T>(), extension);
        self
    }

    pub(crate) fn extension<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.extensions.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }

    /// Sets who runs nested calls. Only the first setting counts.
    pub fn set_invoker(&self, invoker: &Arc<dyn Invoker>) {
        drop(self.invoker.set(Arc::downgrade(invoker)));
    }

    /// Sets who takes events. Only the first setting counts.
    pub fn set_events(&self, events: &Arc<dyn EventSink>) {
        drop(self.events.set(Arc::downgrade(events)));
    }

    /// Sets what answers plugins' HTTP requests in the place of the network, for tests of plugins. Only the first setting
    /// counts.
    pub fn set_http_fixtures(&self, fixtures: Arc<dyn HttpFixtures>) {
        drop(self.fixtures.set(fixtures));
    }

    pub(crate) fn fixtures(&self) -> Option<Arc<dyn HttpFixtures>> {
        self.fixtures.get().cloned()
    }

    /// Made at the first use; none when the authorities cannot be used.
    pub(crate) fn tls(&self) -> Option<TlsConnector> {
        self.tls.get_or_init(|| crate::wasi::connector(&self.authorities)).clone()
    }

    pub(crate) fn invoker(&self) -> Option<Arc<dyn Invoker>> {
        self.invoker.get()?.upgrade()
    }

    pub(crate) fn events(&self) -> Option<Arc<dyn EventSink>> {
        self.events.get()?.upgrade()
    }
}
