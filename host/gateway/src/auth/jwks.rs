//! The issuer's keys: cached, refreshed, found by their id.
//!
//! Tokens that strangers make must not make this host a nuisance to the issuer. So a key that is not there is looked
//! for at most once in [`OAuthConfig::min_refetch`], by one task for all that wait; in between, and when the issuer does
//! not answer, the last good set counts. It counts for [`OAuthConfig::max_stale`] only: an attacker who cuts the way to
//! the issuer must not keep a withdrawn key alive for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwapOption;
use jsonwebtoken::Algorithm;
use tokio::sync::Mutex;

use super::{
    issuer::{Issuer, IssuerError, Key},
    oauth::OAuthConfig,
};

#[derive(Debug)]
struct KeySet {
    keys: Vec<Arc<Key>>,
    /// The document, to see whether the next one is another.
    document: Vec<u8>,
    fetched: Instant,
}

impl KeySet {
    /// The key of this id; without an id the only one that fits.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        let mut fitting = self.keys.iter().filter(|key| key.algorithms.contains(&algorithm));
        match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)).cloned(),
            None => fitting.next().filter(|_| fitting.next().is_none()).cloned(),
        }
    }
}

/// Why there is no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer has none of this name.
    Unknown,
    /// The issuer's keys are not known.
    Unavailable,
}

/// The keys of one issuer. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct Jwks {
    config: Arc<OAuthConfig>,
    state: Arc<State>,
    /// When the issuer was asked last; held while it is asked.
    asked: Arc<Mutex<Option<Instant>>>,
}

#[derive(Debug)]
struct State {
    issuer: Issuer,
    current: ArcSwapOption<KeySet>,
    /// Rises when the keys change.
    generation: AtomicU64,
}

impl Jwks {
    pub(super) fn new(config: &OAuthConfig) -> Result<Self, IssuerError> {
        let issuer = Issuer::new(&config.issuer, config.timeout)?;
        let state = State { issuer, current: ArcSwapOption::empty(), generation: AtomicU64::new(0) };
        Ok(Self { config: Arc::new(config.clone()), state: Arc::new(state), asked: Arc::default() })
    }

    pub(super) fn generation(&self) -> u64 {
        self.state.generation.load(Ordering::Acquire)
    }

    /// The key for a token. Asks the issuer when there is none, if it was not asked just now.
    pub(super) async fn key(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<Key>, NoKey> {
        if let Some(key) = self.usable().and_then(|set| set.find(id, algorithm)) {
            return Ok(key);
        }
        self.refresh().await;
        let set = self.usable().ok_or(NoKey::Unavailable)?;
        set.find(id, algorithm).ok_or(NoKey::Unknown)
    }

    fn usable(&self) -> Option<Arc<KeySet>> {
        self.state.current.load_full().filter(|set| set.fetched.elapsed() <= self.config.max_stale)
    }

    /// Keeps the keys fresh. Never returns.
    pub(super) async fn keep_fresh(&self) {
        loop {
            self.refresh().await;
            let age = self.state.current.load().as_ref().map(|set| set.fetched.elapsed());
            // After a failure sooner: a host that knows no key can let nobody in.
            let pause = age.and_then(|age| self.config.refresh.checked_sub(age)).unwrap_or_default();
            tokio::time::sleep(pause.max(self.config.min_refetch)).await;
        }
    }

    /// Asks the issuer, unless that was done just now.
    async fn refresh(&self) {
        let mut asked = self.asked.clone().lock_owned().await;
        if asked.is_some_and(|asked| asked.elapsed() < self.config.min_refetch) {
            return;
        }
        // Before the answer: a slow issuer is asked no more often than a quick one, and one that fails neither.
        *asked = Some(Instant::now());
        // In a task of its own: a client that asks and goes must not stop what the others wait for.
        let state = self.state.clone();
        let asking = tokio::spawn(async move {
            state.fetch().await;
            drop(asked);
        });
        if let Err(error) = asking.await {
            tracing::error!(%error, "oauth: fetching the issuer's keys panicked");
        }
    }
}

impl State {
    async fn fetch(&self) {
        let issuer = &self.issuer.name;
        let (keys, document) = match self.issuer.keys().await {
            Ok(answer) => answer,
            Err(error) => {
                let kept = self.current.load().is_some();
                tracing::warn!(issuer, %error, kept, "oauth: cannot fetch the issuer's keys");
                return;
            }
        };
        let keys: Vec<_> = keys.into_iter().map(Arc::new).collect();
        let count = keys.len();
        let set = Arc::new(KeySet { keys, document, fetched: Instant::now() });
        let before = self.current.swap(Some(set.clone()));
        if before.is_some_and(|before| before.document == set.document) {
            return;
        }
        self.generation.fetch_add(1, Ordering::AcqRel);
        // An issuer that withdraws all of its keys means it.
        match count {
            0 => tracing::warn!(issuer, "oauth: the issuer has no usable key, all tokens are refused"),
            _ => tracing::info!(issuer, keys = count, "oauth: fetched the issuer's keys"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::DecodingKey;

    use super::*;

    #[test]
    fn without_an_id_only_an_unambiguous_key_counts() {
        let make = |id: &str| Key {
            id: Some(id.to_owned()),
            algorithms: vec![Algorithm::EdDSA],
            decoding: DecodingKey::from_ed_der(&[0; 32]),
        };
        let set = |keys: Vec<Key>| KeySet {
            keys: keys.into_iter().map(Arc::new).collect(),
            document: Vec::new(),
            fetched: Instant::now(),
        };
        assert!(set(vec![make("a")]).find(None, Algorithm::EdDSA).is_some());
        assert!(set(vec![make("a"), make("b")]).find(None, Algorithm::EdDSA).is_none());
        assert!(set(vec![make("a"), make("b")]).find(Some("b"), Algorithm::EdDSA).is_some());
        assert!(set(vec![make("a")]).find(Some("a"), Algorithm::ES256).is_none());
    }
}
