//! The listeners, lanes, ceilings and logs.

use super::rule::{Rule, always, dropped, to};
use crate::convert::{boolean, count, debug, fallback, host, level, list, log_format, origins, port, seconds};

pub(super) const RULES: &[Rule] = &[
    to(
        &["HOST", "host", "server.host", "runtimes.fastapi.host", "server.fastapi.host", "MCP_SERVER_HOST", "MCP_HOST"],
        "server.host",
        host,
    ),
    to(
        &["PORT", "port", "server.port", "runtimes.fastapi.port", "server.fastapi.port", "MCP_SERVER_PORT", "MCP_PORT"],
        "server.port",
        port,
    ),
    to(
        &[
            "ENABLE_MCPLUSPLUS",
            "features.trio_runtime",
            "server.trio_enabled",
            "runtimes.trio.enabled",
            "server.trio.enabled",
            "p2p_enabled",
            "p2p.mcplusplus.enabled",
            "p2p.enabled",
        ],
        "reactor.enabled",
        boolean,
    ),
    to(&["runtimes.trio.host", "server.trio.host"], "reactor.host", host),
    to(&["server.trio_port", "runtimes.trio.port", "server.trio.port"], "reactor.port", port),
    to(
        &["features.fallback_to_fastapi", "runtimes.fallback_to_fastapi", "runtime.fallback_to_fastapi"],
        "reactor.fallback",
        fallback,
    ),
    to(&["runtimes.prefer_trio", "runtime.prefer_trio"], "router.prefer-reactor", boolean),
    to(&["runtime.fallback_timeout", "runtimes.fallback_timeout"], "reactor.fallback-timeout", seconds),
    to(
        &["runtimes.fastapi.workers", "server.workers", "server.fastapi.workers", "MCP_WORKERS"],
        "general.workers",
        count,
    ),
    to(
        &[
            "performance.request_timeout",
            "runtimes.trio.timeout",
            "runtimes.fastapi.timeout",
            "server.fastapi.timeout",
            "tool_timeout",
            "server.tool_timeout",
            "MCPPP_EXEC_TIMEOUT_S",
            "MCP_TOOL_TIMEOUT",
        ],
        "limits.deadline",
        seconds,
    ),
    to(&["performance.max_concurrent_requests"], "server.max-concurrent-requests", count),
    to(&["RELOAD", "reload", "server.reload", "server.fastapi.reload"], "plugins.watch", boolean),
    to(&["MCP_DEBUG", "LOG_LEVEL", "log_level", "server.log_level", "MCP_LOG_LEVEL"], "telemetry.log", log_level),
    to(&["MCP_LOG_FORMAT"], "telemetry.log-format", log_format),
    to(&["ALLOWED_ORIGINS", "MCP_CORS_ORIGINS"], "server.allowed-origins", origins),
    to(&["MCP_ALLOWED_HOSTS"], "server.allowed-hosts", list),
    always(
        &["server.fastapi.enabled", "runtimes.fastapi.enabled"],
        "the general lane and its listener are always there",
        "a host always has its general lane; `server.port = 0` lets the system choose a port",
    ),
    always(
        &["runtime.auto_detect", "runtimes.auto_detect"],
        "the lane of a tool follows its manifest (`runtime.affinity`)",
        "lanes are always chosen by manifest; `plugins.overrides.NAME.affinity` fixes one",
    ),
    always(
        &["runtime.enable_metrics", "monitoring.enabled", "monitoring.enable_metrics", "ENABLE_METRICS"],
        "/metrics and /health are always served",
        "`/metrics` is always served; close it to others with `server.metrics-token`",
    ),
    always(
        &["server.trio.enable_p2p_tools", "features.p2p_tools", "p2p_enable_tools", "p2p.enable_tools"],
        "the P2P tools come with their plugins",
        "take the P2P plugins out of the plugin directory, or leave their categories out of tools.enabled-categories",
    ),
    always(
        &["server.trio.enable_workflow_tools", "server.trio.enable_taskqueue_tools"],
        "these tools come with their plugins",
        "take the plugin out of the plugin directory, or leave its category out of tools.enabled-categories",
    ),
    dropped(&["server.name", "name"], "the host tells clients its own name and version; `p2p.name` names it to peers"),
    dropped(
        &["server.transport", "transport", "MCP_TRANSPORT"],
        "one configuration serves both: `tandem serve` is HTTP, `tandem serve --stdio` is stdio",
    ),
    dropped(&["server.runtime"], "both lanes are in one process; `reactor.enabled` turns the reactor lane off"),
    dropped(&["server.verbose", "verbose"], "it only made logs longer; `telemetry.log = \"debug\"` does"),
    dropped(
        &["server.debug", "DEBUG"],
        "errors never show internals to clients; `telemetry.log = \"debug\"` logs more",
    ),
    dropped(
        &["runtimes.trio.enable_on_import", "runtimes.trio.workers", "server.trio.workers"],
        "the reactor lane is one thread, started with the host",
    ),
    dropped(
        &["performance.connection_pool_size"],
        "there are no pooled connections to bound; `server.connection-limit` bounds open ones",
    ),
    dropped(&["monitoring.metrics_port", "METRICS_ENDPOINT"], "/metrics is on the port of the server"),
    dropped(
        &["monitoring.enable_tracing", "monitoring.tracing_endpoint"],
        "this host sends no traces; log lines carry the trace id of `traceparent`",
    ),
];

fn log_level(given: crate::convert::Given<'_>) -> Result<crate::convert::Converted, String> {
    if given.setting.key == "MCP_DEBUG" { debug(given) } else { level(given) }
}
