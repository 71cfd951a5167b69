//! Outgoing HTTP, to the hosts that the manifest requests (`http`) and the operator grants.
//!
//! An answer is waited for and held whole, up to a bound; [`Request::open`] reads it part by part, [`Request::upload`] writes a body
//! part by part, and [`send_all`] sends several requests at a time. The host checks every request, redirect and resolved address
//! against the grant; what it refuses is [`Error::Denied`]. A plugin that sends no request imports nothing for it.
//!
//! ```
//! use tandem_sdk::prelude::*;
//!
//! fn rain(city: &str) -> Result<f64> {
//!     let request = http::Request::new("GET", "https://api.example.com/rain").query("q", city);
//!     let answer: Value = request.send()?.ok()?.json()?;
//!     answer["mm"].as_f64().ok_or_else(|| Error::other("the answer has no `mm`"))
//! }
//! ```

mod error;
mod request;
mod response;
mod send;

pub use self::error::Error;
pub use self::request::{MAX_BYTES, Request};
pub use self::response::Response;
pub use self::send::{Stream, Upload, get, post_json, send_all};
