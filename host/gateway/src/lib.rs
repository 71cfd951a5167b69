//! The protocol edge: MCP, REST, health and metrics over the router.
//!
//! **Promises.** What a client sees depends on the endpoint and on who asks, never on what it asked before. Both eras of
//! MCP are served from the same handler, over HTTP and over stdio. A client that goes away, or cancels, stops the guest
//! that works for it. Every answer carries a request id that is in the log too.
//!
//! Where callers authenticate, nothing of one tenant shows to another: not its sessions, streams, suspended calls, tasks and
//! progress, nor any figure that counts its calls. What belongs to another is not found, like what never was.
//!
//! | Path | Who may |
//! |---|---|
//! | `/health`, `/health/ready`, `/.well-known/oauth-protected-resource` | everybody: probes and clients without a token yet |
//! | `/mcp…`, `/v1/…`, `/tools/execute`, `/openapi.json`, `/` | every caller, for what is there for it |
//! | `/metrics`, `/health/runtime` | the operator, by token; without one, only where nobody authenticates |
//!
//! **Bounds.** Connections, sessions, listeners, suspended calls, tasks, heads, bodies, pages and batches; each has a limit in
//! [`GatewayConfig`] and a typed refusal, and one tenant has at most half of what all share. Clients that send or read too
//! slowly are cut. Shutdown ends after the drain time, whatever clients do.
//!
//! **Refuses.** Requests from web pages of others (`Origin`), requests under a name that is not this host's (`Host`),
//! states that this host did not seal, and calls before plugins are loaded.
//!
//! Nothing here decides whether a call may run or runs it: decode, authenticate, ask the router, encode.

#![forbid(unsafe_code)]

mod access;
mod apart;
mod auth;
mod body;
mod config;
mod cursor;
mod described;
mod drain;
mod endpoint;
mod endpoints;
mod gateway;
mod guard;
mod heads;
mod health;
mod holding;
mod http;
mod incoming;
mod intake;
mod layers;
mod limiter;
mod lines;
mod listen;
mod login;
mod mcp;
mod meta;
mod metrics;
mod pieces;
mod pipe;
mod ports;
mod problem;
mod renumber;
mod rest;
mod results;
mod revisions;
mod rpc;
mod sessions;
mod slow;
mod standard;
mod state;
mod stdio;

pub use auth::{
    ApiKey, AuthError, Authenticator, IssuerError, KeyRing, LocalOnly, OAuthConfig, OperatorToken, ResourceMetadata,
    Rotation, Tenant, TenantAuth,
};
pub use config::{ConfigError, Exposure, GatewayConfig, StateKey, Versions};
pub use endpoints::{EndpointTool, NamedEndpoint, Patterns};
pub use gateway::{Gateway, GatewayParts};
pub use listen::ServeError;
pub use meta::meta_tools;
pub use ports::{HealthPart, Unready};
pub use stdio::StdioError;
