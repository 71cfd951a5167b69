//! The names that manifests, grants and descriptors use, and which of them are right.

use crate::text::shown;

/// Longest name of a plugin, tool, tenant or other entry. It is part of metric labels and of file names.
pub const MAX_NAME: usize = 64;

/// A name that breaks its rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a valid {what}; {rule}")]
pub struct NameError {
    name: String,
    what: &'static str,
    rule: &'static str,
}

impl NameError {
    /// A name that breaks its rule.
    #[must_use]
    pub fn new(name: &str, what: &'static str, rule: &'static str) -> Self {
        Self { name: shown(name), what, rule }
    }
}

/// Whether `name` is right for a tool: `[A-Za-z0-9_.-]{1,64}`.
#[must_use]
pub fn is_tool_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// Whether `name` is kebab-case: lower-case words of letters and digits with single hyphens between them, a
/// letter first.
#[must_use]
pub fn is_kebab_case(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

/// Whether `name` can name an environment variable.
#[must_use]
pub fn is_variable_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A text type with one rule.
#[macro_export]
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:path, $pattern:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::NameError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                if $valid(name) {
                    Ok(Self(name.to_owned()))
                } else {
                    Err($crate::NameError::new(name, $what, $rule))
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

name_type!(
    /// A kebab-case name: of a plugin, a category, a tenant, a file grant or a secret.
    Name,
    "kebab-case name",
    is_kebab_case,
    "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
    "write lower-case words with hyphens, a letter first, at most 64 characters"
);

name_type!(
    /// A tool's name.
    ToolName,
    "tool name",
    is_tool_name,
    "^[A-Za-z0-9_.-]{1,64}$",
    "write 1 to 64 of the characters A-Z a-z 0-9 _ . -"
);

name_type!(
    /// The name of an environment variable.
    VariableName,
    "variable name",
    is_variable_name,
    "^[A-Za-z_][A-Za-z0-9_]*$",
    "write letters, digits and underscores, no digit first, at most 64 characters"
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn kebab_case_is_strict() {
        for right in ["dataset", "p2p-task-queue", "a", "x1-2"] {
            assert!(right.parse::<Name>().is_ok(), "{right}");
        }
        for wrong in ["", "-a", "a-", "a--b", "A", "1a", "a_b", "a.b", "../a", "ä", "a b", &"a".repeat(65)] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn tool_names_are_what_the_pattern_says(name in "[A-Za-z0-9_.-]{1,64}") {
            prop_assert!(is_tool_name(&name));
            let longer = format!("{name}{}", "x".repeat(MAX_NAME + 1 - name.len()));
            prop_assert!(!is_tool_name(&longer));
            let wrong = format!("{name} ");
            prop_assert!(!is_tool_name(&wrong));
        }
    }
}
