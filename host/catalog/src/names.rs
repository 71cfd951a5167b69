//! The nearest names to one that is not there, so that an agent can correct itself in one turn.

/// More would be noise in an error text.
pub(crate) const MAX_NEAR: usize = 3;
/// Jaro-Winkler similarity below which a name is no suggestion.
const MIN_SIMILARITY: f64 = 0.75;

/// At most three names that are near `wanted`, best first.
pub(crate) fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
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
    use super::near;

    #[test]
    fn typos_and_parts_find_their_name() {
        let names = ["dataset_load", "dataset_save", "vector_search", "search_query"];
        assert_eq!(near("dataset_laod", names.into_iter()).first().map(String::as_str), Some("dataset_load"));
        assert_eq!(near("query", names.into_iter()), ["search_query"]);
        assert!(near("zzz", names.into_iter()).is_empty());
    }
}
