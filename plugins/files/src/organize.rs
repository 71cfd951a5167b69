//! Moves, copies and deletes files and directories.

use tandem_sdk::prelude::*;
use wasip2::filesystem::types::ErrorCode;

use crate::{
    errors,
    limits::{CHUNK, MAX_CHANGED_ENTRIES, MAX_COPIED_BYTES},
    path::{Grants, Place},
    replace::{self, NewFile, Over},
    storage::{Kind, Stat},
    walk::{Options, Walk},
};

/// What was moved.
#[output]
#[derive(Debug)]
pub(crate) struct Moved {
    /// Where it was.
    from: String,
    /// Where it is.
    to: String,
    /// What it is.
    kind: Kind,
    /// Whether a file that was there was replaced.
    replaced: bool,
}

/// What was copied.
#[output]
#[derive(Debug)]
pub(crate) struct Copied {
    /// What was copied.
    from: String,
    /// The copy.
    to: String,
    /// Files that were copied.
    files: u64,
    /// Directories that were made.
    directories: u64,
    /// Their bytes.
    bytes: u64,
    /// Links and special files, which are not copied.
    left_out: u64,
}

/// What was deleted.
#[output]
#[derive(Debug)]
pub(crate) struct Deleted {
    /// What was deleted.
    path: String,
    /// Files and links.
    files: u64,
    /// Directories.
    directories: u64,
}

/// Two places of which one is to become the other.
fn pair<'a>(
    grants: &'a Grants,
    from: Place<'a>,
    to: &str,
    overwrite: bool,
) -> Result<(Place<'a>, Place<'a>, Stat, bool)> {
    let to = grants.locate_to_change(to)?;
    let stat = from.stat(false)?;
    if from.path == to.path {
        return Err(Error::invalid_arguments(format!("`from` and `to` are both `{}`", to.path)));
    }
    if stat.kind == Kind::Directory && from.contains(&to) {
        return Err(Error::invalid_arguments(format!(
            "`{}` is in `{}`: a directory cannot go into itself",
            to.path, from.path
        )));
    }
    let there = to.look(false)?;
    match there {
        None => {}
        Some(there) if there.kind == Kind::Directory => {
            return Err(Error::invalid_arguments(format!(
                "`{}` is a directory: to put it in there, give `to` = `{}/{}`",
                to.path,
                to.path,
                from.name()
            )));
        }
        Some(_) if !overwrite => {
            return Err(Error::invalid_arguments(format!(
                "`{}` exists and was not changed: set `overwrite`, or give another `to`",
                to.path
            )));
        }
        Some(_) if stat.kind == Kind::Directory => {
            return Err(Error::invalid_arguments(format!("`{}` is a file, which a directory cannot replace", to.path)));
        }
        Some(_) => {}
    }
    Ok((from, to, stat, there.is_some()))
}

/// Moves or renames a file, link or directory.
pub(crate) fn rename(ctx: &Ctx, grants: &Grants, from: &str, to: &str, overwrite: bool) -> Result<Moved> {
    let from = grants.locate_to_change(from)?;
    let (from, to, stat, replaced) = pair(grants, from, to, overwrite)?;
    replace::make_parents(&to)?;
    let moved = Moved { from: from.path.clone(), to: to.path.clone(), kind: stat.kind, replaced };
    match from.root.rename(from.rest(), to.root, to.rest()) {
        Ok(()) => Ok(moved),
        // Another granted directory: there is no other way than to copy.
        Err(ErrorCode::CrossDevice) if matches!(stat.kind, Kind::File | Kind::Directory) => {
            let copied = copy_to(ctx, grants, &from, &to, stat, overwrite)?;
            if copied.left_out > 0 {
                return Err(Error::other(format!(
                    "`{}` was copied to `{}` and not removed: it has {} links or special files, which cannot go to another granted \
                     directory",
                    from.path, to.path, copied.left_out
                )));
            }
            remove(ctx, grants, &from, stat)?;
            Ok(moved)
        }
        Err(code) => Err(errors::of(&from.path, code)),
    }
}

/// Copies a file, or a directory with all that is in it.
pub(crate) fn copy(ctx: &Ctx, grants: &Grants, from: &str, to: &str, overwrite: bool) -> Result<Copied> {
    let from = grants.locate(from)?;
    let (from, to, stat, _) = pair(grants, from, to, overwrite)?;
    if matches!(stat.kind, Kind::Link | Kind::Special) {
        return Err(Error::invalid_arguments(format!(
            "`{}` is a symbolic link or special file: name the file that it leads to",
            from.path
        )));
    }
    copy_to(ctx, grants, &from, &to, stat, overwrite)
}

fn copy_to(
    ctx: &Ctx,
    grants: &Grants,
    from: &Place<'_>,
    to: &Place<'_>,
    stat: Stat,
    overwrite: bool,
) -> Result<Copied> {
    let mut copied =
        Copied { from: from.path.clone(), to: to.path.clone(), files: 0, directories: 0, bytes: 0, left_out: 0 };
    if stat.kind == Kind::File {
        copy_file(ctx, from, to, if overwrite { Over::File } else { Over::Nothing }, &mut copied)?;
        return Ok(copied);
    }
    replace::make_parents(to)?;
    // The copy gets its name when it is complete.
    let partial = replace::partial(to);
    let done = copy_directory(ctx, grants, from, &partial, &mut copied);
    let done = done
        .and_then(|()| to.root.rename(partial.rest(), to.root, to.rest()).map_err(|code| errors::of(&to.path, code)));
    if let Err(error) = done {
        // What was copied is of no use; where even this fails, its name tells what it is.
        if let Ok(stat) = partial.stat(false) {
            let _ = remove(ctx, grants, &partial, stat);
        }
        return Err(error);
    }
    Ok(copied)
}

