//! How answers write times and objects.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use tandem_queue::Timestamp;

/// RFC 3339, UTC, milliseconds.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let at = i64::try_from(at.millis()).ok().and_then(DateTime::<Utc>::from_timestamp_millis).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Leaves out what is null.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}
