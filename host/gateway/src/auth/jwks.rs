//! The issuer's keys: found through its metadata (RFC 8414, then OpenID discovery), fetched, cached, refreshed.
//!
//! Tokens that strangers make must not make this host a nuisance to the issuer. So a key that is not there is looked
//! for at most once in [`OAuthConfig::min_refetch`], by one request while the others wait for its outcome; in between,
//! and when the issuer does not answer, the last good set counts. It counts for [`OAuthConfig::max_stale`] only: an
//! attacker who cuts the way to the issuer must not keep a withdrawn key alive for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use reqwest::{Client, StatusCode, Url, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{crypto::ALGORITHMS, jwt::OAuthConfig};

/// Bytes of a document of the issuer. Real ones have a few thousand.
const MAX_DOCUMENT: usize = 256 << 10;
/// Keys in a set. Issuers have two or three; a set of thousands would make each look-up long.
const MAX_KEYS: usize = 64;
/// Redirects, all to the same host.
const MAX_REDIRECTS: usize = 3;

/// Why the issuer's keys could not be had.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// A URL in the configuration or in the issuer's metadata that is none, or that others could answer for.
    #[error("`{0}` is no url of https (or of http on loopback)")]
    Url(String),
    /// The HTTP client could not be made.
    #[error("no http client for the issuer: {0}")]
    Client(#[source] reqwest::Error),
    /// The issuer did not answer.
    #[error("the issuer does not answer at {url}: {source}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// It answered with another status than 200.
    #[error("the issuer answered {status} at {url}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// It answered something that is too long or makes no sense.
    #[error("what the issuer answered at {url} is of no use: {reason}")]
    Document {
        /// What was asked for.
        url: String,
        /// What is wrong.
        reason: String,
    },
}

/// One key.
pub(super) struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}

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

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Jwks {
    issuer: String,
    base: Url,
    client: Client,
    config: OAuthConfig,
    current: ArcSwapOption<KeySet>,
    /// Rises when the keys change.
    generation: AtomicU64,
    /// When the issuer was asked last; held while it is asked.
    asked: Mutex<Option<Instant>>,
}

