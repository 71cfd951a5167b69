//! Each interface without its grant: a typed refusal, and a note for the audit log.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use tandem_types::Caller;

use crate::{
    Account, CallContext, Capability, Descriptors, Exhausted, PluginSpec, Services, Turn, Use,
    bindings::tandem::host::secrets, context::PluginContext, state::CallState, ticker::Ticker,
};

use super::{
    cache::bindings::tandem::host::cache, invoke::bindings::tandem::host::invoke, kv::bindings::tandem::host::kv,
};

/// Keeps what was refused.
#[derive(Default)]
struct Refusals(Mutex<Vec<String>>);

impl Account for Refusals {
    fn cpu(&self, _time: Duration) -> Result<(), Exhausted> {
        Ok(())
    }

    fn turn(&self) -> Option<BoxFuture<'static, Turn>> {
        None
    }

    fn grow(&self, _bytes: u64) -> Result<(), Exhausted> {
        Ok(())
    }

    fn shrink(&self, _bytes: u64) {}

    fn log(&self, _bytes: u64) -> bool {
        true
    }

    fn egress(&self, _bytes: u64) -> Result<(), Exhausted> {
        Ok(())
    }

    fn descriptors(&self, _count: u32) -> Result<Descriptors, Exhausted> {
        Ok(Box::new(()))
    }

    fn used(&self, capability: Use) {
        panic!("{capability:?} was used without a grant");
    }

    fn denied(&self, capability: Use, what: &str) {
        self.0.lock().unwrap().push(format!("{capability} {what}").trim_end().to_owned());
    }
}

fn ungranted(account: Arc<Refusals>) -> CallState {
    let spec = PluginSpec::ungranted(Arc::new(Capability::default()));
    let ticker = Arc::new(Ticker::start(wasmtime::Engine::default()).unwrap());
    let shared = Arc::new(PluginContext::new(&spec, Arc::new(Services::default()), ticker));
    let mut state = CallState::new(shared, spec.limits);
    state.cx = Some(Arc::new(CallContext { account, ..CallContext::new("1".into(), Caller::local()) }));
    state
}

#[tokio::test]
async fn what_is_not_granted_is_refused_and_noted() {
    let refusals = Arc::new(Refusals::default());
    let mut state = ungranted(refusals.clone());
    let mut state = &mut state;
    let read = kv::Host::get(&mut state, "k".into()).await.unwrap();
    assert!(matches!(read, Err(kv::Error::Denied(_))), "{read:?}");
    let written = kv::Host::set(&mut state, "k".into(), vec![1]).await.unwrap();
    assert!(matches!(written, Err(kv::Error::Denied(_))), "{written:?}");
    let cached = cache::Host::get(&mut state, "k".into()).unwrap();
    assert!(matches!(cached, Err(cache::Error::Denied(_))), "{cached:?}");
    let called = invoke::Host::call_tool(&mut state, "t".into(), "{}".into()).await.unwrap();
    assert!(matches!(called, Err(invoke::Error::Denied(_))), "{called:?}");
    let revealed = secrets::Host::reveal(&mut state, "s".into()).unwrap();
    assert!(matches!(revealed, Err(secrets::Error::Denied(_))), "{revealed:?}");
    assert_eq!(*refusals.0.lock().unwrap(), ["kv", "kv", "cache", "invoke t", "secrets s"]);
}

/// Two of one name would hide each other in errors, and each is one of the package's.
#[test]
fn names_are_distinct_and_of_the_package() {
    let mut names: Vec<&str> = super::ALL.iter().map(|interface| interface.name()).collect();
    assert!(names.iter().all(|name| name.starts_with("tandem:host/")), "{names:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), super::ALL.len());
}

/// A name that no capability has would be lost from audit records.
#[test]
fn internal_capabilities_are_linked_by_their_interfaces_and_counted_by_their_names() {
    for kind in tandem_package::InternalKind::all() {
        assert!(super::ALL.iter().any(|interface| interface.name() == kind.interface()), "{}", kind.interface());
        assert!(Use::Internal(kind.as_str()).index().is_some(), "{}", kind.as_str());
    }
    let names: BTreeSet<&str> = Use::all().map(Use::as_str).collect();
    assert_eq!(names.len(), Use::all().count(), "{names:?}");
}
