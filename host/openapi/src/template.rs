//! Path templates.

use tandem_operations::{Location, Parameter};

/// A template that requests can be made of: with what is not allowed in a URL encoded.
///
/// # Errors
/// One whose structure is not that of a path, or with a parameter that is not declared.
pub(crate) fn checked(path: &str, parameters: &[&Parameter]) -> Result<String, String> {
    if !path.starts_with('/') || path.len() > 1_024 {
        return Err("the path does not begin with `/`, or is longer than 1,024 bytes".to_owned());
    }
    let mut out = String::new();
    let mut rest = path;
    loop {
        let (literal, parameter) = match rest.split_once('{') {
            None => (rest, None),
            Some((before, after)) => match after.split_once('}') {
                Some((name, after)) => (before, Some((name, after))),
                None => return Err("the path has `{` without `}`".to_owned()),
            },
        };
        for c in literal.chars() {
            match c {
                '?' | '#' | '%' | '\\' | '}' => return Err(format!("the path has `{c}`")),
                c if c.is_ascii_alphanumeric() || "/-._~!$&'()*+,;=:@".contains(c) => out.push(c),
                c if c.is_control() => return Err("the path has a control character".to_owned()),
                c => c.to_string().bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}"))),
            }
        }
        let Some((name, after)) = parameter else { break };
        let declared = |parameter: &&&Parameter| parameter.location == Location::Path && parameter.name == name;
        if !parameters.iter().any(|parameter| declared(&parameter)) {
            return Err(format!("the path has `{{{}}}`, which is not a parameter", tandem_types::text::shown(name)));
        }
        out.push_str(&format!("{{{name}}}"));
        rest = after;
    }
    let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    if out.split('/').any(dots) || out.contains("//") {
        return Err("the path has an empty segment, `.` or `..`".to_owned());
    }
    Ok(out)
}

/// The part of a template before its first parameter, up to a slash: what a rule of the manifest can say of it.
pub(crate) fn fixed(path: &str) -> &str {
    let until = path.find(['{', '%', ';']).map_or(path, |at| path.get(..at).unwrap_or_default());
    if until.len() == path.len() { path } else { until.rfind('/').and_then(|at| path.get(..=at)).unwrap_or("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rule_can_say_of_a_path_ends_before_its_parameters() {
        for (path, prefix) in [
            ("/pets", "/pets"),
            ("/pets/{id}", "/pets/"),
            ("/pets/x{id}", "/pets/"),
            ("/{id}/pets", "/"),
            ("/a;b/c", "/"),
        ] {
            assert_eq!(fixed(path), prefix);
        }
    }

    #[test]
    fn a_path_with_another_structure_is_refused() {
        assert_eq!(checked("/a b/ü", &[]).unwrap(), "/a%20b/%C3%BC");
        for wrong in ["a", "/a/../b", "/a//b", "/a?x=1", "/a#b", "/a%2fb", "/{x}", "/{x", "/a}", "/./a", "/..;/a"] {
            assert!(checked(wrong, &[]).is_err(), "{wrong}");
        }
    }
}
