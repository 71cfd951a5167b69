//! Small files beside a configuration.

use std::path::Path;

use anyhow::Context as _;
use tandem_files::read_regular;
use tandem_package::TrustRoots;

/// The largest manifest, key or list that is read.
const MAX_SMALL: u64 = 1 << 20;

/// A small file of text.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    let read = || Ok::<_, anyhow::Error>(String::from_utf8(read_regular(path, MAX_SMALL)?)?);
    read().with_context(|| format!("cannot read {}", path.display()))
}

/// Reads public keys.
pub fn trust_roots<'a>(paths: impl Iterator<Item = &'a Path>) -> anyhow::Result<TrustRoots> {
    let pems = paths
        .map(|path| Ok((path.display().to_string(), read_text(path)?)))
        .collect::<anyhow::Result<Vec<(String, String)>>>()?;
    Ok(TrustRoots::from_pems(pems.iter().map(|(label, text)| (label.as_str(), text.as_str())))?)
}
