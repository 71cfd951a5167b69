//! How wide integers are answered.

use schemars::JsonSchema;
use serde::Deserialize;

/// How integers beyond ±(2^53 - 1) are answered: `strings`, which every reader keeps, or `numbers`, which some round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = crate::schema::names_only)]
pub enum Integers {
    /// Decimal digits in a string.
    #[default]
    Strings,
    /// JSON numbers.
    Numbers,
}
