//! The revisions of MCP.

use rmcp::model::ProtocolVersion;

/// The revisions that we speak; 2024-11-05 had another transport.
pub(crate) static VERSIONS: [ProtocolVersion; 4] = [
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// The same, as they are written.
pub(crate) fn revisions() -> impl Iterator<Item = &'static str> {
    VERSIONS.iter().map(ProtocolVersion::as_str)
}
