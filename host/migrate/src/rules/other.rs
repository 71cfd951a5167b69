//! Tools, and what belongs to other programs.

use super::rule::{Rule, dropped, to};
use crate::convert::{categories, text};

const TOOL_SETTINGS: &str =
    "no plugin here reads it; what a plugin may read is in `grants.PLUGIN.config`, its bounds in `limits`";
const TOKENS: &str =
    "this host issues no tokens: `[auth]` takes those of an authorization server, `tandem key add` issues API keys";
const RATES: &str = "rates are those of a tenant: `tenants.NAME.rate`";
const DAG: &str = "there is no event graph to compact; the audit log is bounded by `audit.keep` and `audit.max-bytes`";

pub(super) const RULES: &[Rule] = &[
    to(&["enabled_tool_categories", "tools.enabled_categories"], "tools.enabled-categories", categories),
    to(&["ipfs_kit.mcp_url", "ipfs_kit_mcp_url", "IPFS_KIT_MCP_URL"], "upstreams.ipfs-kit.url", text),
    dropped(
        &["ipfs_kit.integration", "ipfs_kit_integration", "IPFS_KIT_INTEGRATION"],
        "IPFS tools are those of the plugin `ipfs`",
    ),
    dropped(&["tools.*", "tool_configs.*"], TOOL_SETTINGS),
    dropped(&["cache.*"], "caches are bounded for each plugin: `grants.PLUGIN.cache.max-bytes`"),
    dropped(&["relationships.*"], TOOL_SETTINGS),
    dropped(
        &["SECRET_KEY", "JWT_SECRET_KEY", "JWT_ALGORITHM", "JWT_EXPIRATION_HOURS", "ACCESS_TOKEN_EXPIRE_MINUTES"],
        TOKENS,
    ),
    dropped(&["MCPPP_RATE_LIMIT_RPS", "MCPPP_RATE_LIMIT_BURST", "RATE_LIMIT_ENABLED", "RATE_LIMIT_STORAGE"], RATES),
    dropped(
        &[
            "MCPPP_EPOCH_SIZE",
            "MCPPP_HOT_TIER_MAX",
            "MCPPP_MAX_CHAIN_DEPTH",
            "MCPPP_MAX_COLD_STORAGE_GB",
            "MCPPP_PROFILE_F_ZK",
        ],
        DAG,
    ),
    dropped(&["MCPPP_STORAGE_DIR"], "state is below plugins.data-directory; the older state is not imported"),
    dropped(
        &["MCPPP_ALLOW_UNSIGNED_DELEGATIONS", "MCPPP_REQUIRE_SERVICE_SIGNATURES"],
        "records of peers are always signed, and unsigned ones refused",
    ),
    dropped(&["MCPPP_MAX_BODY_BYTES"], "`server.max-body` bounds a request; 4MiB unless given"),
    dropped(&["MCPPP_MAX_SSE_CONNECTIONS"], "`server.connection-limit` and `server.session-limit` bound them"),
    dropped(
        &["MCP_DASHBOARD_HOST", "MCP_DASHBOARD_PORT", "MCP_DASHBOARD_BLOCKING"],
        "the dashboard is `/` of the server",
    ),
    dropped(&["ENVIRONMENT", "DATABASE_URL", "REDIS_URL"], "this host has no such service"),
];
