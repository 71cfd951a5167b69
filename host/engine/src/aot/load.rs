//! The only `unsafe` of the host: machine code from bytes.
//!
//! `Component::deserialize` trusts its input fully. Proof that it may: it takes an [`Authentic`], which can be
//! made in two ways only, both inside `aot`. Either the bytes were compiled a moment ago, by this process or one of the same
//! program that it started and asked over a pipe (`compile`), or
//! they carry a valid HMAC-SHA256 under a key that only this host's user can read, over the engine's
//! compatibility hash, the component's digest and the code itself. The very bytes that were checked are the
//! bytes that are loaded; they are not read twice.
#![allow(unsafe_code, reason = "machine code is loaded here, and nowhere else")]

use wasmtime::{Engine, component::Component};

/// Compiled code that this host made.
pub(super) struct Authentic<'a>(&'a [u8]);

impl<'a> Authentic<'a> {
    pub(super) fn verified(code: &'a [u8]) -> Self {
        Self(code)
    }

    pub(super) fn just_compiled(code: &'a [u8]) -> Self {
        Self(code)
    }
}

pub(super) fn component(engine: &Engine, code: Authentic<'_>) -> wasmtime::Result<Component> {
    // SAFETY: see the module's documentation.
    unsafe { Component::deserialize(engine, code.0) }
}
