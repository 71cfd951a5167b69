//! Writing beside a file and renaming.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::NamedTempFile;

/// What temporary files end in. They begin with a dot and the target's name.
const ENDING: &str = ".tandem-tmp";

/// How old a temporary file is when nobody writes it any more: a package of the largest size is on the slowest disk in minutes.
pub const ABANDONED: Duration = Duration::from_secs(3_600);

/// Writes a file whole: under another name in the same directory first, then on disk, then in its place. `mode` is that of
/// the new file, less the process's umask. The directory must be there.
///
/// # Errors
/// It could not be written; then the old content is as it was, and nothing is left of the new one.
pub fn atomic_write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    Staged::new(path, bytes, mode)?.put()
}

/// A file that is on disk and not yet in its place. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Staged {
    temporary: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Does all of [`atomic_write`] that is likely to fail.
    ///
    /// # Errors
    /// It could not be written.
    pub fn new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let mut temporary = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(ENDING)
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(directory(path))?;
        temporary.write_all(bytes)?;
        temporary.as_file().sync_all()?;
        Ok(Self { temporary, path: path.to_owned() })
    }

    /// Puts it in its place, whatever is there.
    ///
    /// # Errors
    /// It could not be renamed. What was there still is.
    pub fn put(self) -> io::Result<()> {
        let Self { temporary, path } = self;
        temporary.persist(&path)?;
        sync(&path);
        Ok(())
    }

    /// Puts it in its place if nothing is there.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or it could not be linked.
    pub fn put_new(self) -> io::Result<()> {
        let Self { temporary, path } = self;
        temporary.persist_noclobber(&path)?;
        sync(&path);
        Ok(())
    }
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The rename is on disk too. A file system that cannot do that has done what it can: the content itself is on disk.
fn sync(path: &Path) {
    let _best_effort = File::open(directory(path)).and_then(|directory| directory.sync_all());
}

/// Takes away what writers that were killed left in a directory; what a living one is writing is younger than
/// [`ABANDONED`]. A directory that cannot be read is left alone.
pub fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let bytes = name.as_encoded_bytes();
        let ours = bytes.starts_with(b".") && bytes.ends_with(ENDING.as_bytes());
        // Not of the link's target: only what was written here.
        if ours && entry.metadata().is_ok_and(|metadata| metadata.is_file() && is_abandoned(&metadata)) {
            let _gone_already = fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(metadata: &fs::Metadata) -> bool {
    metadata.modified().is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > ABANDONED))
}
