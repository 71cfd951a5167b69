//! New repositories.

use std::{fs, path::Path};

use tandem_sdk::prelude::*;

use crate::{limits::MAX_REF_BYTES, place};

/// Directories that one new repository may bring with it.
const MAX_NEW_DIRECTORIES: usize = 8;

/// A repository.
#[output]
#[derive(Debug)]
pub(crate) struct Initialized {
    /// Where it is; give it as `repo`.
    pub repo: String,
    /// Whether it is new. One that was there stays as it is.
    pub created: bool,
    /// The branch that `HEAD` names.
    pub branch: String,
}

pub(crate) fn run(repo: &str, bare: bool, branch: &str) -> Result<Initialized> {
    if gix_validate::reference::name(format!("refs/heads/{branch}").as_str().into()).is_err() || branch.starts_with('-')
    {
        return Err(Error::invalid_arguments(format!(
            "`branch`: `{branch}` is not a valid name of a branch, as `main`"
        )));
    }
    let at = place::locate(repo)?;
    let git_dir = if bare { at.clone() } else { at.join(".git") };
    if let Some(head) = place::line_if_there(&git_dir.join("HEAD"), MAX_REF_BYTES)? {
        let branch = head.strip_prefix("ref: refs/heads/").unwrap_or(&head).to_owned();
        return Ok(Initialized { repo: place::shown(&at), created: false, branch });
    }
    if at.is_file()
        || git_dir.exists() && (!bare || fs::read_dir(&git_dir).is_ok_and(|mut found| found.next().is_some()))
    {
        let git_dir = place::shown(&git_dir);
        return Err(Error::invalid_arguments(format!("`repo`: `{git_dir}` is there already and is not a repository")));
    }
    let parent = if bare { at.parent().unwrap_or(&at) } else { &at };
    if parent.ancestors().take_while(|above| !above.exists()).count() > MAX_NEW_DIRECTORIES {
        return Err(Error::invalid_arguments(format!("`repo` needs more than {MAX_NEW_DIRECTORIES} new directories")));
    }
    fs::create_dir_all(parent).map_err(|error| place::failed(parent, &error))?;
    // Made beside and renamed, so that a repository is there as a whole or not at all.
    let name = git_dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let partial = git_dir.with_file_name(format!("{name}.partial"));
    let made = fill(&partial, bare, branch).and_then(|()| {
        if git_dir.exists() {
            fs::remove_dir(&git_dir).map_err(|error| place::failed(&git_dir, &error))?;
        }
        fs::rename(&partial, &git_dir).map_err(|error| place::failed(&git_dir, &error))
    });
    if let Err(error) = made {
        drop(fs::remove_dir_all(&partial));
        return Err(error);
    }
    Ok(Initialized { repo: place::shown(&at), created: true, branch: branch.to_owned() })
}

fn fill(at: &Path, bare: bool, branch: &str) -> Result<()> {
    fs::create_dir(at).map_err(|error| place::failed(at, &error))?;
    for directory in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info"] {
        let directory = at.join(directory);
        fs::create_dir_all(&directory).map_err(|error| place::failed(&directory, &error))?;
    }
    let log = if bare { "" } else { "\tlogallrefupdates = true\n" };
    let config = format!("[core]\n\trepositoryformatversion = 0\n\tfilemode = false\n\tbare = {bare}\n{log}");
    for (name, text) in
        [("HEAD", format!("ref: refs/heads/{branch}\n")), ("config", config), ("info/exclude", String::new())]
    {
        let file = at.join(name);
        fs::write(&file, text).map_err(|error| place::failed(&file, &error))?;
    }
    Ok(())
}
