//! Pages of the web, as robots.txt allows.
//!
//! **Promises.** robots.txt of each host is obeyed, at each hop of a redirect; its rules are kept in `kv` for a day where the
//! plugin is granted it. Errors name the URL.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** URLs that are not http or https or carry a password, redirect loops, and what robots.txt forbids.

pub mod address;
pub mod fetch;
pub mod limits;
pub mod permission;
pub mod request;
mod robots;

pub use robots::Rules;
