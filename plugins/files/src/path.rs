//! Paths as callers name them: a granted directory's name first (`data/notes/a.txt`). The sandbox refuses what leaves the
//! directory on its own, symbolic links included; the checks here are for the message.

use tandem_sdk::prelude::*;
use wasip2::filesystem::types::ErrorCode;

use crate::{
    errors,
    limits::{MAX_DEPTH, MAX_DIRECTORY_ENTRIES, MAX_NEIGHBOURS, MAX_PATH_BYTES},
    storage::{self, Directory, Kind, Root, Source, Stat},
};

/// From this on (Jaro-Winkler, 1 is equal) a name is offered as the one that was meant.
const SIMILAR: f64 = 0.75;

/// The granted directories.
#[derive(Debug)]
pub(crate) struct Grants {
    pub(crate) roots: Vec<Root>,
}

/// A place in a granted directory, whether something is there or not.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    pub(crate) root: &'a Root,
    /// Below the root; empty for the root itself.
    rest: String,
    /// As callers name it.
    pub(crate) path: String,
}

impl Grants {
    /// Those of this call.
    pub(crate) fn new() -> Self {
        Self { roots: storage::roots() }
    }

    /// Where `path` is.
    pub(crate) fn locate(&self, path: &str) -> Result<Place<'_>> {
        let parts = parts(path)?;
        let Some((first, rest)) = parts.split_first() else { return Err(self.outside(path)) };
        let Some(root) = self.roots.iter().find(|root| root.name == *first) else { return Err(self.outside(path)) };
        Ok(Place { root, rest: rest.join("/"), path: parts.join("/") })
    }

    /// Where `path` is, of which the granted directory must allow changes and which is not that directory itself.
    pub(crate) fn locate_to_change(&self, path: &str) -> Result<Place<'_>> {
        let place = self.locate(path)?;
        if !place.root.writable {
            let name = &place.root.name;
            return Err(Error::denied(format!(
                "`{}` cannot be changed: the directory `{name}` is granted read-only; the operator can allow it with \
                 `fs.{name} = {{ path = \"…\", mode = \"read-write\" }}` in [grants.files], or `tandem grant add files fs.{name}=PATH:rw`",
                place.path
            )));
        }
        if place.is_root() {
            return Err(Error::invalid_arguments(format!(
                "`{}` is a granted directory itself: name something in it, as `{}/notes.txt`",
                place.path, place.path
            )));
        }
        Ok(place)
    }

    /// The error where no directory is granted.
    pub(crate) fn none(&self) -> Error {
        self.outside("/")
    }

    fn outside(&self, path: &str) -> Error {
        let names: Vec<_> = self.roots.iter().map(|root| format!("`{}/`", root.name)).collect();
        Error::denied(match names.as_slice() {
            [] => format!(
                "`{path}` cannot be used: no directory is granted; the operator can grant one with \
                 `fs.data = {{ path = \"…\" }}` in [grants.files], or `tandem grant add files fs.data=PATH`"
            ),
            names => format!("`{path}` is in no granted directory: begin the path with {}", names.join(" or ")),
        })
    }
}

/// The parts of a path.
fn parts(path: &str) -> Result<Vec<&str>> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES {
        return Err(Error::invalid_arguments(format!(
            "a path has 1 to {MAX_PATH_BYTES} bytes, as `data/notes.txt`; this one has {}",
            path.len()
        )));
    }
    if path.contains(['\0', '\\']) {
        return Err(Error::invalid_arguments(format!(
            "`{}` has a backslash or a zero byte: separate the parts of a path with `/`, as `data/notes.txt`",
            path.replace('\0', "\\0")
        )));
    }
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(Error::denied(format!(
            "`{path}` has `..`: give the path from the granted directory down, as `data/notes.txt`"
        )));
    }
    if parts.len() > MAX_DEPTH + 1 {
        return Err(Error::invalid_arguments(format!(
            "the path has {} levels; at most {MAX_DEPTH} below a granted directory can be used",
            parts.len() - 1
        )));
    }
    Ok(parts)
}

impl<'a> Place<'a> {
    /// The path that the host's functions take.
    pub(crate) fn rest(&self) -> &str {
        if self.rest.is_empty() { "." } else { &self.rest }
    }

    /// Whether it is a granted directory itself.
    pub(crate) fn is_root(&self) -> bool {
        self.rest.is_empty()
    }

    /// Levels below the granted directory.
    pub(crate) fn depth(&self) -> usize {
        if self.rest.is_empty() { 0 } else { self.rest.split('/').count() }
    }

