//! The only `unsafe` of the host: machine code from bytes, and from files.
//!
//! `Component::deserialize` and `Component::deserialize_file` trust their input fully. Proof that they may: they take an
//! [`Authentic`] or an [`AuthenticFile`], which can be made inside `aot` only. Either the bytes were compiled a moment ago, by this
//! process or one of the same program that it started and asked over a pipe (`compile`), or they carry a valid HMAC-SHA256 under a key
//! that only this host's user can read, over the engine's compatibility hash, the component's digest and the code itself.
//!
//! Bytes that were checked are the bytes that are loaded; they are not read twice. A file that was checked is mapped by its
//! descriptor, so that it is the same file, and this host never writes into one that has its name: it puts another into its place
//! (`tandem_files::atomic_write`). Who else could write into it is this host's user, in a directory of mode 0700, and could read the
//! key beside it as well.
#![allow(unsafe_code, reason = "machine code is loaded here, and nowhere else")]

use std::{fs::File, os::fd::AsRawFd};

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

/// A file of compiled code that this host made, and then its tag.
pub(super) struct AuthenticFile<'a>(&'a File);

impl<'a> AuthenticFile<'a> {
    pub(super) fn verified(file: &'a File) -> Self {
        Self(file)
    }
}

/// The component, whose pages are those of the file. What follows the code is not part of it: the code's headers name its parts.
pub(super) fn mapped(engine: &Engine, code: &AuthenticFile<'_>) -> wasmtime::Result<Component> {
    let path = format!("/proc/self/fd/{}", code.0.as_raw_fd());
    // SAFETY: see the module's documentation.
    unsafe { Component::deserialize_file(engine, path) }
}
