//! Write a Tandem plugin in one Rust source file.
//!
//! A plugin is a type with a `#[tools]` impl. Its functions become tools, resources and prompts: a doc
//! comment is a description, parameters are the input schema, the return type is the output schema.
//!
//! ```
//! use tandem_sdk::prelude::*;
//!
//! /// A sum and how it came about.
//! #[output]
//! struct Sum {
//!     total: f64,
//! }
//!
//! struct Calculator;
//!
//! #[tools]
//! impl Calculator {
//!     /// Adds two numbers.
//!     #[tool(read_only, idempotent, title = "Add")]
//!     fn add(
//!         /// The first number.
//!         a: f64,
//!         /// The second number.
//!         b: f64,
//!     ) -> Result<Sum> {
//!         Ok(Sum { total: a + b })
//!     }
//! }
//!
//! tandem_sdk::export!(Calculator);
//! # fn main() {}
//! ```
//!
//! What a plugin may do is bounded by what its manifest requests and its operator grants; a refused use is
//! an [`Error`], never a panic. A tool is a plain function: asking the client, or calling another tool,
//! suspends it inside the host.

extern crate self as tandem_sdk;

#[doc(hidden)]
#[allow(missing_docs, unreachable_pub, reason = "generated")]
pub mod bindings;
pub mod cache;
pub mod client;
pub mod config;
mod ctx;
mod error;
pub mod events;
#[doc(hidden)]
pub mod expansion;
#[cfg(target_arch = "wasm32")]
mod guest;
mod host;
pub mod http;
pub mod invoke;
pub mod kv;
pub mod log;
mod output;
pub mod p2p;
mod plugin;
mod prompt;
mod resource;
pub mod schema;
pub mod secrets;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[doc(hidden)]
pub use wit_bindgen;
pub use {schemars, serde, serde_json};

pub use bindings::tandem::host::call::Principal;
pub use bindings::tandem::plugin::types::{
    Blob, Completion, CompletionReference, Content, PromptArgument, PromptDescriptor, PromptMessage, PromptOutput,
    ResourceBody, ResourceContents, ResourceDescriptor, ResourceLink, ResourceTemplate, Role, ToolAnnotations,
    ToolDescriptor, ToolOutput,
};
pub use ctx::Ctx;
pub use error::{Context, Error, Result};
pub use output::IntoContent;
pub use plugin::{Arguments, Plugin};
pub use prompt::{IntoCompletion, IntoPrompt};
pub use resource::IntoResource;
pub use tandem_sdk_macros::{data, input, output, tools};

/// What nearly every plugin uses.
pub mod prelude {
    pub use crate::serde_json::{Value, json};
    pub use crate::{
        Completion, Content, Context, Ctx, Error, PromptMessage, PromptOutput, ResourceContents, Result, Role,
        ToolOutput, cache, client, config, data, events, http, input, invoke, kv, log, output, p2p, secrets, tools,
    };
}

/// Makes types with a `#[tools]` impl the plugin: `export!(A)`, or `export!(A, B)` to join several.
///
/// Outside a component it only checks that they are plugins, so that a crate's unit tests build natively.
#[macro_export]
macro_rules! export {
    ($($group:ty),+ $(,)?) => {
        const _: () = {
            #[allow(dead_code)]
            type TandemPlugin = $crate::__group!($($group),+);
            #[allow(dead_code)]
            const fn is_plugin<P: $crate::Plugin>() {}
            is_plugin::<TandemPlugin>();
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::export_plugin!(TandemPlugin);
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __group {
    ($only:ty) => { $only };
    ($first:ty, $($rest:ty),+) => { ($first, $crate::__group!($($rest),+)) };
}

/// The guide for authors, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
