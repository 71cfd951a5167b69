//! Forms that arguments have.

use tandem_sdk::prelude::*;

/// Most tags of a task or a workflow: they are an index of the store.
pub const MAX_TAGS: usize = 32;

/// A text whose form is in its schema.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident: $($keyword:literal = $value:expr),+) => {
        $(#[$doc])*
        #[data]
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[serde(transparent)]
        #[schemars($(extend($keyword = $value)),+)]
        pub struct $name(pub String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

text! {
    /// An id that a submit gave.
    Id: "format" = "uuid", "pattern" = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
}
text! {
    /// A time in UTC, as `2026-03-01T12:00:00Z`.
    Moment: "format" = "date-time",
    "pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?Z$"
}
text! {
    /// A host's id, as `12D3KooW…`. The longest form of one is well under 128 characters.
    PeerId: "pattern" = "^[0-9A-Za-z]{32,128}$"
}
text! {
    /// An address, as `/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…`. Circuits through a relay need most of the 512 characters.
    Multiaddr: "pattern" = "^/[^ \\t\\r\\n]+$", "maxLength" = 512
}
text! {
    /// The name of a tool.
    ToolName: "pattern" = "^[A-Za-z0-9_.-]{1,64}$"
}
text! {
    /// A word to find it by.
    Tag: "minLength" = 1, "maxLength" = 64
}

/// A list whose longest size is in its schema.
#[data]
#[derive(Clone, Debug, PartialEq, Eq)]
#[serde(transparent)]
#[schemars(extend("maxItems" = MAX))]
pub struct AtMost<const MAX: usize, T>(pub Vec<T>);

/// Tags of a task or a workflow.
pub type Tags = AtMost<MAX_TAGS, Tag>;

/// How failed attempts are followed by others.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum RetryPolicy {
    /// They are not: there is one attempt.
    None,
    /// After n times the base delay.
    Linear,
    /// After the base delay, doubled each time.
    Exponential,
}

/// What happens after a failed attempt.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How long until the next attempt.
    pub policy: RetryPolicy,
    /// Attempts in all, the first one included.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 100))]
    pub max_attempts: u32,
    /// The base delay, in milliseconds.
    #[serde(default = "half_a_second")]
    #[schemars(range(max = 3_600_000))]
    pub base_delay_ms: u64,
}

fn three() -> u32 {
    3
}

fn half_a_second() -> u64 {
    500
}

/// An address that could not be reached.
#[data]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The address.
    pub address: String,
    /// Why.
    pub error: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure fails the test")]

    use tandem_sdk::schema;

    use super::*;

    #[test]
    fn forms_are_in_the_schema() {
        let tags = schema::input::<Option<Tags>>();
        assert_eq!(tags["maxItems"], 32, "{tags}");
        assert_eq!(tags["items"]["maxLength"], 64, "{tags}");
        let id = schema::input::<Id>();
        assert_eq!((&id["format"], &id["type"]), (&json!("uuid"), &json!("string")), "{id}");
        let retry = schema::input::<Retry>();
        assert_eq!(retry["additionalProperties"], false, "{retry}");
        assert_eq!(retry["required"], json!(["policy"]), "{retry}");
        assert_eq!(retry["properties"]["base_delay_ms"]["default"], 500, "{retry}");
    }

    #[test]
    fn what_a_retry_leaves_out_has_its_default() {
        let retry: Retry = tandem_sdk::serde_json::from_value(json!({ "policy": "linear" })).unwrap();
        assert_eq!(retry, Retry { policy: RetryPolicy::Linear, max_attempts: 3, base_delay_ms: 500 });
    }
}
