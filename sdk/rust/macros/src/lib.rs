//! The macros of tandem-sdk; use them through that crate.
//!
//! They write what an author would write by hand against [`Plugin`](../tandem_sdk/trait.Plugin.html), and
//! refuse with an error at the culprit what could not work.

use proc_macro::TokenStream;

mod attributes;
mod complete;
mod data;
mod function;
mod group;
mod prompt;
mod resource;
mod tool;

/// Makes the functions of an `impl` block tools, resources and prompts.
///
/// `#[tool]`, `#[resource]`, `#[resource_template]`, `#[prompt]`, `#[complete]` and `#[check]` mark them;
/// functions without a mark stay what they are.
#[proc_macro_attribute]
pub fn tools(arguments: TokenStream, item: TokenStream) -> TokenStream {
    group::expand(arguments.into(), item.into()).into()
}

/// Lets a struct or enum cross to the client and back: derives `Serialize`, `Deserialize` and `JsonSchema`.
#[proc_macro_attribute]
pub fn data(arguments: TokenStream, item: TokenStream) -> TokenStream {
    data::expand(data::Direction::Both, arguments.into(), item.into()).into()
}

/// Lets a struct or enum be an argument: derives `Deserialize` and `JsonSchema`.
#[proc_macro_attribute]
pub fn input(arguments: TokenStream, item: TokenStream) -> TokenStream {
    data::expand(data::Direction::Input, arguments.into(), item.into()).into()
}

/// Lets a struct or enum be a structured result: derives `Serialize` and `JsonSchema`.
#[proc_macro_attribute]
pub fn output(arguments: TokenStream, item: TokenStream) -> TokenStream {
    data::expand(data::Direction::Output, arguments.into(), item.into()).into()
}
