//! Entries that do not fit each other.

use tandem_sdk::prelude::*;

struct Group;

#[tools]
impl Group {
    /// One.
    #[tool]
    fn same() {}

    /// Another.
    #[tool(name = "same")]
    fn other() {}

    /// A family without its variable.
    #[resource_template(uri = "row://{table}/{id}")]
    fn row(table: String) -> String {
        table
    }

    /// A family that is none.
    #[resource_template(uri = "row://all")]
    fn rows() -> String {
        String::new()
    }

    /// A prompt.
    #[prompt]
    fn review(text: String) -> String {
        text
    }

    #[complete(prompt = "review", argument = "language")]
    fn languages(value: &str) -> Vec<String> {
        vec![value.to_owned()]
    }
}

fn main() {}
