//! The files and folders that are packed.

use std::{collections::HashSet, fs, time::SystemTime};

use tandem_granted_folders::{self as folders, Folders, Location, NewFile};

use crate::{
    check::tidy,
    fault::{Fault, Result},
    limits::{MAX_ENTRIES, MAX_NAMES_BYTES, MAX_SOURCES},
    meter::Meter,
    pattern::Patterns,
};

/// A file or folder that is packed.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its name in the archive.
    pub(crate) name: String,
    pub(crate) location: Location,
    pub(crate) folder: bool,
    pub(crate) bytes: u64,
    pub(crate) modified: Option<SystemTime>,
}

/// What was gathered.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Folders come before what is in them; names are in order.
    pub(crate) found: Vec<Found>,
    /// Links and devices, which are left out.
    pub(crate) left_out: Vec<String>,
    name_bytes: usize,
}

pub(crate) struct Gatherer<'a> {
    pub(crate) exclude: &'a mut Patterns,
    /// The new archive, which may be in a folder that is packed.
    pub(crate) target: &'a NewFile,
    pub(crate) meter: &'a Meter<'a>,
}

impl Gatherer<'_> {
    /// All that is at and below `sources`.
    pub(crate) fn gather(&mut self, sources: &[String]) -> Result<Gathered> {
        if sources.is_empty() || sources.len() > MAX_SOURCES {
            return Err(Fault::Argument(format!("`sources` has 1 to {MAX_SOURCES} paths, as `data/docs`")));
        }
        let folders = Folders::granted();
        let mut names = HashSet::new();
        let mut gathered = Gathered::default();
        for source in sources {
            let location = folders.locate("sources", source)?;
            let found = fs::symlink_metadata(&location.at);
            let found = found.map_err(|error| Fault::from(folders::missing("sources", &location, error)))?;
            let name = location.name().to_owned();
            if found.is_symlink() {
                return Err(Fault::Argument(format!("`sources`: `{source}` is a link, and links are not packed")));
            }
            if !names.insert(name.clone()) {
                return Err(Fault::Argument(format!(
                    "`sources`: two of the paths end in `{name}`, and an archive has a name once: pack a folder above them"
                )));
            }
            self.add(name, location, &mut gathered)?;
        }
        Ok(gathered)
    }

    /// Adds what is at `location`, and what is below it.
    fn add(&mut self, name: String, location: Location, to: &mut Gathered) -> Result<()> {
        let mut waiting = vec![(name, location)];
        // The last is next: what is in a folder follows it, in order.
        while let Some((name, location)) = waiting.pop() {
            if self.target.is(&location) || self.exclude.matches(&name) {
                continue;
            }
            self.meter.check()?;
            let failed = |error| Fault::io(&location.path, error);
            let metadata = fs::symlink_metadata(&location.at).map_err(failed)?;
            if !metadata.is_file() && !metadata.is_dir() {
                to.left_out.push(location.path);
                continue;
            }
            if metadata.is_dir() {
                let mut inside = Vec::new();
                for entry in fs::read_dir(&location.at).map_err(failed)? {
                    let file_name = entry.map_err(failed)?.file_name();
                    let Some(file_name) = file_name.to_str() else {
                        return Err(bad_name(&format!("{}/{}", location.path, file_name.to_string_lossy())));
                    };
                    inside.push((format!("{name}/{file_name}"), location.join(file_name)));
                    within_bounds(to.found.len() + waiting.len() + inside.len(), 0)?;
                }
                inside.sort_by(|a, b| b.0.cmp(&a.0));
                waiting.append(&mut inside);
            }
            if tidy(&name).is_err() {
                return Err(bad_name(&location.path));
            }
            to.name_bytes += name.len();
            within_bounds(to.found.len(), to.name_bytes)?;
            let (folder, modified) = (metadata.is_dir(), metadata.modified().ok());
            to.found.push(Found { name, location, folder, bytes: if folder { 0 } else { metadata.len() }, modified });
        }
        Ok(())
    }
}

fn bad_name(path: &str) -> Fault {
    Fault::Argument(format!(
        "`sources`: `{path}` has a name that is too long or too deep, is not valid text, or has backslashes or control characters; \
         `exclude` leaves it out"
    ))
}

fn within_bounds(entries: usize, name_bytes: usize) -> Result<()> {
    if entries as u64 > MAX_ENTRIES {
        return Err(Fault::Limit(format!(
            "`sources` has more than {MAX_ENTRIES} files and folders, the bound of a call"
        )));
    }
    if name_bytes > MAX_NAMES_BYTES {
        return Err(Fault::Limit(format!("the names in `sources` have more than {MAX_NAMES_BYTES} bytes together")));
    }
    Ok(())
}
