//! API keys: hashed, several for each tenant, exchanged while the host serves.
//!
//! A key is a random text with at least 128 bits of entropy, so its plain SHA-256 can be neither guessed nor looked
//! up; a slow hash, which passwords need, would only slow every request down. What is presented is hashed first, and
//! the hash leads to the entry: the time of that look-up depends on bits of a hash that whoever asks cannot choose
//! without inverting it, and knowing a stored hash does not give a key. The comparison of the whole hash takes
//! constant time all the same.

use std::{collections::BTreeSet, collections::HashMap, fmt, sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq as _;
use tandem_types::{Access, Caller};

/// One API key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    hash: [u8; 32],
    name: Option<String>,
    expires: Option<SystemTime>,
}

impl ApiKey {
    /// A key by its SHA-256, without name and expiry.
    #[must_use]
    pub fn new(hash: [u8; 32]) -> Self {
        Self { hash, name: None, expires: None }
    }

    /// With a name, which stands in logs and records.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Refused from this moment on.
    #[must_use]
    pub fn until(mut self, expires: SystemTime) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Its name, or the beginning of its hash: of 256 bits, 32 help nobody to find the rest.
    fn label(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None => self.hash.iter().take(4).fold(String::new(), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
                text
            }),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("name", &self.name).field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// One tenant, as far as its callers need to be known.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its name.
    pub name: Arc<str>,
    /// What of the catalog is there for it.
    pub access: Access,
    /// Its API keys.
    pub keys: Vec<ApiKey>,
}

/// What an exchange of tenants and keys changed. Keys are called `tenant/name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Keys that are taken from now on.
    pub added: Vec<String>,
    /// Keys that are not taken any more.
    pub removed: Vec<String>,
    /// Tenants that came, went, or have other rights than before.
    pub tenants: Vec<String>,
}

impl Rotation {
    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyRefusal {
    Unknown,
    Expired,
}

/// All tenants and their keys. Readers never wait; [`KeyRing::replace`] exchanges everything at once.
#[derive(Debug)]
pub struct KeyRing(ArcSwap<Set>);

#[derive(Debug, Default)]
struct Set {
    tenants: HashMap<Arc<str>, Access>,
    /// By the first bytes of the hash.
    keys: HashMap<u64, Vec<KnownKey>>,
}

struct KnownKey {
    key: ApiKey,
    caller: Caller,
}

impl fmt::Debug for KnownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl KeyRing {
    /// A ring of these tenants.
    #[must_use]
    pub fn new(tenants: Vec<Tenant>) -> Self {
        Self(ArcSwap::from_pointee(Set::new(tenants)))
    }

    /// Puts these tenants and keys in the place of all others. Requests that are under way keep the caller that they
    /// have; the next request of the same client is asked anew.
    pub fn replace(&self, tenants: Vec<Tenant>) -> Rotation {
        let next = Arc::new(Set::new(tenants));
        let before = self.0.swap(next.clone());
        before.until(&next)
    }

    /// The names of all tenants, sorted.
    #[must_use]
    pub fn tenants(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.0.load().tenants.keys().cloned().collect();
        names.sort();
        names
    }

    /// The caller whose key has this hash.
    pub(super) fn caller(&self, hash: &[u8; 32], now: SystemTime) -> Result<Caller, KeyRefusal> {
        let set = self.0.load();
        let candidates = set.keys.get(&prefix(hash)).map(Vec::as_slice).unwrap_or_default();
        let known = candidates.iter().find(|known| bool::from(known.key.hash.ct_eq(hash)));
        let known = known.ok_or(KeyRefusal::Unknown)?;
        match known.key.expires {
            Some(expires) if expires <= now => Err(KeyRefusal::Expired),
            _ => Ok(known.caller.clone()),
        }
    }

