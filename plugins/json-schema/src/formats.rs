//! Formats of strings, as the validator checks them.

use jsonschema::Validator;
use tandem_sdk::prelude::*;

use crate::limits::MAX_FORMAT_BYTES;

/// The formats that are looked for; the first that all strings have is told.
const FORMATS: [&str; 8] = ["uuid", "date-time", "date", "time", "email", "ipv4", "ipv6", "uri"];

/// Checkers of formats.
#[derive(Debug)]
pub struct Formats(Vec<Validator>);

/// The formats that strings may have, a bit for each.
pub(crate) type Candidates = u8;

/// Any of the formats.
pub(crate) const ANY: Candidates = Candidates::MAX;

impl Formats {
    /// Compiles the checkers.
    pub fn new() -> Result<Self> {
        let compile = |format: &&str| {
            jsonschema::options()
                .should_validate_formats(true)
                .build(&json!({ "format": format }))
                .map_err(|error| Error::other(format!("format `{format}`: {error}")))
        };
        FORMATS.iter().map(compile).collect::<Result<_>>().map(Self)
    }

    /// Those of some formats that a string has.
    pub(crate) fn narrow(&self, candidates: Candidates, text: &Value) -> Candidates {
        let long = text.as_str().is_none_or(|text| text.len() > MAX_FORMAT_BYTES);
        if candidates == 0 || long {
            return 0;
        }
        let mut left = 0;
        for (number, (checker, name)) in self.0.iter().zip(FORMATS).enumerate() {
            let bit = 1 << number;
            // `a:b` is a URI by its grammar, and hardly ever in data.
            let likely = name != "uri" || text.as_str().is_some_and(|text| text.contains("://"));
            if candidates & bit != 0 && likely && checker.is_valid(text) {
                left |= bit;
            }
        }
        left
    }

    /// The name of the first of some formats.
    pub(crate) fn name(candidates: Candidates) -> Option<&'static str> {
        FORMATS.iter().enumerate().find(|(number, _)| candidates & (1 << number) != 0).map(|(_, name)| *name)
    }
}
