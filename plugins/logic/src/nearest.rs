//! The name that somebody meant.

/// The known name that is most like the one that was given, if one is like it.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    /// Below it names are not alike.
    const SIMILAR: f64 = 0.75;
    /// Comparing takes time in the product of lengths: characters, and names.
    const MAX_COMPARED: (usize, usize) = (64, 1000);
    let asked: String = name.chars().take(MAX_COMPARED.0).collect();
    let near = names.filter(|other| other.len() <= MAX_COMPARED.0).take(MAX_COMPARED.1);
    let near = near.map(|other| (strsim::jaro_winkler(&asked, other), other));
    near.filter(|(score, _)| *score >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}