    /// A tenant by name.
    pub(super) fn tenant(&self, name: &str) -> Option<(Arc<str>, Access)> {
        let set = self.0.load();
        set.tenants.get_key_value(name).map(|(name, access)| (name.clone(), access.clone()))
    }
}

fn prefix(hash: &[u8; 32]) -> u64 {
    hash.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

impl Set {
    fn new(tenants: Vec<Tenant>) -> Self {
        let mut set = Self::default();
        for tenant in tenants {
            for key in tenant.keys {
                let mut caller = Caller::new(&tenant.name, &format!("key:{}", key.label()));
                caller.access = tenant.access.clone();
                set.keys.entry(prefix(&key.hash)).or_default().push(KnownKey { key, caller });
            }
            set.tenants.insert(tenant.name, tenant.access);
        }
        set
    }

    fn labels(&self) -> BTreeSet<(String, [u8; 32], Option<SystemTime>)> {
        let known = self.keys.values().flatten();
        known
            .map(|known| {
                let label = format!("{}/{}", known.caller.tenant, known.key.label());
                (label, known.key.hash, known.key.expires)
            })
            .collect()
    }

    fn until(&self, next: &Self) -> Rotation {
        let (old, new) = (self.labels(), next.labels());
        let names = |a: &BTreeSet<(String, _, _)>, b| a.difference(b).map(|(name, ..)| name.clone()).collect();
        let mut tenants = BTreeSet::new();
        for (one, other) in [(self, next), (next, self)] {
            let changed = one.tenants.iter().filter(|(name, access)| other.tenants.get(*name) != Some(*access));
            tenants.extend(changed.map(|(name, _)| name.to_string()));
        }
        Rotation { added: names(&new, &old), removed: names(&old, &new), tenants: tenants.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tandem_types::Allow;

    use super::*;

    fn tenant(name: &str, keys: Vec<ApiKey>) -> Tenant {
        Tenant { name: name.into(), access: Access::everything(), keys }
    }

    #[test]
    fn a_key_leads_to_its_tenant_and_no_other_hash_does() {
        let now = SystemTime::now();
        let mut near = [7; 32];
        near[31] = 8;
        let mut acme = tenant("acme", vec![ApiKey::new([7; 32]).named("ci")]);
        acme.access = Access::everything().and(vec![Allow::Category("search".into())]);
        let ring = KeyRing::new(vec![acme.clone(), tenant("other", vec![ApiKey::new([0xab; 32])])]);
        let caller = ring.caller(&[7; 32], now).unwrap();
        assert_eq!((&*caller.tenant, &*caller.subject, &caller.access), ("acme", "key:ci", &acme.access));
        assert_eq!(&*ring.caller(&[0xab; 32], now).unwrap().subject, "key:abababab");
        assert_eq!(ring.caller(&near, now), Err(KeyRefusal::Unknown), "the first bytes are not enough");
        assert_eq!(ring.caller(&[0; 32], now), Err(KeyRefusal::Unknown));
    }

    #[test]
    fn an_expired_key_is_refused_from_its_moment_on() {
        let moment = SystemTime::now();
        let ring = KeyRing::new(vec![tenant("a", vec![ApiKey::new([1; 32]).until(moment)])]);
        assert!(ring.caller(&[1; 32], moment - Duration::from_secs(1)).is_ok());
        assert_eq!(ring.caller(&[1; 32], moment), Err(KeyRefusal::Expired));
    }

    #[test]
    fn an_exchange_says_what_it_changed_and_no_secret() {
        let ring = KeyRing::new(vec![tenant("a", vec![ApiKey::new([1; 32]).named("old")]), tenant("gone", vec![])]);
        let next = || vec![tenant("a", vec![ApiKey::new([2; 32]).named("new")]), tenant("b", vec![])];
        let rotation = ring.replace(next());
        assert_eq!(rotation.added, ["a/new"]);
        assert_eq!(rotation.removed, ["a/old"]);
        assert_eq!(rotation.tenants, ["b", "gone"]);
        assert_eq!(ring.caller(&[1; 32], SystemTime::now()), Err(KeyRefusal::Unknown));
        assert!(ring.caller(&[2; 32], SystemTime::now()).is_ok());
        assert!(ring.replace(next()).is_empty());
        assert!(!format!("{ring:?}").contains("2, 2"), "{ring:?}");
    }
}
