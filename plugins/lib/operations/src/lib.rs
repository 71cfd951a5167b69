//! HTTP operations as data: what `tandem import` writes, and what the component that performs them reads.
//!
//! **Promises.** [`prepare`] makes a request whose origin and path structure are those of the operation, whatever the arguments are: a
//! value of a path parameter stays one segment, a value of the query one value, a value of a header one line. **Refuses** arguments
//! that cannot be sent so, with the argument's name. **Bounds** are in `limits.rs`.

mod bundle;
mod encoding;
mod error;
mod limits;
mod multipart;
mod operation;
mod path;
mod prepare;
mod prepared;
mod query;

pub use bundle::{Bundle, BundleError};
pub use error::ArgumentError;
pub use limits::{CAPACITY, MAGIC, MAX_ARRAY, MAX_URL};
pub use multipart::{Part, multipart};
pub use operation::{Auth, AuthPlace, Body, BodyForm, Location, Operation, Operations, Parameter, Shown, Style, Tool};
pub use prepare::prepare;
pub use prepared::{Field, Prepared, PreparedBody};
