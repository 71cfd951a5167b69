//! The versions of the contract with guests.

/// The WIT packages that guests may be built for.
pub const WIT_PACKAGES: [&str; 3] = ["tandem:host@0.1.0", "tandem:p2p@0.1.0", "tandem:plugin@0.1.0"];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    fn packages(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                packages(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "wit") {
                let text = std::fs::read_to_string(path).unwrap();
                let named = text.lines().filter_map(|line| line.strip_prefix("package ")?.strip_suffix(';'));
                found.extend(named.map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_package_of_ours_is_named() {
        let mut found = BTreeSet::new();
        packages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit"), &mut found);
        found.retain(|package| package.starts_with("tandem:"));
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), WIT_PACKAGES);
    }
}
