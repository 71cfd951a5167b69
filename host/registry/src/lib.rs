//! Plugins from elsewhere and to elsewhere: OCI registries, https, files; and the lock file that says what came from where.
//!
//! **Promises.** What a download answers has the digest and the size that were asked for; one that was interrupted goes on
//! where it stopped. Credentials go to the registry that they are for and to the token service that it names, over TLS,
//! and to nobody whom they redirect to. A lock file is the old one or the new one, whatever happens.
//!
//! **Bounds.** Files of [`tandem_package::MAX_FILE`], manifests and answers of a few megabytes, redirects, attempts, and
//! every wait.
//!
//! **Refuses.** HTTP without TLS, but for loopback and hosts that the caller names; redirects from TLS to none; references
//! without a host; URLs that hold credentials.
//!
//! Nothing here trusts what was fetched: that it is a plugin, whose, and whether it may be loaded, is for the caller to
//! find out.

#![forbid(unsafe_code)]

mod artifact;
mod auth;
mod challenge;
mod credential;
mod download;
mod error;
mod http;
mod lock;
mod oci;
mod part;
mod push;
mod source;
mod tags;
mod text;

pub use download::{Expected, Fetched, Meter};
pub use error::RegistryError;
pub use http::{Client, ClientOptions};
pub use lock::{LOCK_NAME, Lock, LockError, Locked, Prepared};
pub use oci::{Layer, Published, Repository, Resolved};
pub use source::{OciSource, PlainHttp, Source, SourceError};
pub use tags::{newest_version, version_of_tag};
