//! Who is believed, how far, and how much each may ask for.

pub mod addresses;
pub mod book;
pub mod quota;
pub mod score;
mod time;

pub use addresses::{AddressPolicy, Reach};
pub use book::{BookError, BookLimits, PeerBook, PeerQuery, PeerState, PeerView, Sort, Source};
pub use score::Conduct;
pub use time::UnixMillis;
