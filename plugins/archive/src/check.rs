//! What makes an entry unsafe to extract.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    entry::{Item, Kind},
    fault::{Fault, Result},
    limits::{MAX_DEPTH, MAX_ENTRIES, MAX_NAME_BYTES, MAX_NAMES_BYTES},
};

/// Why an entry is not extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Problem {
    /// Its name has `..`, or is absolute: it would be written outside of the folder.
    LeavesFolder,
    /// Its name is empty, too long or too deep, is not valid text, or has backslashes or control characters.
    BadName,
    /// It is a symbolic or hard link.
    Link,
    /// It is a device, a pipe, or a sparse file of a kind that is not read.
    Special,
    /// An earlier entry has the same name.
    Duplicate,
    /// Its name is below that of a file, or it is a file where a folder is.
    BelowFile,
    /// It is encrypted.
    Encrypted,
    /// Its data is damaged, cut off, or of another length than stated.
    Damaged,
    /// It is packed by a method that is not read.
    Unsupported,
    /// It goes beyond a bound: it expands too much, or has too many entries or too long names.
    TooLarge,
}

impl Problem {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::LeavesFolder => "has a name that leaves the folder",
            Self::BadName => {
                "has a name that is empty, too long or too deep, is not valid text, or has backslashes or control characters"
            }
            Self::Link => "is a link",
            Self::Special => "is a device, a pipe or a sparse file",
            Self::Duplicate => "has the name of an earlier entry",
            Self::BelowFile => "is in the way of another entry: one is a file where the other needs a folder",
            Self::Encrypted => "is encrypted, and encrypted entries are not read",
            Self::Damaged => "is damaged",
            Self::Unsupported => "is packed by a method that is not read",
            Self::TooLarge => "goes beyond a bound",
        }
    }
}

/// Checks entries one after the other, and knows the names that were there before.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    files: HashSet<String>,
    folders: HashSet<String>,
    entries: u64,
    name_bytes: usize,
}

impl Checker {
    /// The tidy name of an entry (empty for the folder itself), or what is wrong with it.
    pub(crate) fn check(&mut self, item: &Item) -> Result<std::result::Result<String, Problem>> {
        self.count(item)?;
        let name = match tidy(&item.name) {
            Ok(name) => name,
            Err(problem) => return Ok(Err(problem)),
        };
        match item.kind {
            Kind::Symlink | Kind::Hardlink => return Ok(Err(Problem::Link)),
            Kind::Special => return Ok(Err(Problem::Special)),
            _ if item.encrypted => return Ok(Err(Problem::Encrypted)),
            Kind::File if name.is_empty() => return Ok(Err(Problem::BadName)),
            Kind::File | Kind::Folder => {}
        }
        Ok(self.register(item.kind, &name).map(|()| name))
    }

    fn count(&mut self, item: &Item) -> Result<()> {
        self.entries += 1;
        self.name_bytes += item.name.len();
        if self.entries > MAX_ENTRIES {
            return Err(Fault::Limit(format!("the archive has more than {MAX_ENTRIES} entries, the bound of a call")));
        }
        if self.name_bytes > MAX_NAMES_BYTES {
            return Err(Fault::Limit(format!(
                "the names in the archive have more than {MAX_NAMES_BYTES} bytes together"
            )));
        }
        Ok(())
    }

    /// Takes the name, unless another entry has it or stands in its way.
    fn register(&mut self, kind: Kind, name: &str) -> std::result::Result<(), Problem> {
        if self.files.contains(name) {
            return Err(if kind == Kind::File { Problem::Duplicate } else { Problem::BelowFile });
        }
        for (end, _) in name.match_indices('/') {
            let above = name.get(..end).unwrap_or_default();
            if self.files.contains(above) {
                return Err(Problem::BelowFile);
            }
        }
        if kind == Kind::File && self.folders.contains(name) {
            return Err(Problem::BelowFile);
        }
        for (end, _) in name.match_indices('/') {
            let above = name.get(..end).unwrap_or_default();
            if !self.folders.contains(above) {
                self.folders.insert(above.to_owned());
            }
        }
        // A folder may be there twice: that changes nothing.
        let names = if kind == Kind::File { &mut self.files } else { &mut self.folders };
        names.insert(name.to_owned());
        Ok(())
    }
}

/// The name without `./` and double slashes.
pub(crate) fn tidy(name: &str) -> std::result::Result<String, Problem> {
    if name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || name.chars().any(|c| c == '\\' || c == '\u{fffd}' || c.is_control())
    {
        let drive = name.get(1..3) == Some(":\\");
        let climbs = name.split(['/', '\\']).any(|part| part == "..") || drive;
        return Err(if climbs { Problem::LeavesFolder } else { Problem::BadName });
    }
    if name.starts_with('/') || name.get(1..3) == Some(":/") {
        return Err(Problem::LeavesFolder);
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(Problem::LeavesFolder);
    }
    if parts.len() > MAX_DEPTH {
        return Err(Problem::BadName);
    }
    Ok(parts.join("/"))
}
