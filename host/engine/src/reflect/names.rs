//! Tools' names of exported functions.
//!
//! A function's own name, as WIT has it, where no other exported function has the same; else with its interface before
//! it, then the package, then the namespace: `count`, `words_count`, `text_words_count`, `acme_text_words_count`. `_`
//! stands in no WIT name, so the parts stay apart.

use std::collections::HashMap;

/// Parts before a function's own name, nearest first, at most: interface, package, namespace.
const MAX_LEVEL: usize = 3;

/// The exported name of an interface: `ns:package/interface@version`, or an `interface` that a world defines inside.
fn qualifiers(interface: &str) -> Vec<&str> {
    let (package, own) = interface.rsplit_once('/').unwrap_or(("", interface));
    let own = own.split('@').next().unwrap_or(own);
    let (namespace, package) = package.split_once(':').unwrap_or(("", package));
    [own, package, namespace].into_iter().filter(|part| !part.is_empty()).collect()
}

fn name(interface: Option<&str>, function: &str, level: usize) -> String {
    let parts = interface.map(qualifiers).unwrap_or_default();
    let mut name = function.to_owned();
    for part in parts.into_iter().take(level) {
        name = format!("{part}_{name}");
    }
    name
}

/// The names of functions, each given with its interface. Where nothing tells two apart, both have the same.
pub(crate) fn assign(functions: &[(Option<&str>, &str)]) -> Vec<String> {
    let mut levels = vec![0; functions.len()];
    loop {
        let names: Vec<String> =
            functions.iter().zip(&levels).map(|((interface, own), level)| name(*interface, own, *level)).collect();
        let mut count: HashMap<&str, usize> = HashMap::new();
        for name in &names {
            *count.entry(name).or_default() += 1;
        }
        let mut changed = false;
        for (level, name) in levels.iter_mut().zip(&names) {
            if *level < MAX_LEVEL && count.get(name.as_str()).is_some_and(|count| *count > 1) {
                *level += 1;
                changed = true;
            }
        }
        if !changed {
            return names;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_stands_before_a_name() {
        let functions = [
            (None, "count"),
            (Some("acme:text/words@1.0.0"), "count"),
            (Some("acme:text/words@1.0.0"), "weigh"),
            (Some("acme:text/lines@1.0.0"), "split"),
            (Some("other:text/lines@1.0.0"), "split"),
            (Some("inside"), "count"),
        ];
        let names =
            ["count", "words_count", "weigh", "acme_text_lines_split", "other_text_lines_split", "inside_count"];
        assert_eq!(assign(&functions), names);
    }

    #[test]
    fn what_only_the_version_tells_apart_has_the_same_name() {
        let names = assign(&[(Some("a:b/c@1.0.0"), "f"), (Some("a:b/c@2.0.0"), "f")]);
        assert_eq!(names, ["a_b_c_f", "a_b_c_f"]);
    }
}
