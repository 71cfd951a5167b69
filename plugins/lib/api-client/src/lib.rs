//! The component behind imported APIs: it performs the operations that it carries as data.
//!
//! It is built once and shipped in the `tandem` binary. `tandem plugin pack` of an imported API puts the API's `operations.json` into
//! its memory image: [`slot`] says where. It has no code of any API, and asks the host for no more than the plugin's manifest requests:
//! one HTTP rule for each path and method, and the secrets.
//!
//! **Promises.** A tool sends one request, that of its operation; redirects are answered, not followed. **Bounds.** An answer of
//! [`MAX_ANSWER`] bytes.

mod answer;
mod limits;
mod slot;
mod tools;
mod upload;

pub use limits::MAX_ANSWER;

tandem_sdk::export!(tools::Api);
