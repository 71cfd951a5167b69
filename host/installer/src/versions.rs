//! Which version of a repository is meant, where a source does not say it.

use anyhow::{Context, bail};
use semver::Version;
use tandem_registry::{OciSource, RegistryError, Source, newest_version, version_of_tag};
use tandem_types::text::shown;

use crate::{installation::Installation, ports::Dialog};

/// Tags that an error lists, the newest first.
const SHOWN: usize = 20;

/// The source with the newest version's tag, where it names neither tag nor digest. Says which.
pub(crate) fn chosen(site: &Installation, source: Source, dialog: &dyn Dialog) -> anyhow::Result<Source> {
    let Source::Oci(oci) = &source else { return Ok(source) };
    if oci.tag().is_some() || oci.digest().is_some() {
        return Ok(source);
    }
    let tags = site.tags(oci)?;
    let tagged = match newest_version(&tags, false) {
        Some((_, tag)) => oci.with_tag(tag),
        // Who publishes under names only has one for this.
        None if tags.iter().any(|tag| tag == "latest") => oci.with_tag("latest"),
        None => bail!("no tag of {oci} is a version, and none is `latest`; {}", available(&tags)),
    };
    dialog.note(&format!("{oci}: no tag named; taking the newest version, {tagged}"));
    Ok(Source::Oci(tagged))
}

/// The source of a newer version than `version`, where the source's tag is a version itself. A name like `stable` moves.
pub(crate) fn newer(site: &Installation, source: &Source, version: &Version) -> anyhow::Result<Option<Source>> {
    let Source::Oci(oci) = source else { return Ok(None) };
    if oci.tag().and_then(version_of_tag).is_none() {
        return Ok(None);
    }
    let tags = site.tags(oci)?;
    let newest = newest_version(&tags, !version.pre.is_empty());
    Ok(newest.filter(|(newest, _)| newest > version).map(|(_, tag)| Source::Oci(oci.with_tag(tag))))
}

/// The same error; of a tag that is not there, with those that are.
pub(crate) fn with_tags<T>(site: &Installation, source: &Source, result: anyhow::Result<T>) -> anyhow::Result<T> {
    let Err(error) = result else { return result };
    let missing = matches!(error.downcast_ref(), Some(RegistryError::NotFound(_)));
    match source {
        Source::Oci(oci) if missing && oci.digest().is_none() => match site.tags(oci) {
            Ok(tags) => Err(error).with_context(|| format!("{oci}: no such tag; {}", available(&tags))),
            Err(_) => Err(error),
        },
        _ => Err(error),
    }
}

fn available(tags: &[String]) -> String {
    if tags.is_empty() {
        return "the repository has no tags".to_owned();
    }
    let mut tags: Vec<&String> = tags.iter().collect();
    tags.sort_by_cached_key(|tag| std::cmp::Reverse((version_of_tag(tag), tag.to_string())));
    let named: Vec<String> = tags.iter().take(SHOWN).map(|tag| shown(tag)).collect();
    let more = tags.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("available: {}{more}", named.join(", "))
}

/// The source that a version's own tag would be, where the present tag is another version: after a rollback.
pub(crate) fn of_version(oci: &OciSource, before: &Version, version: &Version) -> OciSource {
    match oci.tag() {
        Some(tag) if version_of_tag(tag).as_ref() == Some(before) => {
            let v = if tag.starts_with('v') { "v" } else { "" };
            oci.with_tag(&format!("{v}{}", version.to_string().replace('+', "_")))
        }
        _ => oci.clone(),
    }
}
