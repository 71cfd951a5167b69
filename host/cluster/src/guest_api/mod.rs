//! What guests ask of the network, one module each. Answers are JSON texts in the shapes that the WIT package documents.

mod bootstrap;
mod document;
pub(crate) mod interfaces;
mod outside;
mod peers;
mod public;
mod queue;
mod request;
mod tasks;
mod workflow_status;
mod workflows;

use serde_json::Value;

pub(crate) use document::{failed, without_nulls};

pub use interfaces::{
    P2p,
    bindings::tandem::p2p::workflow::{DagFormat, Strategy},
};
pub use request::P2pRequest;

use crate::error::P2pError;

type Answer = Result<Value, P2pError>;
