//! Names of tasks and workflows: UUIDs of version 7, made by the caller, so that a request that is sent again after
//! a lost answer names the same thing.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::TaskStoreError;

macro_rules! id {
    ($name:ident, $what:literal) => {
        #[doc = concat!("Names a ", $what, ": a UUID of version 7 (RFC 9562).")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// A new one.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "each is another")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl FromStr for $name {
            type Err = TaskStoreError;

            fn from_str(text: &str) -> Result<Self, TaskStoreError> {
                match Uuid::from_str(text) {
                    Ok(uuid) if uuid.get_version_num() == 7 => Ok(Self(uuid)),
                    _ => Err(TaskStoreError::Invalid(format!(
                        "`{}` is not the id of a {}: it takes a uuid of version 7",
                        text.chars().take(64).collect::<String>(),
                        $what
                    ))),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = TaskStoreError;

            fn try_from(text: String) -> Result<Self, TaskStoreError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(TaskId, "task");
id!(WorkflowId, "workflow");
