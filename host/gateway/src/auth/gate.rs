//! Tenants behind API keys, tokens, or both.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, header};
use reqwest::Url;
use sha2::{Digest as _, Sha256};
use tandem_types::{Caller, OPERATE};

use super::{
    AuthError, Authenticator, IssuerError, KeyRing, OAuthConfig, ResourceMetadata,
    challenge::{self, Challenges},
    jwt::{TokenError, Tokens, looks_like_token},
    keys::KeyRefusal,
    scopes,
};

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Bytes of a credential: it is hashed on every request. Tokens with many claims have two or three thousand.
const MAX_CREDENTIAL: usize = 8 << 10;
/// When to try again while the issuer's keys are not known.
const RETRY: Duration = Duration::from_secs(5);

/// What a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Presented<'a> {
    pub(super) text: &'a str,
    /// From `Authorization`, and so perhaps a token.
    pub(super) bearer: bool,
}

/// The one credential of a request. More than one is refused (RFC 6750 section 2): which of them counts would depend
/// on who reads it.
pub(super) fn presented(headers: &HeaderMap) -> Result<Option<Presented<'_>>, &'static str> {
    let mut found = None;
    let authorization = headers.get_all(header::AUTHORIZATION).iter().map(|value| (value, true));
    for (value, bearer) in authorization.chain(headers.get_all(API_KEY).iter().map(|value| (value, false))) {
        if found.is_some() {
            return Err("there is more than one credential; send one");
        }
        let text = value.to_str().map_err(|_| "the credential is not plain text")?.trim();
        let text = match (bearer, text.split_once(' ')) {
            (false, _) => text,
            (true, Some((scheme, text))) if scheme.eq_ignore_ascii_case("bearer") => text.trim(),
            (true, _) => return Err("the scheme of `Authorization` is not `Bearer`"),
        };
        if text.is_empty() || text.len() > MAX_CREDENTIAL {
            return Err("the credential is empty or longer than 8 KiB");
        }
        found = Some(Presented { text, bearer });
    }
    Ok(found)
}

/// Asks every request for an API key of a tenant, or for a token that names one.
#[derive(Debug)]
pub struct TenantAuth {
    ring: Arc<KeyRing>,
    tokens: Option<Tokens>,
    challenges: Challenges,
    metadata: Option<ResourceMetadata>,
    local: Caller,
}

impl TenantAuth {
    /// Takes the ring's keys. `local` is the caller of standard input.
    #[must_use]
    pub fn new(ring: Arc<KeyRing>, local: Caller) -> Self {
        Self { ring, tokens: None, challenges: Challenges::default(), metadata: None, local }
    }

    /// Takes tokens too.
    ///
    /// # Errors
    ///
    /// When issuer or audience are no URLs, or there is no HTTP client to ask the issuer with.
    pub fn with_tokens(mut self, config: OAuthConfig) -> Result<Self, IssuerError> {
        let audience: Url = config.audience.parse().map_err(|_| IssuerError::Url(config.audience.clone()))?;
        let helpful: Vec<_> = std::iter::once(scopes::ALL.to_owned()).chain(config.scopes.keys().cloned()).collect();
        self.challenges = Challenges::new(&audience, &helpful);
        self.metadata = Some(challenge::metadata(&config.issuer, &config.audience, &audience, &helpful));
        self.tokens = Some(Tokens::new(config)?);
        Ok(self)
    }

    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, AuthError> {
        let presented = presented(headers).map_err(|detail| self.challenges.invalid(detail))?;
        let Some(Presented { text, bearer }) = presented else { return Err(self.challenges.missing()) };
        let hash: [u8; 32] = Sha256::digest(text).into();
        match self.ring.caller(&hash, SystemTime::now()) {
            Ok(caller) => return Ok(caller),
            // Only who has the key learns that it was one.
            Err(KeyRefusal::Expired) => return Err(self.challenges.invalid("the API key has expired")),
            Err(KeyRefusal::Unknown) => {}
        }
        match &self.tokens {
            Some(tokens) if bearer && looks_like_token(text) => self.of_token(tokens, text, &hash).await,
            Some(_) => Err(self.challenges.invalid("this is neither a token nor an API key of this host")),
            None => Err(self.challenges.invalid("this is not an API key of this host")),
        }
    }

    async fn of_token(&self, tokens: &Tokens, text: &str, hash: &[u8; 32]) -> Result<Caller, AuthError> {
        let verified = tokens.verify(text, hash).await.map_err(|error| match error {
            TokenError::Invalid(detail) => self.challenges.invalid(detail),
            TokenError::Unavailable => AuthError::Unavailable {
                detail: "tokens cannot be checked now: the authorization server's keys are not known".to_owned(),
                retry_after: RETRY,
            },
        })?;
        let tenant = verified.tenant.as_deref().and_then(|name| self.ring.tenant(name));
        let (tenant, access) = tenant.ok_or_else(|| self.challenges.unknown_tenant())?;
        if verified.allow.is_empty() {
            return Err(self.challenges.insufficient_scope());
        }
        Ok(Caller {
            operator: verified.scopes.iter().any(|scope| scope == OPERATE),
            tenant,
            subject: verified.subject.clone(),
            scopes: verified.scopes.clone(),
            access: access.and(verified.allow.clone()),
        })
    }
}

impl Authenticator for TenantAuth {
    fn authenticate<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Caller, AuthError>> {
        Box::pin(self.caller(headers))
    }

    fn local(&self) -> Caller {
        self.local.clone()
    }

    fn resource_metadata(&self) -> Option<ResourceMetadata> {
        self.metadata.clone()
    }

    fn maintain(&self) -> BoxFuture<'_, ()> {
        match &self.tokens {
            Some(tokens) => Box::pin(tokens.maintain()),
            None => Box::pin(std::future::pending()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn one_credential_is_read_and_two_are_refused() {
        let text = |pairs: &[(&'static str, &'static str)]| {
            presented(&headers(pairs)).map(|found| found.map(|found| (found.text.to_owned(), found.bearer)))
        };
        assert_eq!(text(&[]), Ok(None));
        assert_eq!(text(&[("authorization", "bearer  abc ")]), Ok(Some(("abc".to_owned(), true))));
        assert_eq!(text(&[("x-api-key", "abc")]), Ok(Some(("abc".to_owned(), false))));
        for wrong in [
            &[("authorization", "Basic abc")][..],
            &[("authorization", "Bearer ")],
            &[("authorization", "abc")],
            &[("x-api-key", "")],
            &[("authorization", "Bearer a"), ("x-api-key", "a")],
        ] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
        let mut twice = headers(&[("authorization", "Bearer a")]);
        twice.append(header::AUTHORIZATION, "Bearer b".parse().unwrap());
        assert!(presented(&twice).is_err());
        let mut long = HeaderMap::new();
        long.insert(API_KEY, "k".repeat(MAX_CREDENTIAL + 1).parse().unwrap());
        assert!(presented(&long).is_err());
    }
}
