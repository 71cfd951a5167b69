//! An authorization server for tests: discovery, keys, and tokens signed with them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a stand-in that panics fails its test, as it should"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaKeyPair,
    },
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Made for these tests; it guards nothing. ring makes no keys of RSA.
const RSA: &[u8] = include_bytes!("rsa.pk8");

enum Pair {
    Ed(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// A key of the issuer, or of somebody else.
pub struct Signer {
    /// Its `kid`.
    pub id: String,
    /// Its `alg`: `EdDSA`, `ES256`, `RS256` or `PS256`.
    pub algorithm: &'static str,
    pair: Pair,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Signer {
    /// A new key, but for RSA, where there is one.
    #[must_use]
    pub fn new(id: &str, algorithm: &'static str) -> Self {
        let random = SystemRandom::new();
        let pair = match algorithm {
            "EdDSA" => {
                let key = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Pair::Ed(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
            }
            "ES256" => {
                let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
                Pair::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap())
            }
            _ => Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(RSA).unwrap())),
        };
        Self { id: id.to_owned(), algorithm, pair }
    }

    /// The public half, as the issuer publishes it.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(pair.public_key())}),
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..])})
            }
            Pair::Rsa(pair) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "n": BASE64.encode(public.n), "e": BASE64.encode(public.e)})
            }
        };
        jwk["kid"] = json!(self.id);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm);
        jwk
    }

    /// A token with these claims.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm, "kid": self.id, "typ": "at+jwt"}), claims)
    }

    /// A token with another header than is right.
    #[must_use]
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let signature = self.sign(message.as_bytes());
        format!("{message}.{}", BASE64.encode(signature))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &dyn ring::signature::RsaEncoding =
                    if self.algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// Header and claims, ready to be signed.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

/// What the issuer answers; tests change it while it runs.
#[derive(Debug, Default)]
pub struct Published {
    /// Its keys.
    pub keys: Mutex<Vec<Value>>,
    /// How often the keys were asked for.
    pub fetches: AtomicUsize,
    /// It answers 503 to everything but its keys.
    pub down: AtomicBool,
    /// How long it takes to answer with its keys.
    pub delay: Mutex<Duration>,
    /// What it calls itself, where that is not its URL.
    pub alias: Mutex<Option<String>>,
    /// OpenID discovery only.
    pub openid: AtomicBool,
    /// Where its keys are, if they are elsewhere.
    pub elsewhere: Mutex<Option<String>>,
    url: Mutex<String>,
}

/// A running issuer. It ends with the test.
#[derive(Debug)]
pub struct Issuer {
    /// `http://127.0.0.1:PORT`, which is its name too.
    pub url: String,
    /// What it answers.
    pub published: Arc<Published>,
}

impl Issuer {
    /// Starts it with these keys.
    pub async fn start(keys: &[&Signer]) -> Self {
        let published = Arc::new(Published::default());
        *published.keys.lock().unwrap() = keys.iter().map(|key| key.jwk()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        published.url.lock().unwrap().clone_from(&url);
        let app = Router::new()
            .route("/.well-known/oauth-authorization-server", get(oauth))
            .route("/.well-known/openid-configuration", get(openid))
            .route("/keys", get(keys_document))
            .with_state(published.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, published }
    }

    /// Puts other keys in their place.
    pub fn publish(&self, keys: &[&Signer]) {
        *self.published.keys.lock().unwrap() = keys.iter().map(|key| key.jwk()).collect();
    }

    /// How often its keys were asked for.
    #[must_use]
    pub fn fetches(&self) -> usize {
        self.published.fetches.load(Ordering::SeqCst)
    }
}

type Answer = Result<Json<Value>, StatusCode>;

async fn oauth(State(published): State<Arc<Published>>) -> Answer {
    if published.openid.load(Ordering::SeqCst) {
        return Err(StatusCode::NOT_FOUND);
    }
    openid(State(published)).await
}

async fn openid(State(published): State<Arc<Published>>) -> Answer {
    if published.down.load(Ordering::SeqCst) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let url = published.url.lock().unwrap().clone();
    let issuer = published.alias.lock().unwrap().clone().unwrap_or_else(|| url.clone());
    let keys = published.elsewhere.lock().unwrap().clone().unwrap_or_else(|| format!("{url}/keys"));
    Ok(Json(json!({"issuer": issuer, "jwks_uri": keys})))
}

async fn keys_document(State(published): State<Arc<Published>>) -> Response {
    published.fetches.fetch_add(1, Ordering::SeqCst);
    let delay = *published.delay.lock().unwrap();
    tokio::time::sleep(delay).await;
    let keys = published.keys.lock().unwrap().clone();
    Json(json!({"keys": keys})).into_response()
}
