//! A plugin that works only where the operator set `endpoint`: its check keeps it out elsewhere.

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Checker;

#[tools]
impl Checker {
    #[check]
    fn ready() -> Result<()> {
        config::require("endpoint").map(drop)
    }

    /// Answers the endpoint that was set.
    #[tool(read_only, idempotent)]
    fn endpoint() -> Result<String> {
        config::require("endpoint")
    }
}

tandem_sdk::export!(Checker);

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::{Plugin as _, testing};

    #[test]
    fn the_check_names_what_is_missing() {
        let error = Checker::check().unwrap_err();
        assert!(error.to_string().contains("`endpoint`"), "{error}");
        testing::set_config("endpoint", "https://example.com");
        assert_eq!(Checker::check(), Ok(()));
    }
}
