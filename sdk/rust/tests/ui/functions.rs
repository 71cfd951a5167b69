//! Functions that cannot be tools.

use tandem_sdk::prelude::*;

struct Group;

#[tools]
impl Group {
    #[tool]
    fn without_doc() {}

    /// Has a receiver.
    #[tool]
    fn receiver(&self) {}

    /// Is async.
    #[tool]
    async fn later() {}

    /// Is generic.
    #[tool]
    fn any<T>(_value: T) {}

    /// Takes a pattern.
    #[tool]
    fn pattern((_a, _b): (u8, u8)) {}

    /// Takes any type.
    #[tool]
    fn some(_value: impl ToString) {}
}

fn main() {}
