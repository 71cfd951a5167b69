//! What the catalog holds, for operators.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::{Canary, Category, RejectCode, Rejected, snapshot::Snapshot};

/// One plugin file.
#[derive(Clone, Debug, Serialize)]
pub struct PluginStatus {
    /// The file's name in the plugin directory.
    pub file: String,
    /// The plugin's name; none while no version of it is served.
    pub name: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// The version that serves.
    pub version: Option<String>,
    /// `serving`, `canary` (another version is tried out beside it), `compiling` (it is listed, and its calls wait; or, where a
    /// version has no name yet, nothing of it is served) or `refused` (nothing of it is served).
    pub state: &'static str,
    /// How many tools it has.
    pub tools: usize,
    /// The digest of what serves: `sha256:…`.
    pub digest: Option<String>,
    /// Since when it serves, in milliseconds since 1970.
    pub loaded_at_ms: Option<u64>,
    /// Why the file in the directory is not what serves.
    pub error: Option<ReloadError>,
    /// The version that is tried out.
    pub canary: Option<CanaryStatus>,
}

/// Why a file is not served.
#[derive(Clone, Debug, Serialize)]
pub struct ReloadError {
    /// The reason, for programs.
    pub code: RejectCode,
    /// The reason, for people.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub at_ms: u64,
}

/// A canary.
#[derive(Clone, Debug, Serialize)]
pub struct CanaryStatus {
    /// Its version.
    pub version: String,
    /// Its digest.
    pub digest: String,
    /// Percent of calls that it gets.
    pub share: u8,
    /// Calls that it got.
    pub calls: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Calls without which it is not promoted.
    pub min_calls: u64,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

pub(crate) fn of(snapshot: &Snapshot) -> Vec<PluginStatus> {
    let parts = &snapshot.parts;
    let files: BTreeSet<_> = parts.categories.keys().chain(parts.rejected.keys()).collect();
    let one = |file: &String| {
        let category = parts.categories.get(file);
        let canary = category.and_then(|category| parts.canaries.get(&category.name));
        plugin(file, category.map(AsRef::as_ref), parts.rejected.get(file), canary.map(AsRef::as_ref))
    };
    files.into_iter().map(one).collect()
}

fn plugin(
    file: &str,
    category: Option<&Category>,
    rejected: Option<&Rejected>,
    canary: Option<&Canary>,
) -> PluginStatus {
    PluginStatus {
        file: file.to_owned(),
        name: category.map(|category| category.plugin_name.to_string()),
        category: category.map(|category| category.name.to_string()),
        version: category.map(|category| category.version.clone()),
        state: match (category, canary) {
            (None, _) if rejected.is_some_and(Rejected::is_compiling) => "compiling",
            (None, _) => "refused",
            (Some(category), None) if category.backend.is_compiling() => "compiling",
            (Some(_), None) => "serving",
            (Some(_), Some(_)) => "canary",
        },
        tools: category.map_or(0, |category| category.tools.len()),
        digest: category.map(|category| category.digest.clone()),
        loaded_at_ms: category.map(|category| millis(category.loaded_at)),
        error: rejected.map(|rejected| ReloadError {
            code: rejected.code,
            reason: rejected.reason.clone(),
            at_ms: millis(rejected.at),
        }),
        canary: canary.map(|canary| {
            let (calls, errors) = canary.counts();
            CanaryStatus {
                version: canary.category.version.clone(),
                digest: canary.category.digest.clone(),
                share: canary.criteria.share,
                calls,
                errors,
                min_calls: canary.criteria.min_calls,
                since_ms: millis(canary.since),
            }
        }),
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
