//! Who is asking. An [`Authenticator`] turns a request's headers into a [`Caller`]; everything below sees only that.
//!
//! **Promises.** Every request is authenticated anew, so a key that was taken away and a token that ran out stop
//! working with the next request. A key is held as its hash only. The caller's rights are those of its tenant, met with
//! the token's scopes; they travel with the caller, and listing and calling ask the same evaluator.
//!
//! **Bounds.** A credential has at most 8 KiB. Verified tokens are kept in a cache of fixed size; what is fetched from
//! the issuer is bounded in size, number, time and frequency, whatever tokens strangers present.
//!
//! **Refuses.** Tokens of other issuers, for other audiences, with symmetric or no signatures; credentials in URLs; two
//! credentials at once. Answers do not tell a wrong key from one of another tenant.

mod challenge;
mod crypto;
mod error;
mod gate;
mod issuer;
mod jwks;
mod jwt;
mod keys;
mod local_only;
mod oauth;
mod operator;
mod ports;
mod refused;
mod scopes;

pub(crate) use challenge::WELL_KNOWN;
pub use error::AuthError;
pub(crate) use gate::API_KEY;
pub use gate::TenantAuth;
pub use issuer::IssuerError;
pub use keys::{ApiKey, KeyRing, Rotation, Tenant};
pub use local_only::LocalOnly;
pub use oauth::OAuthConfig;
pub use operator::OperatorToken;
pub use ports::{Authenticator, ResourceMetadata};
pub(crate) use refused::Refused;
