//! A plugin that tells what it sees of time and chance.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Clock;

/// What the guest sees.
#[output]
struct Seen {
    /// Nanoseconds since 1970, as text: JSON's numbers are too small.
    now: String,
    /// Nanoseconds between two looks at the clock that only goes forward.
    step: String,
    /// Sixteen bytes of the secure source, in hexadecimal.
    secret: String,
    /// A hash under the key of a new hash map.
    hash: String,
}

#[tools]
impl Clock {
    /// Tells the time, and numbers by chance.
    #[tool(read_only)]
    fn time_and_chance() -> Result<Seen> {
        let first = Instant::now();
        let step = Instant::now().duration_since(first).as_nanos().to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos().to_string();
        let mut secret = [0; 16];
        getrandom::fill(&mut secret)?;
        let secret = u128::from_be_bytes(secret);
        let hash = RandomState::new().hash_one(0);
        Ok(Seen { now, step, secret: format!("{secret:032x}"), hash: format!("{hash:016x}") })
    }
}

tandem_sdk::export!(Clock);
