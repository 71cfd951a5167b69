//! Whether a plugin whose signature is right may be loaded *here*: revocations, pins, and what was installed
//! under the same name before.
//!
//! **Promises.** A revoked key or file is refused whatever else is configured. A pinned plugin is exactly the
//! pinned file. A name keeps its signer, and its version does not go back, unless the operator says so for that
//! name.
//!
//! A file of the same version and signer but other bytes is let in with a warning: whoever holds the key could
//! have raised the version too, and an author builds often.
//!
//! A key has no date of expiry of its own: the trust roots are what is in their files now, and a clock that an
//! attacker may set decides nothing. A key is changed so: add the new public key to the trust roots, name the
//! plugins in `plugins.allow-new-signer`, install the files that the new key signed, then take both the setting
//! and the old public key away, or revoke the old key's id.

mod error;
mod policy;
mod revoked;

pub use error::SupplyError;
pub use policy::SupplyPolicy;
pub use revoked::Revoked;

#[cfg(test)]
mod tests;
