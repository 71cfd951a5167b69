//! Keys that are not there, and values they do not take.

use tandem_sdk::prelude::*;

struct Group;

#[tools]
impl Group {
    /// A key with a typing error.
    #[tool(readonly)]
    fn near() {}

    /// A key that is like no other.
    #[tool(zzz)]
    fn far() {}

    /// A flag with a value.
    #[tool(read_only = true)]
    fn valued() {}

    /// A text that is none.
    #[tool(title = 3)]
    fn untitled() {}

    /// Two that exclude each other.
    #[tool(read_only, destructive)]
    fn both() {}

    /// A name that no tool can have.
    #[tool(name = "two words")]
    fn named() {}

    /// An argument's key with a typing error.
    #[tool]
    fn argument(#[arg(defualt = 1)] _a: u8) {}
}

fn main() {}
