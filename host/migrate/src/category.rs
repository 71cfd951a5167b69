//! Categories of the older host, and those here that have tools of theirs.

/// An older category, without `_tools`, and the ones here.
const CATEGORIES: [(&str, &[&str]); 26] = [
    ("all", &["*"]),
    ("*", &["*"]),
    ("audit", &["audit"]),
    ("cache", &["cache"]),
    ("data_processing", &["dataset", "embedding"]),
    ("dataset", &["dataset"]),
    ("embedding", &["embedding"]),
    ("file_converter", &["convert", "archive", "web"]),
    ("file_detection", &["files"]),
    ("functions", &[]),
    ("graph", &["graph"]),
    ("ipfs", &["ipfs"]),
    ("logic", &["logic"]),
    ("mcplusplus", &["p2p_bootstrap", "p2p_peer", "p2p_taskqueue", "p2p_workflow"]),
    ("p2p", &["p2p_bootstrap", "p2p_peer", "p2p_taskqueue", "p2p_workflow", "cache"]),
    ("p2p_workflow", &["p2p_workflow", "p2p_peer"]),
    ("pdf", &["pdf"]),
    ("provenance", &["provenance"]),
    ("search", &["search", "vector"]),
    ("security", &[]),
    ("sparse_embedding", &["search"]),
    ("storage", &["storage"]),
    ("vector", &["vector"]),
    ("vector_store", &["vector"]),
    ("web_archive", &["web"]),
    ("web_scraping", &["web"]),
];

/// The categories here that have tools of an older one: `dataset_tools` or `dataset`. None where there are none.
#[must_use]
pub fn categories_here(older: &str) -> &'static [&'static str] {
    let name = older.trim();
    let name = name.strip_suffix("_tools").unwrap_or(name);
    CATEGORIES.iter().find(|(known, _)| *known == name).map_or(&[], |(_, here)| here)
}
