//! Other tools: there are none.

use crate::bindings::tandem::host::invoke::{Error, Output};

pub(crate) fn call_tool(tool: &str, _arguments: &str) -> Result<Output, Error> {
    Err(Error::NotFound(format!("`{tool}`: outside a host there are no other tools")))
}
