//! The meta-tools: how an agent finds and calls tools without having all of them in its context.
//!
//! They read the caller's view of the catalog and call through the router, so they show and allow exactly what the
//! caller may see and do; policy and validation run on the inner tool. Lists are paged, batches are bounded, and a name
//! that is not there is answered with the nearest ones.

mod answer;
mod catalog;
mod define;
mod definitions;
mod dispatch;
mod limits;
mod result_schemas;
mod schemas;
mod tool;

pub(crate) use answer::{ResultCall, answer, dispatch, result_call};
pub(crate) use catalog::{CategoryLine, describe, state_of, tool_page};
pub use definitions::meta_tools;
pub(crate) use definitions::{catalog_tools, find, is_search, result_tools};
pub(crate) use dispatch::{Batch, Dispatch, Item, Numbered};
pub(crate) use tool::MetaTool;
