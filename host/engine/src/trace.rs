//! The trace that a call is part of (W3C Trace Context).

use std::sync::Arc;

/// The W3C `traceparent`, if it is well formed: anything else must not reach logs and peers.
#[must_use]
pub fn traceparent(value: &str) -> Option<Arc<str>> {
    let mut parts = value.split('-');
    let mut part = |length: usize| {
        let part = parts.next()?;
        (part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))).then_some(part)
    };
    let (version, trace, span, _flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    let known = version == "00" && value.len() == 55;
    let zero = |text: &str| text.bytes().all(|b| b == b'0');
    (known && !zero(trace) && !zero(span)).then(|| value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_context_is_taken_only_when_well_formed() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(good).as_deref(), Some(good));
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\n-01",
        ] {
            assert_eq!(traceparent(bad), None, "{bad}");
        }
    }
}
