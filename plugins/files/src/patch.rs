//! Applies a unified diff of one or several files: all of it, or nothing.

use diffy::patch_set::{FileOperation, FilePatch, ParseOptions, PatchKind, PatchSet};
use tandem_sdk::prelude::*;

use crate::{
    edit,
    limits::{MAX_EDITED_BYTES, MAX_HUNKS, MAX_PATCH_BYTES, MAX_PATCHED_BYTES, MAX_PATCHED_FILES},
    path::{Grants, Place},
    replace::{self, Over},
    text::{LineEnding, line_ending},
    together::{self, Step},
};

/// What a patch did to a file.
#[output]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// It was made.
    Created,
    /// It was changed.
    Modified,
    /// It was deleted.
    Deleted,
    /// It has another name, and may be changed.
    Renamed,
}

/// A file of a patch.
#[output]
#[derive(Debug)]
pub(crate) struct PatchedFile {
    /// The file.
    path: String,
    /// What was done.
    action: Action,
    /// The name that it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Lines that were added.
    added: usize,
    /// Lines that were removed.
    removed: usize,
}

/// What a patch did.
#[output]
#[derive(Debug)]
pub(crate) struct Patched {
    /// The files, in the order of the patch.
    files: Vec<PatchedFile>,
    /// Whether they were written; false for a `dry_run`.
    written: bool,
}

/// A change that is ready.
struct Change<'a> {
    report: PatchedFile,
    steps: Vec<Step<'a>>,
}

/// Applies a patch below the directory `path`.
pub(crate) fn apply(ctx: &Ctx, grants: &Grants, path: &str, patch: &str, dry_run: bool) -> Result<Patched> {
    if patch.len() > MAX_PATCH_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`patch` has {} bytes: give at most {MAX_PATCH_BYTES}",
            patch.len()
        )));
    }
    let base = grants.locate(path)?;
    if !dry_run {
        grants.locate_to_change(&format!("{}/x", base.path))?;
    }
    let changes = prepare(ctx, grants, &base, patch)?;
    if !dry_run {
        together::apply(changes.iter().flat_map(|change| &change.steps))?;
    }
    Ok(Patched { files: changes.into_iter().map(|change| change.report).collect(), written: !dry_run })
}

fn prepare<'a>(ctx: &Ctx, grants: &'a Grants, base: &Place<'_>, patch: &str) -> Result<Vec<Change<'a>>> {
    let options = if patch.lines().any(|line| line.starts_with("diff --git ")) {
        ParseOptions::gitdiff()
    } else {
        ParseOptions::unidiff()
    };
    let mut changes: Vec<Change<'a>> = Vec::new();
    let (mut bytes, mut hunks) = (0, 0);
    for file in PatchSet::parse(patch, options) {
        ctx.check()?;
        let file = file.map_err(|error| Error::invalid_arguments(format!("`patch` is not a unified diff: {error}")))?;
        hunks += file.patch().as_text().map_or(0, |patch| patch.hunks().len());
        if changes.len() == MAX_PATCHED_FILES || hunks > MAX_HUNKS {
            return Err(Error::invalid_arguments(format!(
                "`patch` has more than {MAX_PATCHED_FILES} files or {MAX_HUNKS} hunks: apply it in parts"
            )));
        }
        let change = change(grants, base, &file)?;
        bytes += change.steps.iter().map(bytes_of).sum::<usize>();
        if bytes > MAX_PATCHED_BYTES {
            return Err(Error::invalid_arguments(format!(
                "the files of `patch` have more than {MAX_PATCHED_BYTES} bytes together: apply it in parts"
            )));
        }
        let taken = |place: &Place<'_>| {
            changes.iter().flat_map(|change| &change.steps).any(|step| step.place().path == place.path)
        };
        if let Some(twice) = change.steps.iter().map(Step::place).find(|place| taken(place)) {
            return Err(Error::invalid_arguments(format!(
                "`patch` has `{}` twice: join its hunks, or apply it in parts",
                twice.path
            )));
        }
        changes.push(change);
    }
    if changes.is_empty() {
        return Err(Error::invalid_arguments(
            "`patch` has no file: give a unified diff with `--- a/file`, `+++ b/file` and `@@` lines",
        ));
    }
    Ok(changes)
}

fn bytes_of(step: &Step<'_>) -> usize {
    match step {
        Step::Write { text, .. } => text.len(),
        Step::Delete { .. } => 0,
    }
}

/// The place of a file that a patch names, without the `a/` or `b/` of git.
fn locate<'a>(grants: &'a Grants, base: &Place<'_>, name: &str) -> Result<Place<'a>> {
    let name = name.strip_prefix("a/").or_else(|| name.strip_prefix("b/")).unwrap_or(name);
    if name.starts_with('/') {
        return Err(Error::invalid_arguments(format!(
            "`patch` names `{name}`: give names below `path`, as `src/main.rs`"
        )));
    }
    // Names that begin with the base, as the diff of an edit has them, mean the same.
    let below = name.strip_prefix(&base.path).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name);
    let place = grants.locate(&format!("{}/{below}", base.path))?;
    if place.is_root() { Err(place.is_directory()) } else { Ok(place) }
}

