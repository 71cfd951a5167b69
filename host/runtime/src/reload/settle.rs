//! Which files of a directory have changed and come to rest.
//!
//! A file is looked at only when its size, its time and its inode have stayed the same for a while, as [`REST`]: one that is being
//! written changes, and one that was renamed into its place does not. A file that is gone has to stay away for as long.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

/// How long a plugin file must not have changed. A copy that pauses for longer is looked at in part, and refused; it is looked
/// at again when it goes on.
pub const REST: Duration = Duration::from_millis(200);

/// By which a change is seen without reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    size: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Fingerprint {
    /// Of a file that was seen once, nobody knows how: another one than that of any file.
    pub(super) const SEEN: Self = Self { size: u64::MAX, modified: None, inode: 0 };

    /// Of a file as it is now.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        Self { size: metadata.len(), modified: metadata.modified().ok(), inode: metadata.ino() }
    }
}

/// The plugin files of a directory.
pub(super) fn scan(directory: &Path) -> io::Result<BTreeMap<String, Fingerprint>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let plugin = path.extension().is_some_and(|extension| extension == "wasm");
        let Some(name) = path.file_name().filter(|_| plugin) else { continue };
        // A link to nothing is looked at itself. What is gone between listing and looking is not there.
        let Ok(metadata) = std::fs::metadata(&path).or_else(|_| std::fs::symlink_metadata(&path)) else { continue };
        files.insert(name.to_string_lossy().into_owned(), Fingerprint::of(&metadata));
    }
    Ok(files)
}

/// What has come to rest.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settled {
    pub changed: Vec<String>,
    pub removed: Vec<String>,
    /// Others have not come to rest yet.
    pub more: bool,
}

/// Remembers what was seen. Bounded by the files that there are, and were at the last look.
#[derive(Debug)]
pub struct Settling {
    rest: Duration,
    known: BTreeMap<String, Fingerprint>,
    moving: BTreeMap<String, (Option<Fingerprint>, Instant)>,
}

impl Settling {
    /// With files that are known as they are, and the time for which one must not have changed.
    pub fn knowing(known: BTreeMap<String, Fingerprint>, rest: Duration) -> Self {
        Self { rest, known, moving: BTreeMap::new() }
    }

    pub fn look(&mut self, now: Instant, files: &BTreeMap<String, Fingerprint>) -> Settled {
        let mut settled = Settled::default();
        let names: BTreeSet<String> = files.keys().chain(self.known.keys()).cloned().collect();
        self.moving.retain(|name, _| names.contains(name));
        for name in names {
            let fingerprint = files.get(&name);
            if fingerprint == self.known.get(&name) {
                self.moving.remove(&name);
                continue;
            }
            match self.moving.get(&name) {
                Some((seen, since)) if seen.as_ref() == fingerprint && now.duration_since(*since) >= self.rest => {
                    self.moving.remove(&name);
                    match fingerprint {
                        Some(fingerprint) => {
                            self.known.insert(name.clone(), fingerprint.clone());
                            settled.changed.push(name);
                        }
                        None => {
                            self.known.remove(&name);
                            settled.removed.push(name);
                        }
                    }
                }
                Some((seen, _)) if seen.as_ref() == fingerprint => settled.more = true,
                _ => {
                    self.moving.insert(name, (fingerprint.cloned(), now));
                    settled.more = true;
                }
            }
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, u64)]) -> BTreeMap<String, Fingerprint> {
        let fingerprint = |size| Fingerprint { size, modified: None, inode: 1 };
        all.iter().map(|(name, size)| ((*name).to_owned(), fingerprint(*size))).collect()
    }

    #[test]
    fn a_file_that_grows_is_left_alone_until_it_rests() {
        let (mut settling, start) = (Settling::knowing(BTreeMap::new(), REST), Instant::now());
        for step in 0..20 {
            let settled = settling.look(start + REST / 2 * step, &files(&[("a.wasm", step.into())]));
            assert_eq!(settled, Settled { more: true, ..Settled::default() });
        }
        let settled = settling.look(start + REST * 20, &files(&[("a.wasm", 19)]));
        assert_eq!(settled.changed, ["a.wasm"]);
        assert_eq!(settling.look(start + REST * 30, &files(&[("a.wasm", 19)])), Settled::default(), "once");
    }

    #[test]
    fn a_file_that_went_before_the_first_look_is_removed_and_one_that_is_there_is_looked_at() {
        let known = ["a.wasm", "b.wasm"].map(|file| (file.to_owned(), Fingerprint::SEEN)).into();
        let (mut settling, start) = (Settling::knowing(known, REST), Instant::now());
        settling.look(start, &files(&[("b.wasm", 1)]));
        let settled = settling.look(start + REST, &files(&[("b.wasm", 1)]));
        assert_eq!((settled.changed, settled.removed), (vec!["b.wasm".to_owned()], vec!["a.wasm".to_owned()]));
    }

    #[test]
    fn a_file_that_is_replaced_with_a_gap_is_not_removed() {
        let (mut settling, start) = (Settling::knowing(BTreeMap::new(), REST), Instant::now());
        settling.look(start, &files(&[("a.wasm", 1)]));
        settling.look(start + REST, &files(&[("a.wasm", 1)]));
        let gap = settling.look(start + REST * 2, &files(&[]));
        assert!(gap.removed.is_empty() && gap.more);
        settling.look(start + REST * 2 + REST / 2, &files(&[("a.wasm", 2)]));
        let settled = settling.look(start + REST * 4, &files(&[("a.wasm", 2)]));
        assert_eq!((settled.changed.len(), settled.removed.len()), (1, 0));
        settling.look(start + REST * 5, &files(&[]));
        assert_eq!(settling.look(start + REST * 6, &files(&[])).removed, ["a.wasm"]);
    }
}
