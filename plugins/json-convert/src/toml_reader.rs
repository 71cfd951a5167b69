//! TOML as a JSON value.

use tandem_sdk::prelude::*;

use crate::bounded::short;
use crate::plain::Plain;

pub(crate) fn read(text: &str) -> Result<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Plain(value) = toml_edit::de::from_str(text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        let at = line.map(|line| format!(" at line {line}")).unwrap_or_default();
        Error::invalid_arguments(format!("not valid TOML, or nested too deep{at}: {}", short(error.message())))
    })?;
    Ok(value)
}
