//! The files of the results, by tenant, and what makes room for the next.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tandem_types::{ContentId, is_kebab_case};

use super::{AboutResult, KeptResult, ResultError};
use crate::store::Store;

/// Writers at a time: tenants share them by their names. One that writes much holds up few others.
const WRITERS: usize = 16;

/// What is kept of the results of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultBounds {
    /// How long one is kept.
    pub keep: Duration,
    /// Bytes of all.
    pub bytes: u64,
    /// How many.
    pub count: usize,
}

/// The results that are kept, in files of a directory.
#[derive(Debug)]
pub struct ResultStore {
    directory: PathBuf,
    bounds: ResultBounds,
    /// Asked for the disk's reserve.
    store: Store,
    /// Who makes room and writes holds the tenant's.
    writers: [Mutex<()>; WRITERS],
}

/// A file among a tenant's.
struct Entry {
    path: PathBuf,
    bytes: u64,
    written: SystemTime,
}

impl ResultStore {
    /// Results below `directory`, which is made when the first one comes.
    #[must_use]
    pub fn new(directory: PathBuf, bounds: ResultBounds, store: Store) -> Self {
        Self { directory, bounds, store, writers: Default::default() }
    }

    /// What is kept of one tenant.
    #[must_use]
    pub fn bounds(&self) -> ResultBounds {
        self.bounds
    }

    /// Keeps a result under the content id of its bytes. The tenant's oldest go where it needs their room; the same bytes
    /// again are kept from now on.
    ///
    /// # Errors
    /// It is not kept: too large, no room on the disk, or the file cannot be written.
    pub fn put(&self, tenant: &str, content: &[u8], about: AboutResult) -> Result<KeptResult, ResultError> {
        let mut file = serde_json::to_vec(&about).map_err(io::Error::from)?;
        file.push(b'\n');
        file.extend_from_slice(content);
        let bytes = file.len() as u64;
        if bytes > self.bounds.bytes {
            return Err(ResultError::TooLarge { bytes, most: self.bounds.bytes });
        }
        self.store.room_for_new(file.len())?;
        let id = ContentId::of_bytes(content);
        let directory = self.of_tenant(tenant);
        let path = directory.join(id.to_string());
        let _writes = self.writer(tenant).map(|writer| writer.lock().unwrap_or_else(PoisonError::into_inner));
        fs::create_dir_all(&directory)?;
        self.make_room(&directory, &path, bytes);
        tandem_files::atomic_write(&path, &file, 0o600)?;
        self.get(tenant, id)
    }

    /// A result of this tenant.
    ///
    /// # Errors
    /// It has none with this id, or has it no more.
    pub fn get(&self, tenant: &str, id: ContentId) -> Result<KeptResult, ResultError> {
        let unknown = || ResultError::NotFound(id.to_string());
        let path = self.of_tenant(tenant).join(id.to_string());
        let file = match fs::File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
            opened => opened?,
        };
        let expires = file.metadata()?.modified()? + self.bounds.keep;
        if expires <= SystemTime::now() {
            return Err(unknown());
        }
        KeptResult::read(id, file, expires)
    }

    /// Takes every result that is over its time from the disk, and what writers left that were killed.
    pub fn sweep(&self) {
        let Ok(tenants) = fs::read_dir(&self.directory) else { return };
        for tenant in tenants.flatten() {
            tandem_files::sweep(&tenant.path());
            for entry in entries(&tenant.path()).filter(|entry| self.is_over(entry)) {
                let _gone_already = fs::remove_file(entry.path);
            }
        }
    }

    /// Removes what is over its time, and the oldest until a new file of so many bytes fits.
    fn make_room(&self, directory: &Path, new: &Path, bytes: u64) {
        let mut kept: Vec<Entry> = entries(directory).filter(|entry| entry.path != new).collect();
        kept.sort_by_key(|entry| entry.written);
        let mut sum: u64 = kept.iter().map(|entry| entry.bytes).sum();
        let mut count = kept.len();
        for entry in kept {
            let fits = sum.saturating_add(bytes) <= self.bounds.bytes && count < self.bounds.count;
            if fits && !self.is_over(&entry) {
                break;
            }
            let _gone_already = fs::remove_file(&entry.path);
            sum = sum.saturating_sub(entry.bytes);
            count -= 1;
        }
    }

    fn is_over(&self, entry: &Entry) -> bool {
        // A clock that was set back makes it live on; it is evicted by its quota then.
        entry.written.elapsed().is_ok_and(|age| age >= self.bounds.keep)
    }

    /// The directory of a tenant. Names of tenants are kebab-case, and another text gets a name that is not.
    fn of_tenant(&self, tenant: &str) -> PathBuf {
        match is_kebab_case(tenant) {
            true => self.directory.join(tenant),
            false => self.directory.join(format!("_{}", ContentId::of_bytes(tenant.as_bytes()))),
        }
    }

    fn writer(&self, tenant: &str) -> Option<&Mutex<()>> {
        let [first, ..] = *ContentId::of_bytes(tenant.as_bytes()).digest();
        self.writers.get(usize::from(first) % WRITERS)
    }
}

