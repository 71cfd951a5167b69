//! The issuer: its metadata (RFC 8414, then OpenID discovery) and its keys, fetched within bounds.
//!
//! The metadata must name the issuer that was asked for, nobody on the way can answer in its place, and redirects stay on
//! its host.

use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use reqwest::{Client, StatusCode, Url, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::crypto::ALGORITHMS;

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
    #[error("`{0}` is not an https url (http is accepted on loopback only)")]
    Url(String),
    /// The HTTP client could not be made.
    #[error("cannot create an http client for the issuer: {0}")]
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
    #[error("invalid response of the issuer at {url}: {reason}")]
    Document {
        /// What was asked for.
        url: String,
        /// What is wrong.
        reason: String,
    },
}

/// One key.
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}

/// Asks one issuer.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) name: String,
    base: Url,
    client: Client,
}

impl Issuer {
    pub(super) fn new(name: &str, timeout: Duration) -> Result<Self, IssuerError> {
        // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
        drop(rustls::crypto::ring::default_provider().install_default());
        let base = confidential(name)?;
        let client = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            .redirect(same_place())
            .user_agent(concat!("tandem/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(IssuerError::Client)?;
        Ok(Self { name: name.to_owned(), base, client })
    }

    /// Its keys, and the document that has them.
    pub(super) async fn keys(&self) -> Result<(Vec<Key>, Vec<u8>), IssuerError> {
        let uri = confidential(&self.metadata().await?.jwks_uri)?;
        let document = self.get(&uri).await?;
        let set: RawSet = parse(&uri, &document)?;
        if set.keys.len() > MAX_KEYS {
            let reason = format!("{} keys; the limit is {MAX_KEYS}", set.keys.len());
            return Err(IssuerError::Document { url: uri.into(), reason });
        }
        // Issuers publish keys for other uses beside those that we can use.
        Ok((set.keys.into_iter().filter_map(key).collect(), document))
    }

    async fn metadata(&self) -> Result<Metadata, IssuerError> {
        let mut last = None;
        for url in metadata_urls(&self.base) {
            match self.get(&url).await {
                Ok(document) => {
                    let metadata: Metadata = parse(&url, &document)?;
                    // RFC 8414 section 3.3: otherwise one issuer could speak for another.
                    if metadata.issuer != self.name {
                        let reason = "it names another issuer than `auth.issuer`".to_owned();
                        return Err(IssuerError::Document { url: url.into(), reason });
                    }
                    return Ok(metadata);
                }
                Err(error @ IssuerError::Status { .. }) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| IssuerError::Url(self.name.clone())))
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
}
