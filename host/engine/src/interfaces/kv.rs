//! `tandem:host/kv`: the durable store, in the namespace of the call's tenant and plugin.

use tandem_package::capability::{self, InternalCapability as _};
use tandem_store::{Namespace, Quota, Store, StoreError};
use wasmtime::component::Linker;

use self::bindings::tandem::host::kv::{Error, Host, KeyPage, add_to_linker};
use crate::{
    account::Use,
    capability::Capability,
    interfaces::HostInterface,
    state::{CallState, HostView},
};

#[allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, reason = "generated")]
pub(super) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        interfaces: "import tandem:host/kv@0.1.0;",
        imports: { default: async | trappable },
    });
}

/// As it stands in audit records.
const USE: Use = Use::Internal(capability::Kv::NAME);

/// The interface.
pub(crate) struct Kv;

impl HostInterface for Kv {
    fn name(&self) -> &'static str {
        capability::Kv::INTERFACE
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge(text) => Self::TooLarge(text),
            StoreError::Quota(text) => Self::QuotaExceeded(text),
            full @ StoreError::NoRoom { .. } => Self::QuotaExceeded(full.to_string()),
            other => Self::Other(Some(other.to_string())),
        }
    }
}

impl Capability {
    /// The quota of the durable store, if it is granted.
    #[must_use]
    pub fn key_value_quota(&self) -> Option<Quota> {
        let quota = self.internal.kv?;
        Some(Quota { bytes: quota.max_bytes.as_u64(), keys: quota.max_keys.into() })
    }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl CallState {
    fn kv(&self) -> wasmtime::Result<Result<(Store, Namespace, Quota), Error>> {
        let Some(quota) = self.capability().key_value_quota() else {
            self.denied(USE, "");
            return Ok(Err(Error::Denied("`kv` is not granted".to_owned())));
        };
        self.used(USE);
        let Some(store) = self.plugin.services.store.clone() else {
            return Ok(Err(Error::Denied("this host has no durable store".to_owned())));
        };
        let tenant = self.context()?.caller.tenant.clone();
        Ok(Ok((store, Namespace { tenant, plugin: self.plugin.name.clone() }, quota)))
    }
}

/// Unwraps the gate's answer, or returns its refusal to the guest.
macro_rules! gate {
    ($gate:expr) => {
        match $gate? {
            Ok(granted) => granted,
            Err(refused) => return Ok(Err(refused)),
        }
    };
}

impl Host for &mut CallState {
    async fn get(&mut self, key: String) -> Answer<Option<Vec<u8>>> {
        let (store, ns, _) = gate!(self.kv());
        Ok(store.get(ns, key).await.map_err(Error::from))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Answer<()> {
        self.set_many(vec![(key, value)]).await
    }

    async fn set_many(&mut self, entries: Vec<(String, Vec<u8>)>) -> Answer<()> {
        let (store, ns, quota) = gate!(self.kv());
        Ok(store.set_many(ns, quota, entries).await.map_err(Error::from))
    }

    async fn compare_and_set(&mut self, key: String, expected: Option<Vec<u8>>, value: Vec<u8>) -> Answer<bool> {
        let (store, ns, quota) = gate!(self.kv());
        Ok(store.compare_and_set(ns, quota, key, expected, value).await.map_err(Error::from))
    }

    async fn delete(&mut self, key: String) -> Answer<bool> {
        let (store, ns, _) = gate!(self.kv());
        Ok(store.delete(ns, key).await.map_err(Error::from))
    }

    async fn list_keys(&mut self, prefix: String, limit: u32, after: Option<String>) -> Answer<KeyPage> {
        let (store, ns, _) = gate!(self.kv());
        let page = store.list(ns, prefix, limit, after).await.map_err(Error::from);
        Ok(page.map(|page| KeyPage { keys: page.keys, next: page.next }))
    }
}