impl Jwks {
    pub(super) fn new(config: &OAuthConfig) -> Result<Self, IssuerError> {
        // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
        drop(rustls::crypto::ring::default_provider().install_default());
        let base = confidential(&config.issuer)?;
        let client = Client::builder()
            .timeout(config.timeout)
            .connect_timeout(config.timeout)
            .redirect(same_place())
            .user_agent(concat!("tandem/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(IssuerError::Client)?;
        Ok(Self {
            issuer: config.issuer.clone(),
            base,
            client,
            config: config.clone(),
            current: ArcSwapOption::empty(),
            generation: AtomicU64::new(0),
            asked: Mutex::new(None),
        })
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The key for a token. Asks the issuer when there is none, if it was not asked just now.
    pub(super) async fn key(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<Key>, NoKey> {
        if let Some(key) = self.usable().and_then(|set| set.find(id, algorithm)) {
            return Ok(key);
        }
        self.refresh(self.config.min_refetch).await;
        let set = self.usable().ok_or(NoKey::Unavailable)?;
        set.find(id, algorithm).ok_or(NoKey::Unknown)
    }

    fn usable(&self) -> Option<Arc<KeySet>> {
        self.current.load_full().filter(|set| set.fetched.elapsed() <= self.config.max_stale)
    }

    /// Keeps the keys fresh. Never returns.
    pub(super) async fn keep_fresh(&self) {
        loop {
            self.refresh(self.config.min_refetch).await;
            let fresh = self.current.load().as_ref().is_some_and(|set| set.fetched.elapsed() < self.config.refresh);
            // After a failure sooner: a host that knows no key can let nobody in.
            let pause = if fresh { self.config.refresh } else { self.config.min_refetch };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks the issuer, unless that was done less than `pause` ago.
    async fn refresh(&self, pause: Duration) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|asked| asked.elapsed() < pause) {
            return;
        }
        // Before the answer: a slow issuer is asked no more often than a quick one, and one that fails neither.
        *asked = Some(Instant::now());
        match self.fetch().await {
            Ok(set) => self.install(set),
            Err(error) => {
                let kept = self.current.load().is_some();
                tracing::warn!(issuer = self.issuer, %error, kept, "the issuer's keys could not be fetched");
            }
        }
    }

    fn install(&self, set: KeySet) {
        let before = self.current.swap(Some(Arc::new(set)));
        let now = self.current.load();
        let document = |set: Option<&Arc<KeySet>>| set.map(|set| set.document.clone());
        if document(before.as_ref()) != document(now.as_ref()) {
            self.generation.fetch_add(1, Ordering::AcqRel);
            let keys = now.as_ref().map_or(0, |set| set.keys.len());
            tracing::info!(issuer = self.issuer, keys, "the issuer's keys were fetched");
        }
    }

    async fn fetch(&self) -> Result<KeySet, IssuerError> {
        let uri = confidential(&self.metadata().await?.jwks_uri)?;
        let document = self.get(&uri).await?;
        let set: RawSet = parse(&uri, &document)?;
        if set.keys.len() > MAX_KEYS {
            let reason = format!("{} keys; the limit is {MAX_KEYS}", set.keys.len());
            return Err(IssuerError::Document { url: uri.into(), reason });
        }
        // Issuers publish keys for other uses beside those that we can use.
        let keys: Vec<_> = set.keys.into_iter().filter_map(key).map(Arc::new).collect();
        if keys.is_empty() {
            let reason = "it has no key to check signatures with".to_owned();
            return Err(IssuerError::Document { url: uri.into(), reason });
        }
        Ok(KeySet { keys, document, fetched: Instant::now() })
    }

    async fn metadata(&self) -> Result<Metadata, IssuerError> {
        let mut last = None;
        for url in metadata_urls(&self.base) {
            match self.get(&url).await {
                Ok(document) => {
                    let metadata: Metadata = parse(&url, &document)?;
                    // RFC 8414 section 3.3: otherwise one issuer could speak for another.
                    if metadata.issuer != self.issuer {
                        let reason = "it names another issuer than `auth.issuer`".to_owned();
                        return Err(IssuerError::Document { url: url.into(), reason });
                    }
                    return Ok(metadata);
                }
                Err(error @ IssuerError::Status { .. }) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| IssuerError::Url(self.issuer.clone())))
    }

    async fn get(&self, url: &Url) -> Result<Vec<u8>, IssuerError> {
        let failed =
            |source: reqwest::Error| IssuerError::Unreachable { url: url.to_string(), source: source.without_url() };
        let mut response = self.client.get(url.clone()).send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(IssuerError::Status { url: url.to_string(), status: response.status().as_u16() });
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if document.len() + chunk.len() > MAX_DOCUMENT {
                let reason = format!("more than {MAX_DOCUMENT} bytes");
                return Err(IssuerError::Document { url: url.to_string(), reason });
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<Value>,
}

fn parse<T: DeserializeOwned>(url: &Url, document: &[u8]) -> Result<T, IssuerError> {
    serde_json::from_slice(document)
        .map_err(|error| IssuerError::Document { url: url.to_string(), reason: error.to_string() })
}

/// A key that can check signatures of tokens.
fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let common = &jwk.common;
    let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let family: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => &[Algorithm::ES256],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        _ => &[],
    };
    let named = common.key_algorithm.map(|algorithm| Algorithm::try_from(algorithm).ok());
    let algorithms: Vec<_> = family
        .iter()
        .copied()
        .filter(|algorithm| ALGORITHMS.contains(algorithm) && named.is_none_or(|named| named == Some(*algorithm)))
        .collect();
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    (signs && !algorithms.is_empty()).then(|| Key { id: common.key_id.clone(), algorithms, decoding })
}

/// Where metadata may be: RFC 8414 section 3.1, then the two places of OpenID discovery.
fn metadata_urls(base: &Url) -> Vec<Url> {
    let path = base.path().trim_end_matches('/');
    let paths = [
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
        format!("{path}/.well-known/openid-configuration"),
    ];
    let mut urls: Vec<Url> = Vec::new();
    for path in paths {
        let mut url = base.clone();
        url.set_path(&path);
        url.set_query(None);
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

/// A URL that nobody on the way can answer for: `https`, or loopback.
fn confidential(text: &str) -> Result<Url, IssuerError> {
    let wrong = || IssuerError::Url(text.chars().take(200).collect());
    let url: Url = text.parse().map_err(|_| wrong())?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let right = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    right.then_some(url).ok_or_else(wrong)
}

/// Follows redirects to the same scheme, host and port only.
fn same_place() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let same = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
        if same && attempt.previous().len() <= MAX_REDIRECTS {
            attempt.follow()
        } else {
            attempt.error("it redirects to another place, or too often")
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_is_looked_for_where_the_standards_say() {
        let urls = |base: &str| metadata_urls(&base.parse().unwrap()).into_iter().map(String::from).collect::<Vec<_>>();
        assert_eq!(
            urls("https://id.test/realm/"),
            [
                "https://id.test/.well-known/oauth-authorization-server/realm",
                "https://id.test/.well-known/openid-configuration/realm",
                "https://id.test/realm/.well-known/openid-configuration",
            ]
        );
        assert_eq!(urls("https://id.test").len(), 2);
    }

    #[test]
    fn only_urls_that_nobody_else_answers_for_are_taken() {
        for right in ["https://id.test/x", "http://127.0.0.1:1", "http://localhost:2/jwks", "http://[::1]:1"] {
            assert!(confidential(right).is_ok(), "{right}");
        }
        for wrong in ["http://id.test", "file:///etc/passwd", "jwks", "http://localhost.evil.test", "ftp://127.0.0.1"] {
            assert!(confidential(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_that_cannot_check_signatures_are_left_out() {
        let ed = |extra: Value| {
            let mut jwk =
                json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
            jwk.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            key(jwk)
        };
        assert_eq!(ed(json!({})).unwrap().algorithms, [Algorithm::EdDSA]);
        assert!(ed(json!({"use": "sig", "alg": "EdDSA"})).is_some());
        for extra in [json!({"use": "enc"}), json!({"key_ops": ["sign"]}), json!({"alg": "HS256"}), json!({"alg": "X"})]
        {
            assert!(ed(extra.clone()).is_none(), "{extra}");
        }
        assert!(key(json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a"})).is_none(), "no shared secret is a public key");
        assert!(key(json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"})).is_none());
        assert!(key(json!("text")).is_none());
    }

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
