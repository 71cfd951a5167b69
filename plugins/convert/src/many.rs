//! Several documents in one call.

use std::time::Duration;

use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::document::{self, Converted, Form, Plan};
use crate::limits::{MANY_MS, MAX_MANY_BYTES, MAX_MANY_FILES, RESERVE_MS};

/// One of several documents: its text, or the error.
#[output]
pub(crate) struct OneOfMany {
    /// The document, as it was asked for.
    path: String,
    /// Its first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Converted")]
    document: Option<Converted>,
    /// Why it could not be converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    error: Option<String>,
}

/// Several documents.
#[output]
pub(crate) struct Documents {
    /// The documents, in the order of `paths`.
    documents: Vec<OneOfMany>,
    /// How many could not be converted.
    failed: u64,
    /// Paths that the answer has no room for, or the call no time: ask for them again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remaining: Vec<String>,
}

/// Converts each; one that cannot be converted does not keep the others away.
pub(crate) fn convert(ctx: &Ctx, paths: Vec<String>, to: Option<Form>, limit: u64) -> Result<Documents> {
    if paths.is_empty() || paths.len() > MAX_MANY_FILES {
        return Err(Error::invalid_arguments(format!("paths: {} documents; give 1 to {MAX_MANY_FILES}", paths.len())));
    }
    let total = paths.len() as f64;
    let begun = ctx.remaining();
    let mut answer = Documents { documents: Vec::new(), failed: 0, remaining: Vec::new() };
    let mut bytes = 0;
    for path in paths {
        ctx.check()?;
        let done = answer.documents.len();
        if done > 0 && (bytes >= MAX_MANY_BYTES || is_late(begun, ctx.remaining())) {
            answer.remaining.push(path);
            continue;
        }
        ctx.progress(done as f64, Some(total), &path);
        let page = Plan::new(&path, to, None)
            .and_then(|plan| plan.text(Call::of_many(ctx)))
            .and_then(|text| document::page(&text, 0, limit));
        let (document, error) = match page {
            Ok(page) => {
                bytes += page.text.len();
                (Some(page), None)
            }
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                answer.failed += 1;
                (None, Some(error.to_string()))
            }
        };
        answer.documents.push(OneOfMany { path, document, error });
    }
    Ok(answer)
}

/// Whether one more document may not come to its end.
fn is_late(begun: Duration, left: Duration) -> bool {
    left < Duration::from_millis(RESERVE_MS) || begun.saturating_sub(left) > Duration::from_millis(MANY_MS)
}