fn change<'a>(grants: &'a Grants, base: &Place<'_>, file: &FilePatch<'_, str>) -> Result<Change<'a>> {
    let PatchKind::Text(patch) = file.patch() else {
        return Err(Error::invalid_arguments(
            "`patch` has a binary file: write it with `files_write` and `format` = `base64`",
        ));
    };
    let (mut added, mut removed) = (0, 0);
    for line in patch.hunks().iter().flat_map(|hunk| hunk.lines()) {
        match line {
            diffy::Line::Insert(_) => added += 1,
            diffy::Line::Delete(_) => removed += 1,
            diffy::Line::Context(_) => {}
        }
    }
    let report = |place: &Place<'_>, action, from: Option<&Place<'_>>| PatchedFile {
        path: place.path.clone(),
        action,
        from: from.map(|from| from.path.clone()),
        added,
        removed,
    };
    match file.operation() {
        FileOperation::Create(name) => {
            let place = locate(grants, base, name)?;
            replace::check(&place, Over::Nothing)?;
            let text = patched(&place, "", patch)?;
            Ok(Change {
                report: report(&place, Action::Created, None),
                steps: vec![Step::Write { place, text, over: Over::Nothing }],
            })
        }
        FileOperation::Delete(name) => {
            let place = locate(grants, base, name)?;
            let original = edit::read_original(&place)?;
            if !patched(&place, &original.text, patch)?.is_empty() {
                return Err(Error::invalid_arguments(format!(
                    "`patch` deletes `{}`, which has lines that the patch does not have",
                    place.path
                )));
            }
            let report = report(&place, Action::Deleted, None);
            Ok(Change { report, steps: vec![Step::Delete { place, over: Over::Version(original.version) }] })
        }
        FileOperation::Modify { original, modified } => {
            let (from, to) = (locate(grants, base, original)?, locate(grants, base, modified)?);
            // `diff -u file.orig file` names two files of which the second is meant.
            let place = if to.look(true)?.is_some() || from.look(true)?.is_none() { to } else { from };
            let original = edit::read_original(&place)?;
            let text = patched(&place, &original.text, patch)?;
            let over = Over::Version(original.version);
            Ok(Change {
                report: report(&place, Action::Modified, None),
                steps: vec![Step::Write { place, text, over }],
            })
        }
        FileOperation::Rename { from, to } => {
            let (from, to) = (locate(grants, base, from)?, locate(grants, base, to)?);
            let original = edit::read_original(&from)?;
            replace::check(&to, Over::Nothing)?;
            let text = patched(&from, &original.text, patch)?;
            let report = report(&to, Action::Renamed, Some(&from));
            let write = Step::Write { place: to, text, over: Over::Nothing };
            Ok(Change {
                report,
                steps: vec![write, Step::Delete { place: from, over: Over::Version(original.version) }],
            })
        }
        FileOperation::Copy { from, to } => {
            let (from, to) = (locate(grants, base, from)?, locate(grants, base, to)?);
            replace::check(&to, Over::Nothing)?;
            let text = patched(&from, &edit::read_original(&from)?.text, patch)?;
            let report = report(&to, Action::Created, Some(&from));
            Ok(Change { report, steps: vec![Step::Write { place: to, text, over: Over::Nothing }] })
        }
    }
}

/// The text with the patch applied. A file whose lines end with `\r\n` keeps them, if the patch has none.
fn patched(place: &Place<'_>, text: &str, patch: &diffy::Patch<'_, str>) -> Result<String> {
    let crlf = line_ending(text.as_bytes()) == Some(LineEnding::Crlf) && !patch.to_string().contains('\r');
    let applied = if crlf {
        diffy::apply(&text.replace("\r\n", "\n"), patch).map(|text| text.replace('\n', "\r\n"))
    } else {
        diffy::apply(text, patch)
    };
    let applied = applied.map_err(|error| {
        Error::invalid_arguments(format!(
            "`patch` does not apply to `{}`: {error} ({}): its lines are not in the file as they stand in the patch; read the file and \
             make the patch from what it has now. Nothing was changed",
            place.path,
            headers(patch)
        ))
    })?;
    if applied.len() as u64 > MAX_EDITED_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`{}` would have more than {MAX_EDITED_BYTES} bytes",
            place.path
        )));
    }
    Ok(applied)
}

fn headers(patch: &diffy::Patch<'_, str>) -> String {
    let header = |(number, hunk): (usize, &diffy::Hunk<'_, str>)| format!("#{number} @@ -{} @@", hunk.old_range());
    (1..).zip(patch.hunks()).take(10).map(header).collect::<Vec<_>>().join(", ")
}
