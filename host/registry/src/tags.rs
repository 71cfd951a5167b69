//! The tags of a repository, and the newest version among them.
//!
//! **Bounds.** [`MAX_TAGS`] tags in [`MAX_PAGES`] pages; a next page is asked for only where the list began.

use reqwest::{
    StatusCode,
    header::{HeaderMap, LINK},
};
use semver::Version;
use serde::Deserialize;
use url::Url;

use crate::{
    error::RegistryError,
    http::{body, refusal},
    oci::Repository,
};

/// Tags of one page that are asked for; registries may give fewer.
const PAGE: usize = 1_000;
/// Most pages: a registry that always names another one ends here.
const MAX_PAGES: usize = 100;
/// Most tags. A plugin that is published ten times a day for two years has fewer.
const MAX_TAGS: usize = 10_000;
/// The largest page, in bytes: a tag has at most 128.
const MAX_PAGE: usize = 1 << 20;

#[derive(Deserialize)]
struct Page {
    // Some registries write null for none.
    tags: Option<Vec<String>>,
}

impl Repository<'_> {
    /// The tags that the repository has, as the registry orders them; at most 10,000.
    ///
    /// # Errors
    /// There is no such repository, or the registry refuses.
    pub async fn tags(&self) -> Result<Vec<String>, RegistryError> {
        let place = self.source().to_string();
        let (mut all, mut next) = (Vec::new(), Some(self.url(&format!("tags/list?n={PAGE}"))));
        for _ in 0..MAX_PAGES {
            let Some(url) = next.take() else { break };
            let response = self.get(&url, HeaderMap::new()).await?;
            if response.status() != StatusCode::OK {
                return Err(refusal(&place, response).await);
            }
            let link = response.headers().get(LINK).and_then(|link| link.to_str().ok()).map(str::to_owned);
            let bytes = body(&place, response, MAX_PAGE).await?;
            let page: Page =
                serde_json::from_slice(&bytes).map_err(|error| RegistryError::protocol(&place, error.to_string()))?;
            all.extend(page.tags.into_iter().flatten());
            if all.len() >= MAX_TAGS {
                all.truncate(MAX_TAGS);
                break;
            }
            next = link.and_then(|link| following(&url, &link));
        }
        Ok(all)
    }
}

/// The next page that a `Link` names (RFC 8288), if it is the same server's.
fn following(url: &str, link: &str) -> Option<String> {
    let part = link.split(',').find(|part| part.contains("rel=\"next\"") || part.contains("rel=next"))?;
    let target = part.split_once('<')?.1.split_once('>')?.0;
    let base = Url::parse(url).ok()?;
    let next = base.join(target).ok()?;
    (next.origin() == base.origin() && next.as_str() != url).then(|| next.into())
}

/// A tag that is a semantic version, with or without `v`. `_` stands for the `+` that no tag can have.
#[must_use]
pub fn version_of_tag(tag: &str) -> Option<Version> {
    Version::parse(&tag.strip_prefix('v').unwrap_or(tag).replace('_', "+")).ok()
}

/// The tag of the newest version. Pre-releases count only where `pre` is set, or where there is nothing else.
#[must_use]
pub fn newest_version(tags: &[String], pre: bool) -> Option<(Version, &str)> {
    let versions = || tags.iter().filter_map(|tag| Some((version_of_tag(tag)?, tag.as_str())));
    let stable = versions().filter(|(version, _)| pre || version.pre.is_empty()).max();
    stable.or_else(|| versions().max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_that_of_the_highest_precedence() {
        let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        let newest = |all: &[&str], pre| newest_version(&tags(all), pre).map(|(_, tag)| tag.to_owned());
        assert_eq!(newest(&["latest", "0.9.0", "0.10.0", "v0.2.0", "1.0"], false).as_deref(), Some("0.10.0"));
        assert_eq!(newest(&["1.0.0", "1.1.0-rc.1"], false).as_deref(), Some("1.0.0"));
        assert_eq!(newest(&["1.0.0", "1.1.0-rc.1"], true).as_deref(), Some("1.1.0-rc.1"));
        assert_eq!(newest(&["1.1.0-rc.1", "stable"], false).as_deref(), Some("1.1.0-rc.1"));
        assert_eq!(newest(&["1.0.0_build.1", "0.9.0"], false).as_deref(), Some("1.0.0_build.1"));
        assert_eq!(newest(&["latest", "main"], false), None);
    }

    #[test]
    fn a_next_page_is_the_same_servers() {
        let url = "https://r.example/v2/a/tags/list?n=2";
        let next = |link| following(url, link);
        let page = Some("https://r.example/v2/a/tags/list?n=2&last=b".to_owned());
        assert_eq!(next("</v2/a/tags/list?n=2&last=b>; rel=\"next\""), page);
        assert_eq!(next("<https://r.example/v2/a/tags/list?n=2&last=b>; rel=next"), page);
        assert_eq!(next("<https://evil.example/v2/a/tags/list>; rel=\"next\""), None);
        assert_eq!(next("</v2/a/tags/list?n=2>; rel=\"next\""), None, "no page is its own next");
        assert_eq!(next("</x>; rel=\"prev\""), None);
    }
}
