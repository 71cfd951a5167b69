//! Who is believed, how far, and how much each may ask for.

pub mod addresses;
mod time;

pub use time::UnixMillis;
