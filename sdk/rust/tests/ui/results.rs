//! A result that does not serialise.

use tandem_sdk::prelude::*;

struct Group;

struct Opaque;

#[tools]
impl Group {
    /// Answers what nobody can read.
    #[tool]
    fn opaque() -> Result<Opaque> {
        Ok(Opaque)
    }
}

fn main() {}