fn copy_directory(ctx: &Ctx, grants: &Grants, from: &Place<'_>, to: &Place<'_>, copied: &mut Copied) -> Result<()> {
    let make =
        |place: &Place<'_>| place.root.make_directory(place.rest()).map_err(|code| errors::of(&place.path, code));
    make(to)?;
    copied.directories += 1;
    let mut walk = Walk::new(ctx, grants, Some(&from.path), Options::ALL, None)?;
    while let Some(visit) = walk.next()? {
        ctx.check()?;
        if copied.files + copied.directories >= MAX_CHANGED_ENTRIES as u64 {
            return Err(too_many(from, "copied"));
        }
        let target = to.join(Walk::below(&visit));
        match visit.kind {
            Kind::Directory => {
                make(&target)?;
                copied.directories += 1;
            }
            Kind::File => copy_file(ctx, &visit.place, &target, Over::Nothing, copied)?,
            Kind::Link | Kind::Special => copied.left_out += 1,
        }
    }
    if walk.skipped.unreadable + walk.skipped.too_deep > 0 {
        return Err(Error::other(format!(
            "`{}` was not copied: {} entries in it cannot be read",
            from.path,
            walk.skipped.unreadable + walk.skipped.too_deep
        )));
    }
    Ok(())
}

fn copy_file(ctx: &Ctx, from: &Place<'_>, to: &Place<'_>, over: Over, copied: &mut Copied) -> Result<()> {
    let mut source = from.open()?;
    if copied.bytes + source.bytes > MAX_COPIED_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`{}` was not copied: one call copies at most {MAX_COPIED_BYTES} bytes",
            copied.from
        )));
    }
    let mut file = NewFile::new(to, over)?;
    loop {
        ctx.check()?;
        let bytes = source.read_up_to(&from.path, CHUNK)?;
        if bytes.is_empty() {
            break;
        }
        file.write(&bytes)?;
    }
    copied.bytes += file.commit()?;
    copied.files += 1;
    if copied.files.is_multiple_of(100) {
        ctx.progress(copied.files as f64, None, format!("{} files", copied.files));
    }
    Ok(())
}

fn too_many(place: &Place<'_>, done: &str) -> Error {
    Error::invalid_arguments(format!(
        "`{}` has more than {MAX_CHANGED_ENTRIES} entries, which is the most that is {done} in one call: take the directories in it \
         one by one",
        place.path
    ))
}

/// Deletes a file or link, an empty directory, or with `recursive` all that is in one.
pub(crate) fn delete(ctx: &Ctx, grants: &Grants, path: &str, recursive: bool) -> Result<Deleted> {
    let place = grants.locate_to_change(path)?;
    let stat = place.stat(false)?;
    if stat.kind == Kind::Directory && !recursive {
        let entries = place.read_directory()?;
        let count = entries.entries.len() + entries.unreadable;
        if count > 0 {
            return Err(Error::invalid_arguments(format!(
                "the directory `{}` has {count} entries: set `recursive` to delete it with all that is in it",
                place.path
            )));
        }
    }
    remove(ctx, grants, &place, stat)
}

fn remove(ctx: &Ctx, grants: &Grants, place: &Place<'_>, stat: Stat) -> Result<Deleted> {
    let mut deleted = Deleted { path: place.path.clone(), files: 0, directories: 0 };
    let remove_file = |place: &Place<'_>| place.root.remove_file(place.rest());
    if stat.kind != Kind::Directory {
        remove_file(place).map_err(|code| errors::of(&place.path, code))?;
        deleted.files = 1;
        return Ok(deleted);
    }
    // All of it is looked at before anything is deleted.
    let mut walk = Walk::new(ctx, grants, Some(&place.path), Options::ALL, None)?;
    let mut below = Vec::new();
    while let Some(visit) = walk.next()? {
        if below.len() == MAX_CHANGED_ENTRIES {
            return Err(too_many(place, "deleted"));
        }
        below.push((visit.place, visit.kind));
    }
    if walk.skipped.unreadable + walk.skipped.too_deep > 0 {
        return Err(Error::other(format!(
            "`{}` was not deleted: {} entries in it cannot be read or have names that are not UTF-8",
            place.path,
            walk.skipped.unreadable + walk.skipped.too_deep
        )));
    }
    // What is in a directory comes after it, so backwards each is empty when it is reached.
    for (entry, kind) in below.iter().rev().chain(std::iter::once(&(place.clone(), Kind::Directory))) {
        ctx.check()?;
        let removed = match kind {
            Kind::Directory => entry.root.remove_directory(entry.rest()),
            _ => remove_file(entry),
        };
        removed.map_err(|code| {
            errors::of(&entry.path, code)
                .context(format!("{} files and {} directories were deleted", deleted.files, deleted.directories))
        })?;
        if *kind == Kind::Directory { deleted.directories += 1 } else { deleted.files += 1 }
    }
    Ok(deleted)
}
