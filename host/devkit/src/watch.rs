//! Sees that a project's sources change.
//!
//! The system's word only wakes; what counts is what the directory holds then, once it has come to rest. What builds leave
//! behind is no source. **Bounds:** [`MAX_FILES`] files, [`MAX_DEPTH`] directories deep; links are not followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use tandem_runtime::reload::settle::{Fingerprint, Settling};

/// Directories that are made, not written. Hidden ones are left out too.
const MADE: [&str; 6] = ["build", "dist", "node_modules", "target", "venv", "__pycache__"];
/// The project's directory of cases, which no component is made of.
const CASES: &str = "tests";
/// The end of a plugin's name: `tandem plugin pack` writes it into the project's directory.
const PACKED: &str = ".wasm";
/// Files that a build writes into a project.
const WRITTEN: [&str; 2] = ["Cargo.lock", "package-lock.json"];
/// More than a plugin's sources have. Stops a look at a home directory from taking minutes.
const MAX_FILES: usize = 10_000;
/// As deep as sources lie. Stops a tree that never ends.
const MAX_DEPTH: usize = 16;
/// How long a source must not have changed. Editors write one within that; of one that is written for longer, a part is
/// built, and the whole after it.
const REST: Duration = Duration::from_millis(60);
/// How often it is looked without a word: some file systems tell nothing.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// What is known of the sources.
pub(super) struct Sources {
    root: PathBuf,
    settling: Settling,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    woken: mpsc::Receiver<()>,
}

#[derive(Default)]
struct SourceTree {
    files: BTreeMap<String, Fingerprint>,
    directories: BTreeSet<PathBuf>,
}

impl Sources {
    /// Takes the sources as they are now for known.
    pub(super) fn new(root: &Path) -> Self {
        let (wake, woken) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Looking at a directory is an event too.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                let _waking_already = wake.try_send(());
            }
        });
        let watcher = watcher
            .inspect_err(|error| tracing::warn!(%error, "watch: no file notifications, polling every few seconds"))
            .ok();
        let mut sources = Self {
            root: root.to_owned(),
            settling: Settling::knowing(BTreeMap::new(), REST),
            watcher,
            watched: BTreeSet::new(),
            woken,
        };
        let known = sources.scan();
        sources.settling = Settling::knowing(known, REST);
        sources
    }

    /// Waits until sources have changed and come to rest; answers which.
    pub(super) async fn changed(&mut self) -> Vec<String> {
        loop {
            let files = self.scan();
            let settled = self.settling.look(Instant::now(), &files);
            let changed: Vec<_> = settled.changed.into_iter().chain(settled.removed).collect();
            if !changed.is_empty() {
                return changed;
            }
            let wait = if settled.more { REST / 2 } else { HEARTBEAT };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                Some(()) = self.woken.recv(), if !settled.more => {}
            }
        }
    }

    fn scan(&mut self) -> BTreeMap<String, Fingerprint> {
        let mut found = SourceTree::default();
        if walk(&self.root, &self.root, MAX_DEPTH, &mut found).is_err() {
            tracing::warn!("watch: more than {MAX_FILES} files, changes of the others are not seen");
        }
        if let Some(watcher) = &mut self.watcher {
            for directory in found.directories.difference(&self.watched) {
                // One that is gone already is not there at the next look.
                let _gone = watcher.watch(directory, RecursiveMode::NonRecursive);
            }
        }
        self.watched = found.directories;
        found.files
    }
}

/// Answers an error when there are too many.
fn walk(root: &Path, directory: &Path, depth: usize, found: &mut SourceTree) -> Result<(), ()> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    found.directories.insert(directory.to_owned());
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
        let on_top = depth == MAX_DEPTH && (name == CASES || name.ends_with(PACKED));
        if name.starts_with('.') || name.ends_with('~') || on_top {
            continue;
        }
        if metadata.is_dir() && depth > 0 && !MADE.contains(&&*name) {
            walk(root, &path, depth - 1, found)?;
        } else if metadata.is_file() && !WRITTEN.contains(&&*name) {
            if found.files.len() >= MAX_FILES {
                return Err(());
            }
            let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            found.files.insert(shown, Fingerprint::of(&metadata));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_counts_and_what_is_built_or_tests_it_does_not() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "1");
        let mut sources = Sources::new(home.path());
        for built in [
            "target/a",
            "build/plugin.wasm",
            ".venv/b",
            "node_modules/c",
            "Cargo.lock",
            "src/lib.rs~",
            "tests/tools.toml",
            "words.wasm",
        ] {
            write(built, "built");
        }
        let quiet = tokio::time::timeout(REST * 10, sources.changed()).await;
        assert!(quiet.is_err(), "{quiet:?}");
        write("src/lib.rs", "22");
        assert_eq!(sources.changed().await, ["src/lib.rs"]);
        for deep in ["src/tests/deep.rs", "src/table.wasm"] {
            write(deep, "1");
            assert_eq!(sources.changed().await, [deep]);
        }
        fs::remove_file(home.path().join("src/lib.rs")).unwrap();
        assert_eq!(sources.changed().await, ["src/lib.rs"]);
    }
}
