//! The nearest of some names.

/// A name is near from this Jaro-Winkler similarity on.
const NEAR: f64 = 0.75;
/// Names that a message tells where none is near.
const MAX_SHOWN: usize = 10;

/// `; the nearest is …`, or which names there are.
pub(crate) fn hint(what: &str, wanted: &str, names: &[String]) -> String {
    let wanted = wanted.to_lowercase();
    let nearest = names
        .iter()
        .map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &wanted), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score > NEAR);
    if let Some((_, name)) = nearest {
        return format!("; the nearest is `{name}`");
    }
    let shown = names.iter().take(MAX_SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => format!("; there are no {what}"),
        all if all > MAX_SHOWN => format!("; {what}: {shown} and {} more", all - MAX_SHOWN),
        _ => format!("; {what}: {shown}"),
    }
}
