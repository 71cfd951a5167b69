//! Revisions, as `main~3`, `v1.0^{}` or `a1b2c3d`: names to ids.

use gix_hash::ObjectId;
use gix_object::Kind;
use tandem_sdk::prelude::*;

use crate::{
    commits,
    limits::{MAX_ANCESTORS, MAX_REVISION_BYTES, MAX_TAG_DEPTH, SIMILAR},
    refs,
    repository::Repository,
};

/// Where a name without `/` is looked for, in git's order.
const PLACES: [&str; 5] = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];

fn invalid(parameter: &str, revision: &str, why: &str) -> Error {
    Error::invalid_arguments(format!("`{parameter}`: `{revision}` {why}"))
}

/// The object that `revision` names.
pub(crate) fn object(repository: &Repository, parameter: &str, revision: &str) -> Result<ObjectId> {
    if revision.is_empty() || revision.len() > MAX_REVISION_BYTES {
        return Err(invalid(
            parameter,
            "",
            &format!("is not a revision: it has 1 to {MAX_REVISION_BYTES} bytes, as `HEAD~3`"),
        ));
    }
    if revision.contains("..") {
        return Err(invalid(
            parameter,
            revision,
            "is a range; give its ends one by one (`git_diff` takes `from` and `to`)",
        ));
    }
    if revision.contains(':') {
        return Err(invalid(parameter, revision, "names a file; `git_file` takes `revision` and `path`"));
    }
    let end = revision.find(['~', '^']).unwrap_or(revision.len());
    let (name, steps) = revision.split_at_checked(end).unwrap_or((revision, ""));
    let mut id = named(repository, parameter, name)?;
    let mut rest = steps;
    while let Some(sign) = rest.chars().next() {
        rest = rest.get(1..).unwrap_or_default();
        if let Some(inner) = rest.strip_prefix('{').filter(|_| sign == '^') {
            let (kind, after) =
                inner.split_once('}').ok_or_else(|| invalid(parameter, revision, "has a `{` without a `}`"))?;
            id = peel(repository, id, kind).map_err(|why| invalid(parameter, revision, &why))?;
            rest = after;
            continue;
        }
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        let number = if number.is_empty() { Ok(1) } else { number.parse::<usize>() };
        let number = number.ok().filter(|number| *number <= MAX_ANCESTORS);
        let number =
            number.ok_or_else(|| invalid(parameter, revision, &format!("goes back more than {MAX_ANCESTORS}")))?;
        id = if sign == '~' { ancestor(repository, id, number) } else { parent(repository, id, number) }?
            .ok_or_else(|| invalid(parameter, revision, "goes back further than the history"))?;
        rest = after;
    }
    Ok(id)
}

/// The commit that `revision` names.
pub(crate) fn commit(repository: &Repository, parameter: &str, revision: &str) -> Result<ObjectId> {
    let id = object(repository, parameter, revision)?;
    let (id, kind) = peeled(repository, id)?;
    if kind != Kind::Commit {
        return Err(invalid(parameter, revision, &format!("is a {kind}; name a commit, branch or tag")));
    }
    Ok(id)
}

fn parent(repository: &Repository, id: ObjectId, number: usize) -> Result<Option<ObjectId>> {
    let commit = commits::read(repository, peeled(repository, id)?.0)?;
    Ok(match number.checked_sub(1) {
        None => Some(commit.id),
        Some(index) => commit.parents.get(index).copied(),
    })
}

fn ancestor(repository: &Repository, id: ObjectId, number: usize) -> Result<Option<ObjectId>> {
    let mut id = peeled(repository, id)?.0;
    for _ in 0..number {
        match commits::read(repository, id)?.parents.first() {
            Some(parent) => id = *parent,
            None => return Ok(None),
        }
    }
    Ok(Some(id))
}

fn peel(repository: &Repository, id: ObjectId, kind: &str) -> std::result::Result<ObjectId, String> {
    let (id, is) = peeled(repository, id).map_err(|error| error.to_string())?;
    match kind {
        "" | "object" => Ok(id),
        "commit" if is == Kind::Commit => Ok(id),
        "tree" if is == Kind::Commit => {
            commits::read(repository, id).map(|commit| commit.tree).map_err(|error| error.to_string())
        }
        "tree" if is == Kind::Tree => Ok(id),
        "blob" if is == Kind::Blob => Ok(id),
        "commit" | "tree" | "blob" => Err(format!("is a {is} and not a {kind}")),
        _ => Err("has an unknown `^{…}`: there are `^{}`, `^{commit}`, `^{tree}` and `^{blob}`".to_owned()),
    }
}

/// What a tag is of, and what that is.
pub(crate) fn peeled(repository: &Repository, mut id: ObjectId) -> Result<(ObjectId, Kind)> {
    for _ in 0..MAX_TAG_DEPTH {
        let object = repository.objects.find(id)?;
        if object.kind != Kind::Tag {
            return Ok((id, object.kind));
        }
        id = commits::tag(id, &object.data)?.target;
    }
    Err(Error::failed(format!("more than {MAX_TAG_DEPTH} tags point to each other")))
}

fn named(repository: &Repository, parameter: &str, name: &str) -> Result<ObjectId> {
    let name = if name.is_empty() || name == "@" { "HEAD" } else { name };
    if name.len() == 40
        && let Ok(id) = ObjectId::from_hex(name.as_bytes())
    {
        return if repository.objects.contains(id)? {
            Ok(id)
        } else {
            Err(Error::not_found(format!("`{parameter}`: there is no object {name} in the repository")))
        };
    }
    for place in PLACES {
        if let Some(id) = refs::resolve(repository, &format!("{place}{name}"))? {
            return Ok(id);
        }
    }
    if let Some(id) = refs::resolve(repository, &format!("refs/remotes/{name}/HEAD"))? {
        return Ok(id);
    }
    abbreviated(repository, parameter, name)
}

fn abbreviated(repository: &Repository, parameter: &str, name: &str) -> Result<ObjectId> {
    let lower = name.to_ascii_lowercase();
    if (4..40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        match repository.objects.with_prefix(&lower)?.as_slice() {
            [id] => return Ok(*id),
            [_, _, ..] => return Err(invalid(parameter, name, "begins more than one id: give more of its digits")),
            [] => {}
        }
    }
    if name == "HEAD" {
        return Err(Error::not_found(format!("`{parameter}`: the branch of `HEAD` has no commits yet")));
    }
    Err(Error::not_found(format!("`{parameter}`: there is no revision `{name}`{}", hint(repository, name)?)))
}

/// The name that was meant, or some that there are.
fn hint(repository: &Repository, name: &str) -> Result<String> {
    let all = refs::all(repository, "refs/")?;
    let short = |full: &String| PLACES.iter().rev().find_map(|place| full.strip_prefix(place)).map(str::to_owned);
    let names: Vec<String> = all.keys().filter_map(short).collect();
    let nearest = names
        .iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(similar, _)| *similar >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Ok(match nearest {
        Some((_, known)) => format!("; is `{known}` meant?"),
        None => {
            let some: Vec<_> = names.iter().take(10).map(String::as_str).collect();
            format!("; branches and tags: {}", if some.is_empty() { "none".to_owned() } else { some.join(", ") })
        }
    })
}
