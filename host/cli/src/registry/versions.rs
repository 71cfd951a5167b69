//! Which version of a repository is meant, where a source does not say it.

use std::io::Write as _;

use anyhow::{Context, bail};
use semver::Version;
use tandem_registry::{OciSource, RegistryError, Source, newest_version, version_of_tag};

use super::site::Site;

/// Tags that an error lists, the newest first.
const SHOWN: usize = 20;

/// The source with the newest version's tag, where it names neither tag nor digest. Says which.
pub(super) fn chosen(site: &Site, source: Source) -> anyhow::Result<Source> {
    let Source::Oci(oci) = &source else { return Ok(source) };
    if oci.tag().is_some() || oci.digest().is_some() {
        return Ok(source);
    }
    let tags = site.tags(oci)?;
    let tagged = match newest_version(&tags, false) {
        Some((_, tag)) => oci.with_tag(tag),
        // Who publishes under names only has one for this.
        None if tags.iter().any(|tag| tag == "latest") => oci.with_tag("latest"),
        None => bail!("no tag of {oci} is a version, and none is `latest`; {}", there_are(&tags)),
    };
    writeln!(crate::terminal::err(), "{oci}: no tag is named; taking the newest, {tagged}")?;
    Ok(Source::Oci(tagged))
}

/// The source of a newer version than `version`, where the source's tag is a version itself. A name like `stable` moves.
pub(super) fn newer(site: &Site, source: &Source, version: &Version) -> anyhow::Result<Option<Source>> {
    let Source::Oci(oci) = source else { return Ok(None) };
    if oci.tag().and_then(version_of_tag).is_none() {
        return Ok(None);
    }
    let tags = site.tags(oci)?;
    let newest = newest_version(&tags, !version.pre.is_empty());
    Ok(newest.filter(|(newest, _)| newest > version).map(|(_, tag)| Source::Oci(oci.with_tag(tag))))
}

/// The same error; of a tag that is not there, with those that are.
pub(super) fn with_tags<T>(site: &Site, source: &Source, result: anyhow::Result<T>) -> anyhow::Result<T> {
    let Err(error) = result else { return result };
    let missing = matches!(error.downcast_ref(), Some(RegistryError::NotFound(_)));
    match source {
        Source::Oci(oci) if missing && oci.digest().is_none() => match site.tags(oci) {
            Ok(tags) => Err(error).with_context(|| format!("{oci} has no such tag; {}", there_are(&tags))),
            Err(_) => Err(error),
        },
        _ => Err(error),
    }
}

fn there_are(tags: &[String]) -> String {
    if tags.is_empty() {
        return "it has no tags".to_owned();
    }
    let mut tags: Vec<&String> = tags.iter().collect();
    tags.sort_by_cached_key(|tag| std::cmp::Reverse((version_of_tag(tag), tag.to_string())));
    let shown: Vec<&str> = tags.iter().take(SHOWN).map(|tag| tag.as_str()).collect();
    let more = tags.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("there are: {}{more}", crate::terminal::line(&shown.join(", ")))
}

/// The source that a version's own tag would be, where the present tag is another version: after a rollback.
pub(super) fn of_version(oci: &OciSource, before: &Version, version: &Version) -> OciSource {
    match oci.tag() {
        Some(tag) if version_of_tag(tag).as_ref() == Some(before) => {
            let v = if tag.starts_with('v') { "v" } else { "" };
            oci.with_tag(&format!("{v}{}", version.to_string().replace('+', "_")))
        }
        _ => oci.clone(),
    }
}
