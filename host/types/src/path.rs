//! Paths as texts.

/// A path below a directory, which is absolute, without `.` and `..`. Taken by its text: what a link on the way leads to does not
/// count, so that the path means what it says, and messages show it so.
#[must_use]
pub fn below(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn paths_have_no_detours() {
        for (directory, path, whole) in [
            ("/srv/examples", "../data", "/srv/data"),
            ("/srv/examples/", "./a//b/", "/srv/examples/a/b"),
            ("/srv/a/../b", "c", "/srv/b/c"),
            ("/", "../../x", "/x"),
            ("/srv", ".", "/srv"),
            ("/srv", "..", "/"),
        ] {
            assert_eq!(below(directory, path), whole, "{directory} {path}");
        }
    }
}
