//! The version that the program prints: of a release build in a repository with the commit that it is built from.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Digits of a commit: no two of a repository share them by chance.
const DIGITS: &str = "--short=12";

/// The version, and the files whose change makes another one of it. No commit in an archive, without git, and in builds for
/// developers: each commit would build this crate again.
pub(crate) fn version(package: &str, root: &Path, profile: &str) -> (String, Vec<PathBuf>) {
    if profile == "debug" || !root.join(".git").exists() {
        return (package.to_owned(), Vec::new());
    }
    let paths = ["HEAD", "logs/HEAD"].into_iter().filter_map(|file| git(root, &["rev-parse", "--git-path", file]));
    let paths = paths.map(|path| root.join(path)).collect();
    let commit = git(root, &["rev-parse", DIGITS, "HEAD"]);
    (commit.map_or_else(|| package.to_owned(), |commit| format!("{package} ({commit})")), paths)
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_build_in_a_repository_names_its_commit() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        assert_eq!(version("1.2.3", root, "release").0, "1.2.3", "an archive");
        let run = |arguments: &[&str]| git(root, arguments);
        run(&["init", "-q"]);
        assert_eq!(version("1.2.3", root, "release").0, "1.2.3", "no commit yet");
        let author = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        run(&[&author[..], &["commit", "-q", "--allow-empty", "-m", "first"]].concat());
        let commit = run(&["rev-parse", "HEAD"]).unwrap();
        let (text, files) = version("1.2.3", root, "release");
        assert_eq!(text, format!("1.2.3 ({})", &commit[..12]));
        assert!(files.iter().any(|file| file.ends_with("logs/HEAD") && file.exists()), "{files:?}");
        assert_eq!(version("1.2.3", root, "debug").0, "1.2.3", "for developers");
    }
}
