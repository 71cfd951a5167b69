//! `[router]`: which lane tools run in that leave it open.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which lane tools run in that leave it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct RoutingConfig {
    /// Whether tools whose manifest leaves the lane open (`affinity = "auto"`) run in the reactor lane while it is up, each call with
    /// `reactor.cpu` of guest time at most; in the general lane otherwise.
    pub prefer_reactor: bool,
}
