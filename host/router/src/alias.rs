//! Calls of a tool by one of its older names: its parameters get their names of today before they are checked.

use std::sync::Arc;

use tandem_package::ToolAlias;

use crate::{
    api::CallError,
    exact::{Arguments, Violation},
};

/// The arguments under the tool's own names.
///
/// # Errors
/// A parameter is given under both of its names.
pub(crate) fn renamed(alias: &ToolAlias, mut arguments: Arguments) -> Result<Arguments, CallError> {
    let mut violations = Vec::new();
    for (here, there) in &alias.rename {
        let Some(value) = arguments.members.remove(here) else { continue };
        if arguments.members.insert(there.clone(), value).is_some() {
            let message = format!("is another name of `{there}`, which is given too; leave one of both out");
            violations.push(Violation { pointer: format!("/{here}"), message });
        }
        arguments.exact = arguments.exact.map(|exact| Arc::new(exact.renamed(here, there)));
    }
    match violations.is_empty() {
        true => Ok(arguments),
        false => Err(CallError::InvalidArguments { tool: alias.name.to_string(), violations }),
    }
}
