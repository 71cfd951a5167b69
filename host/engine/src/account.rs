//! Whose resources a call uses, and who is told what it touched.
//!
//! The engine reports; whoever admitted the call decides. It knows no tenants' quotas: an [`Account`] answers whether
//! there is something left, and the engine stops the guest when there is not.

use std::{any::Any, fmt, time::Duration};

use futures::future::BoxFuture;
use tandem_package::InternalKind;
use tokio::runtime::Handle;

use crate::limit::Limit;

/// A kind of capability, as it stands in audit records and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the manifest")]
pub enum Use {
    Fs,
    Http,
    Env,
    Secrets,
    RevealSecrets,
    /// One that stays inside the host, by its name in manifests.
    Internal(&'static str),
    Client,
    Sockets,
    P2p,
}

impl Use {
    /// The manifest's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fs => "fs",
            Self::Http => "http",
            Self::Env => "env",
            Self::Secrets => "secrets",
            Self::RevealSecrets => "reveal-secrets",
            Self::Internal(name) => name,
            Self::Client => "client",
            Self::Sockets => "sockets",
            Self::P2p => "p2p",
        }
    }
}

impl Use {
    /// All, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        let internal = InternalKind::all().map(|kind| Self::Internal(kind.as_str()));
        let before = [Self::Fs, Self::Http, Self::Env, Self::Secrets, Self::RevealSecrets];
        before.into_iter().chain(internal).chain([Self::Client, Self::Sockets, Self::P2p])
    }

    /// Its position in the order; none for a name that no capability has.
    #[must_use]
    pub fn index(self) -> Option<usize> {
        Self::all().position(|other| other == self)
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A total is used up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limit `{limit}` exceeded: {value}")]
pub struct Exhausted {
    /// Its name: `tenant-cpu`, `tenant-memory`, `tenant-egress`, …
    pub limit: Limit,
    /// Its value with unit.
    pub value: String,
    /// When there will be something again; none when waiting does not help.
    pub retry_after: Option<Duration>,
}

/// Held while a guest has its turn on a thread; given back when dropped.
pub type Turn = Box<dyn Any + Send>;

/// Held while file descriptors of the host are open for a guest; given back when dropped.
pub type Descriptors = Box<dyn Any + Send + Sync>;

/// One call's way to its totals and to the audit log. Called on the guest's path: must be quick, and must not block.
pub trait Account: Send + Sync {
    /// The guest ran for so long.
    fn cpu(&self, time: Duration) -> Result<(), Exhausted>;
    /// The most guest time that the place where the call runs has for it, over which its own limit does not go; none where
    /// only that limit counts.
    fn cpu_ceiling(&self) -> Option<Duration> {
        None
    }
    /// The threads of the background class, on which a call that computes for long goes on; none where it stays. They yield to
    /// those that serve.
    fn background(&self) -> Option<&Handle> {
        None
    }
    /// A guest that runs for long gives its thread up each tick and goes on with a turn; none when it need not wait
    /// for one. The engine gives the turn back while the host works for the guest.
    fn turn(&self) -> Option<BoxFuture<'static, Turn>>;
    /// The guest's memories grow by so many bytes.
    fn grow(&self, bytes: u64) -> Result<(), Exhausted>;
    /// They are given back.
    fn shrink(&self, bytes: u64);
    /// So many bytes are to be logged. An answer of no drops them.
    fn log(&self, bytes: u64) -> bool;
    /// So many bytes go over the network, either way.
    fn egress(&self, bytes: u64) -> Result<(), Exhausted>;
    /// So many files, directories or connections are opened for the guest.
    fn descriptors(&self, count: u32) -> Result<Descriptors, Exhausted>;
    /// A capability was used.
    fn used(&self, capability: Use);
    /// A capability was asked for and refused; `what` names the object (a host, a path), never a secret.
    fn denied(&self, capability: Use, what: &str);
}

/// Bounds nothing and tells nobody: for the host's own questions to a plugin, and for tools around the engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmetered;

impl Account for Unmetered {
    fn cpu(&self, _time: Duration) -> Result<(), Exhausted> {
        Ok(())
    }

    fn turn(&self) -> Option<BoxFuture<'static, Turn>> {
        None
    }

    fn grow(&self, _bytes: u64) -> Result<(), Exhausted> {
        Ok(())
    }

    fn shrink(&self, _bytes: u64) {}

    fn log(&self, _bytes: u64) -> bool {
        true
    }

    fn egress(&self, _bytes: u64) -> Result<(), Exhausted> {
        Ok(())
    }

    fn descriptors(&self, _count: u32) -> Result<Descriptors, Exhausted> {
        Ok(Box::new(()))
    }

    fn used(&self, _capability: Use) {}

    fn denied(&self, _capability: Use, _what: &str) {}
}