    /// Its own name.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What is below it under this name.
    pub(crate) fn join(&self, name: &str) -> Self {
        let rest = if self.rest.is_empty() { name.to_owned() } else { format!("{}/{name}", self.rest) };
        Self { root: self.root, rest, path: format!("{}/{name}", self.path) }
    }

    /// The directory that it is in; none of a granted directory.
    pub(crate) fn parent(&self) -> Option<Self> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = self.rest.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        let path = self.path.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        Some(Self { root: self.root, rest, path })
    }

    /// What is beside it under this name.
    pub(crate) fn beside(&self, name: &str) -> Self {
        self.parent().map_or_else(|| self.clone(), |parent| parent.join(name))
    }

    /// What is there, if anything. A link is followed if `follow` says so.
    pub(crate) fn look(&self, follow: bool) -> Result<Option<Stat>> {
        match self.root.stat(self.rest(), follow) {
            Ok(stat) => Ok(Some(stat)),
            Err(ErrorCode::NoEntry) => Ok(None),
            Err(code) => Err(errors::of(&self.path, code)),
        }
    }

    /// What is there.
    pub(crate) fn stat(&self, follow: bool) -> Result<Stat> {
        self.root.stat(self.rest(), follow).map_err(|code| self.explain(code))
    }

    /// Whether `other` is in it, or is it.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        other.path == self.path || other.path.strip_prefix(&self.path).is_some_and(|below| below.starts_with('/'))
    }

    /// Opens the file.
    pub(crate) fn open(&self) -> Result<Source> {
        storage::open(self.root, self.rest()).map_err(|code| match code {
            ErrorCode::IsDirectory => self.is_directory(),
            code => self.explain(code),
        })
    }

    /// Reads the directory; the names are sorted.
    pub(crate) fn read_directory(&self) -> Result<Directory> {
        let directory = storage::read_directory(self.root, self.rest()).map_err(|code| match code {
            ErrorCode::NotDirectory => {
                Error::invalid_arguments(format!("`{}` is a file and not a directory", self.path))
            }
            code => self.explain(code),
        })?;
        if directory.too_large {
            return Err(Error::other(format!(
                "the directory `{}` has more than {MAX_DIRECTORY_ENTRIES} entries, which is the most that is read",
                self.path
            )));
        }
        Ok(directory)
    }

    pub(crate) fn is_directory(&self) -> Error {
        Error::invalid_arguments(format!("`{}` is a directory and not a file; `files_list` lists it", self.path))
    }

    /// The error for what the host said; where something is missing, what is there instead.
    pub(crate) fn explain(&self, code: ErrorCode) -> Error {
        if code != ErrorCode::NoEntry {
            return errors::of(&self.path, code);
        }
        // The nearest directory that is there tells which part is wrong.
        let (mut missing, mut above) = (self.clone(), self.parent());
        while let Some(directory) = &above {
            if directory.root.stat(directory.rest(), true).is_ok_and(|stat| stat.kind == Kind::Directory) {
                break;
            }
            missing = directory.clone();
            above = directory.parent();
        }
        let Some(directory) = above else { return errors::of(&self.path, code) };
        let names: Vec<String> = storage::read_directory(directory.root, directory.rest())
            .map(|found| found.entries.into_iter().map(|entry| entry.name).collect())
            .unwrap_or_default();
        Error::not_found(format!(
            "there is no `{}`{}",
            missing.path,
            if names.is_empty() {
                format!(": `{}` is empty", directory.path)
            } else {
                nearest(missing.name(), &names, &directory.path)
            }
        ))
    }
}

/// The names that are most like the one that is missing, or the first ones.
fn nearest(name: &str, names: &[String], directory: &str) -> String {
    let wanted = name.to_lowercase();
    let likeness = |other: &String| strsim::jaro_winkler(&wanted, &other.to_lowercase());
    // Of a large directory not every name is compared.
    let best = names.iter().take(10_000).map(|other| (likeness(other), other)).max_by(|a, b| a.0.total_cmp(&b.0));
    let meant = match best {
        Some((likeness, other)) if likeness >= SIMILAR => format!("; did you mean `{directory}/{other}`?"),
        _ => String::new(),
    };
    let shown: Vec<_> = names.iter().take(MAX_NEIGHBOURS).map(String::as_str).collect();
    let more =
        if names.len() > shown.len() { format!(" and {} more", names.len() - shown.len()) } else { String::new() };
    format!("{meant} (in `{directory}`: {}{more})", shown.join(", "))
}
