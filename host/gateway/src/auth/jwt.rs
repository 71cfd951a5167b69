//! Access tokens as JWTs (RFC 9068): signed by the issuer, meant for this host, alive.
//!
//! Checked are the algorithm (asymmetric ones only), the signature, `iss`, `aud` (RFC 8707: our own URL must be among
//! the audiences, so that a token for another server is of no use here), `exp`, which must be there, and `nbf`. What
//! was verified is kept under the token's SHA-256 until it expires or the issuer's keys change.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Validation, decode, decode_header};
use moka::sync::Cache;
use serde_json::{Map, Value};
use tandem_types::Allow;

use super::{
    crypto::{self, ALGORITHMS},
    issuer::IssuerError,
    jwks::{Jwks, NoKey},
    oauth::OAuthConfig,
    scopes,
};

/// How far the clocks of issuer and host may be apart.
const LEEWAY: Duration = Duration::from_secs(30);
/// Verified tokens that are kept: one per client that calls; each takes some hundred bytes.
const KEPT: u64 = 10_000;
/// Bytes of the subject: it is part of records, states and log lines.
const MAX_SUBJECT: usize = 256;

/// What a token says.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) subject: Arc<str>,
    /// None where the claim is missing or no text.
    pub(super) tenant: Option<String>,
    pub(super) scopes: Arc<[String]>,
    /// Empty when no scope means anything here.
    pub(super) allow: Vec<Allow>,
    /// Until when it counts.
    until: SystemTime,
    /// The keys with which it was verified.
    generation: u64,
}

/// Why a token is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenError {
    /// The token is wrong.
    Invalid(&'static str),
    /// It cannot be checked now.
    Unavailable,
}

/// Verifies tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    config: OAuthConfig,
    jwks: Jwks,
    cache: Cache<[u8; 32], Arc<Verified>>,
}

/// Whether a credential has the form of a token: three parts, the first an object in base64.
pub(super) fn looks_like_token(text: &str) -> bool {
    text.starts_with("ey") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl Tokens {
    pub(super) fn new(config: OAuthConfig) -> Result<Self, IssuerError> {
        crypto::install();
        let jwks = Jwks::new(&config)?;
        Ok(Self { config, jwks, cache: Cache::new(KEPT) })
    }

    pub(super) async fn maintain(&self) {
        self.jwks.keep_fresh().await;
    }

    /// What a token says, if it is to be believed. `hash` is its SHA-256.
    pub(super) async fn verify(&self, token: &str, hash: &[u8; 32]) -> Result<Arc<Verified>, TokenError> {
        let now = SystemTime::now();
        if let Some(known) = self.cache.get(hash)
            && known.generation == self.jwks.generation()
        {
            return if now < known.until { Ok(known) } else { Err(EXPIRED) };
        }
        let verified = Arc::new(self.check(token).await?);
        self.cache.insert(*hash, verified.clone());
        Ok(verified)
    }

    async fn check(&self, token: &str) -> Result<Verified, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Invalid("the token is malformed"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(TokenError::Invalid("the token is not signed with RS256, PS256, ES256 or EdDSA"));
        }
        // RFC 7515 section 4.1.11: what must be understood and is not makes the token invalid.
        if header.crit.is_some() {
            return Err(TokenError::Invalid("the token has critical extensions"));
        }
        let kind = header.typ.as_deref().unwrap_or("JWT");
        if !["JWT", "at+jwt", "application/at+jwt"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
            return Err(TokenError::Invalid("this is not an access token"));
        }
        // Before the key is looked for: what comes later may belong to newer keys, never to older ones.
        let generation = self.jwks.generation();
        let key = self.jwks.key(header.kid.as_deref(), header.alg).await.map_err(|error| match error {
            NoKey::Unknown => TokenError::Invalid("the token is signed with a key that its issuer does not have"),
            NoKey::Unavailable => TokenError::Unavailable,
        })?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY.as_secs();
        validation.validate_nbf = true;
        validation.set_audience(&[&self.config.audience]);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let token = decode::<Map<String, Value>>(token, &key.decoding, &validation).map_err(|error| why(&error))?;
        self.read(&token.claims, generation)
    }

    fn read(&self, claims: &Map<String, Value>, generation: u64) -> Result<Verified, TokenError> {
        // The library also takes a list that has ours in it; RFC 7519 knows one issuer.
        if claims.get("iss").and_then(Value::as_str) != Some(self.config.issuer.as_str()) {
            return Err(OTHER_ISSUER);
        }
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        if !(1..=MAX_SUBJECT).contains(&subject.len()) || subject.chars().any(char::is_control) {
            return Err(TokenError::Invalid("the token's `sub` is empty, too long or no plain text"));
        }
        let expires = claims.get("exp").and_then(Value::as_f64).unwrap_or_default();
        let expires = Duration::try_from_secs_f64(expires).unwrap_or_default();
        let scopes = scopes::of(claims);
        Ok(Verified {
            subject: format!("sub:{subject}").into(),
            tenant: claims.get(&self.config.tenant_claim).and_then(Value::as_str).map(str::to_owned),
            allow: scopes::allowed(&scopes, &self.config.scopes),
            scopes: scopes.into(),
            until: UNIX_EPOCH.checked_add(expires.saturating_add(LEEWAY)).unwrap_or(UNIX_EPOCH),
            generation,
        })
    }
}

const EXPIRED: TokenError = TokenError::Invalid("the token has expired");
const OTHER_ISSUER: TokenError = TokenError::Invalid("the token is of another issuer");

fn why(error: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;

    TokenError::Invalid(match error.kind() {
        ErrorKind::ExpiredSignature => return EXPIRED,
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidIssuer => return OTHER_ISSUER,
        ErrorKind::InvalidAudience => "the token is meant for another server",
        ErrorKind::InvalidSignature => "the token's signature is wrong",
        ErrorKind::MissingRequiredClaim(_) => "the token lacks one of `exp`, `iss`, `aud`, `sub`",
        _ => "the token is malformed",
    })
}
