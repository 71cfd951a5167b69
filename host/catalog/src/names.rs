//! The nearest names to one that is not there, so that an agent can correct itself in one turn.

use std::borrow::Cow;

use tandem_types::MAX_NAME;

/// More would be noise in an error text.
pub(crate) const MAX_NEAR: usize = 3;
/// Jaro-Winkler similarity below which a name is no suggestion.
const MIN_SIMILARITY: f64 = 0.75;

/// Whether a text is longer than names are.
pub(crate) fn is_too_long(name: &str) -> bool {
    name.len() > MAX_NAME
}

/// A name that is not there, as messages, logs and records repeat it: cut where it is longer than names are.
#[must_use]
pub fn shown_name(name: &str) -> Cow<'_, str> {
    shown(name, MAX_NAME)
}

/// A text of a request as messages repeat it, cut at so many bytes.
#[must_use]
pub fn shown(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", text.get(..text.floor_char_boundary(longest)).unwrap_or_default()))
}

/// At most three names that are near `wanted`, best first.
///
/// What is longer than any name is near none: comparing takes as long as the text times the names, and texts of requests have
/// megabytes.
pub fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    if is_too_long(wanted) {
        return Vec::new();
    }
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<_> = names
        .map(|name| {
            let lower = name.to_lowercase();
            let contained = lower.contains(&wanted) || wanted.contains(&lower);
            (strsim::jaro_winkler(&wanted, &lower).max(if contained { 0.9 } else { 0.0 }), name)
        })
        .filter(|(score, _)| *score >= MIN_SIMILARITY)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(MAX_NEAR).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME, near, shown_name};

    #[test]
    fn typos_and_parts_find_their_name() {
        let names = ["dataset_load", "dataset_save", "vector_search", "search_query"];
        assert_eq!(near("dataset_laod", names.into_iter()).first().map(String::as_str), Some("dataset_load"));
        assert_eq!(near("query", names.into_iter()), ["search_query"]);
        assert!(near("zzz", names.into_iter()).is_empty());
    }

    #[test]
    fn what_is_longer_than_a_name_is_near_none_and_is_cut() {
        let long = "dataset_load".repeat(100_000);
        assert!(near(&long, ["dataset_load"].into_iter()).is_empty());
        assert!(shown_name(&long).len() < MAX_NAME + 4);
        assert_eq!(shown_name(&"é".repeat(40)).chars().filter(|c| *c == 'é').count(), 32);
        assert_eq!(shown_name("dataset_load"), "dataset_load");
    }
}
