//! A repository: its directories and what its configuration says. No include of the configuration is followed, no other
//! configuration is read, and no hook, filter, credential helper or other program is ever run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gix_config::file::{Metadata, init};
use tandem_sdk::prelude::*;

use crate::{
    limits::{MAX_NEIGHBOURS, MAX_REF_BYTES, MAX_SHOWN, MAX_TEXT_FILE_BYTES},
    objects::Objects,
    place,
};

/// An opened repository.
#[derive(Debug)]
pub(crate) struct Repository {
    /// What this work tree has of its own: `HEAD` and the index.
    pub(crate) git_dir: PathBuf,
    /// What all work trees share: objects, refs and the configuration.
    pub(crate) common_dir: PathBuf,
    /// None of a bare repository.
    pub(crate) work_tree: Option<PathBuf>,
    pub(crate) objects: Objects,
    pub(crate) ignore_case: bool,
}

impl Repository {
    /// Opens the repository in the directory `repo`: a work tree with `.git`, or the repository's own directory.
    pub(crate) fn open(repo: &str) -> Result<Self> {
        let at = place::locate(repo)?;
        if !at.is_dir() {
            return Err(Error::not_found(format!("`repo`: there is no directory `{repo}`{}", beside(&at))));
        }
        let (git_dir, work_tree) = find(&at)?;
        let common_dir = common(&git_dir)?;
        let config = Config::read(&common_dir.join("config"))?;
        config.check()?;
        let work_tree = match work_tree {
            Some(work_tree) => Some(work_tree),
            None => config.work_tree(&git_dir)?,
        };
        let objects = Objects::open(&common_dir.join("objects"))?;
        Ok(Self { ignore_case: config.boolean("core.ignorecase"), git_dir, common_dir, work_tree, objects })
    }

    /// The work tree, which a bare repository has not.
    pub(crate) fn work_tree(&self) -> Result<&Path> {
        self.work_tree.as_deref().ok_or_else(|| {
            Error::invalid_arguments(format!(
                "`repo`: `{}` is a bare repository without a work tree; give revisions to compare, or a repository with one",
                place::shown(&self.git_dir)
            ))
        })
    }
}

/// The repository's directory, and the work tree around it.
fn find(at: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    let dot_git = at.join(".git");
    if dot_git.is_dir() {
        return if is_git_dir(&dot_git) { Ok((dot_git, Some(at.to_owned()))) } else { Err(no_repository(at)) };
    }
    if let Some(line) = place::line_if_there(&dot_git, MAX_REF_BYTES)? {
        let named = line.strip_prefix("gitdir:").map(str::trim).ok_or_else(|| no_repository(at))?;
        let git_dir = place::relative(at, named).ok_or_else(|| {
            Error::denied(format!(
                "`{}` names `{named}`, which is an absolute path or outside of the granted directories; `git worktree repair \
                 --relative-paths` writes relative ones",
                place::shown(&dot_git)
            ))
        })?;
        return if git_dir.join("HEAD").is_file() {
            Ok((git_dir, Some(at.to_owned())))
        } else {
            Err(no_repository(at))
        };
    }
    if is_git_dir(at) { Ok((at.to_owned(), None)) } else { Err(no_repository(at)) }
}

fn is_git_dir(at: &Path) -> bool {
    at.join("HEAD").is_file() && (at.join("objects").is_dir() || at.join("commondir").is_file())
}

fn no_repository(at: &Path) -> Error {
    let (shown, found) = (place::shown(at), repositories(at));
    Error::not_found(format!(
        "`repo`: `{shown}` is not a git repository: name the directory that holds `.git`, or a bare repository; `git_init` makes a new \
         one{found}"
    ))
}

/// The repositories beside a directory that is not there.
fn beside(at: &Path) -> String {
    at.parent().map_or_else(String::new, repositories)
}

/// `; repositories in …`, those directly in a directory; nothing where there is none.
fn repositories(directory: &Path) -> String {
    let entries =
        fs::read_dir(directory).into_iter().flatten().take(MAX_NEIGHBOURS).flatten().map(|entry| entry.path());
    let mut found: Vec<_> = entries
        .filter(|path| path.join(".git").exists() || is_git_dir(path))
        .map(|path| format!("`{}`", place::shown(&path)))
        .collect();
    found.sort();
    found.truncate(MAX_SHOWN);
    if found.is_empty() { String::new() } else { format!("; there is {}", found.join(", ")) }
}

/// The directory that the work trees share.
fn common(git_dir: &Path) -> Result<PathBuf> {
    let Some(named) = place::line_if_there(&git_dir.join("commondir"), MAX_REF_BYTES)? else {
        return Ok(git_dir.to_owned());
    };
    place::relative(git_dir, &named).filter(|common| common.join("objects").is_dir()).ok_or_else(|| {
        Error::denied(format!("`{}/commondir` names `{named}`, which cannot be reached", place::shown(git_dir)))
    })
}

struct Config(gix_config::File);

impl Config {
    fn read(path: &Path) -> Result<Self> {
        let bytes = place::read_if_there(path, MAX_TEXT_FILE_BYTES)?.unwrap_or_default();
        gix_config::File::from_bytes_no_includes(&bytes, Metadata::api(), init::Options::default())
            .map(Self)
            .map_err(|error| Error::failed(format!("`{}` cannot be read: {error}", place::shown(path))))
    }

    fn boolean(&self, key: &str) -> bool {
        self.0.boolean(key).ok().flatten().unwrap_or(false)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.0.string(key).map(|value| value.to_string())
    }

    /// Refuses formats that are not read.
    fn check(&self) -> Result<()> {
        let unreadable = |what: String| Err(Error::failed(format!("{what}; only SHA-1 and files are read")));
        match self.text("extensions.objectformat") {
            Some(format) if format != "sha1" => return unreadable(format!("the repository has {format} objects")),
            _ => {}
        }
        match self.text("extensions.refstorage") {
            Some(format) if format != "files" => unreadable(format!("the repository has its refs as {format}")),
            _ => Ok(()),
        }
    }

    /// The work tree that `core.worktree` names, relative to the repository.
    fn work_tree(&self, git_dir: &Path) -> Result<Option<PathBuf>> {
        let Some(named) = self.text("core.worktree") else { return Ok(None) };
        place::relative(git_dir, &named).filter(|tree| tree.is_dir()).map(Some).ok_or_else(|| {
            Error::denied(format!(
                "`core.worktree` is `{named}`, which is absolute or outside of the granted directories"
            ))
        })
    }
}
