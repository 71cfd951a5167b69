//! How much of a result a client wants in one message.

use serde_json::Value;

use super::limits::MIN_INLINE;

/// The key in `_meta` of a request.
pub(crate) const INLINE_LIMIT: &str = "tandem/inline-limit";

/// The bytes that a request's `_meta` names; none where it names none.
///
/// # Errors
///
/// What stands there is no number of bytes, or too few: the text says so.
pub(crate) fn budget(meta: Option<&Value>) -> Result<Option<usize>, String> {
    let Some(value) = meta else { return Ok(None) };
    match value.as_u64().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)) {
        Some(bytes) if bytes >= MIN_INLINE => Ok(Some(bytes)),
        _ => Err(format!("`{INLINE_LIMIT}` in `_meta` is a number of bytes, {MIN_INLINE} at least")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_budget_is_a_number_of_bytes() {
        assert_eq!(budget(None), Ok(None));
        assert_eq!(budget(Some(&json!(MIN_INLINE))), Ok(Some(MIN_INLINE)));
        assert_eq!(budget(Some(&json!(u64::MAX))), Ok(Some(usize::MAX)));
        for wrong in [json!(null), json!("10000"), json!(-1), json!(1.5), json!(MIN_INLINE - 1)] {
            assert!(budget(Some(&wrong)).unwrap_err().contains("8192 at least"), "{wrong}");
        }
    }
}
