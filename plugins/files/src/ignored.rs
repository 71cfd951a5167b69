//! `.gitignore` files, as git reads them: those of a directory and of all above it, the nearest rule first.

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

use crate::{
    limits::{MAX_IGNORE_BYTES, MAX_IGNORE_RULES},
    path::Place,
    storage::Kind,
};

const NAME: &str = ".gitignore";

/// The rules of one directory; none where it has no `.gitignore`. What cannot be read as a rule is none, as for git.
pub(crate) fn rules(directory: &Place<'_>) -> Option<Gitignore> {
    let file = directory.join(NAME);
    file.look(false).ok().flatten().filter(|stat| stat.kind == Kind::File)?;
    let bytes = file.open().ok()?.read_up_to(&file.path, MAX_IGNORE_BYTES).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(&directory.path);
    for line in text.lines().take(MAX_IGNORE_RULES) {
        // A rule that is wrong is left out, the others hold.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

/// The rules of the directories above this one, the outermost first.
pub(crate) fn above(directory: &Place<'_>) -> Vec<Gitignore> {
    let mut all: Vec<_> =
        std::iter::successors(directory.parent(), Place::parent).filter_map(|above| rules(&above)).collect();
    all.reverse();
    all
}

/// What these rules say of an entry; none where they say nothing.
pub(crate) fn says(rules: &Gitignore, path: &str, kind: Kind) -> Option<bool> {
    match rules.matched(path, kind == Kind::Directory) {
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
        Match::None => None,
    }
}
