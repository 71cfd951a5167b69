//! `tandem plugin check`: what will trouble an operator or a client, before they have it.
//!
//! Errors are what a host refuses. Warnings are what works here and fails, or is cut, somewhere else: with a client that takes a
//! smaller part of JSON Schema, or a host with the usual ceilings. Notes are worth a look. Nothing is run but `describe`, in a sandbox
//! without any grant. A project is checked by what it built last.

mod binary;
mod contract;
mod findings;
mod lint;
mod manifest;
mod schema;
mod tools;

pub use lint::{Check, run};