/// The results in a directory, and nothing else that may be there.
fn entries(directory: &Path) -> impl Iterator<Item = Entry> {
    let found = fs::read_dir(directory).into_iter().flatten().flatten();
    found.filter_map(|found| {
        found.file_name().to_str()?.parse::<ContentId>().ok()?;
        let metadata = found.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(Entry { path: found.path(), bytes: metadata.len(), written: metadata.modified().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> AboutResult {
        AboutResult { media_type: "text/plain".to_owned(), category: "c".to_owned(), tool: "t".to_owned() }
    }

    fn results(directory: &Path, bounds: ResultBounds) -> ResultStore {
        let store = Store::open(&directory.join("tandem.db")).unwrap();
        ResultStore::new(directory.join("results"), bounds, store)
    }

    const BOUNDS: ResultBounds = ResultBounds { keep: Duration::from_secs(60), bytes: 10_000, count: 3 };

    fn age(results: &ResultStore, tenant: &str, id: ContentId, by: Duration) {
        let file = fs::File::options().append(true).open(results.of_tenant(tenant).join(id.to_string())).unwrap();
        file.set_modified(SystemTime::now() - by).unwrap();
    }

    #[test]
    fn what_is_kept_is_found_by_its_tenant_alone() {
        let directory = tempfile::tempdir().unwrap();
        let results = results(directory.path(), BOUNDS);
        let kept = results.put("a", b"hello\nworld", about()).unwrap();
        assert_eq!((kept.id, kept.bytes), (ContentId::of_bytes(b"hello\nworld"), 11));
        let found = results.get("a", kept.id).unwrap();
        assert_eq!((found.content().unwrap(), found.about), (b"hello\nworld".to_vec(), about()));
        assert_eq!(results.get("a", kept.id).unwrap().range(6, 100).unwrap(), b"world");
        assert_eq!(results.get("a", kept.id).unwrap().range(60, 1).unwrap(), b"");
        for other in ["b", "", "..", "../results/a", "A", "a/../a"] {
            let error = results.get(other, kept.id).unwrap_err();
            assert!(matches!(&error, ResultError::NotFound(id) if *id == kept.id.to_string()), "{other}: {error}");
        }
    }

    #[test]
    fn what_is_over_its_time_is_not_found_and_goes_from_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let results = results(directory.path(), BOUNDS);
        let (old, new) = (results.put("a", b"old", about()).unwrap().id, results.put("a", b"new", about()).unwrap().id);
        age(&results, "a", old, Duration::from_secs(61));
        assert!(matches!(results.get("a", old), Err(ResultError::NotFound(_))));
        results.sweep();
        assert_eq!(entries(&results.of_tenant("a")).count(), 1);
        assert!(results.get("a", new).is_ok());
        let again = results.put("a", b"old", about()).unwrap();
        assert!(again.expires > SystemTime::now() + Duration::from_secs(50));
    }

    #[test]
    fn the_oldest_make_room_for_the_next_of_their_tenant() {
        let directory = tempfile::tempdir().unwrap();
        let results = results(directory.path(), BOUNDS);
        let other = results.put("b", &[0; 9_000], about()).unwrap().id;
        let ids: Vec<_> = (1..=4_u8)
            .map(|n| {
                let id = results.put("a", &[n; 100], about()).unwrap().id;
                age(&results, "a", id, Duration::from_secs(u64::from(20 - n)));
                id
            })
            .collect();
        let there = |id: &ContentId| results.get("a", *id).is_ok();
        assert_eq!(ids.iter().map(there).collect::<Vec<_>>(), [false, true, true, true], "three are kept");
        results.put("a", &[9; 9_700], about()).unwrap();
        assert_eq!(ids.iter().map(there).collect::<Vec<_>>(), [false, false, false, true], "10,000 bytes are kept");
        assert!(results.get("b", other).is_ok(), "another tenant's are not touched");
        assert!(matches!(results.put("a", &[0; 10_000], about()), Err(ResultError::TooLarge { .. })));
        assert!(there(&ids[3]), "what cannot be kept takes no room");
    }
}
