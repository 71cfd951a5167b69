//! Who is believed, how far, and how much each may ask for.

pub mod addresses;
pub mod book;
pub mod quota;
pub mod score;
mod time;

pub use time::UnixMillis;
