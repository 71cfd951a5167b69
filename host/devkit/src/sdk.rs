//! The SDKs that the binary carries, unpacked where compilers can read them.
//!
//! **Promises.** `TANDEM_SDK` wins. Else the sources are below the user's data directory, in a directory that is named by
//! their digest: each version of the binary finds its own, unpacked once and never changed. It appears whole or not at all.
//!
//! A project has a link to them, [`LINK`]: no package of an SDK is ever looked for in a public registry, where its name may be
//! another's.
//!
//! **Refuses** to guess where no home directory is known.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tandem_package::Sha256Digest;

use super::language::Language;

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The variable that names the directory of the SDKs, as the templates' `build.sh` reads it.
pub(super) const VARIABLE: &str = "TANDEM_SDK";

/// The link in a project by which compilers, test runners and editors find the SDKs: it leads to the directory around `sdk`, where
/// the Rust SDK's workspace is.
const LINK: &str = ".sdk";

/// Where Node looks for the SDK of a project, and what is there, as `npm install` would lay it by the template's `package.json`.
const NODE: (&str, &str) = ("node_modules/@tandem/sdk", "../../.sdk/sdk/javascript");

/// The workspace that the Rust SDK's packages take their versions from.
const WORKSPACE: &str = "Cargo.toml";

/// Characters of the digest in the directory's name: 64 bits, so that two versions never share one by chance.
const DIGEST: usize = 16;

/// Lays out the SDKs, and the link of a project to them, if one is named. Answers where they are.
///
/// # Errors
/// They cannot be written, or the project is of no known language.
pub fn lay_out(project: Option<&Path>) -> anyhow::Result<PathBuf> {
    let directory = directory()?;
    if let Some(project) = project {
        link(project, Language::of(project)?, &directory)?;
    }
    Ok(directory)
}

/// The files of a language's template, by their names in a project.
pub(super) fn template(language: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let prefix = format!("sdk/{language}/template/");
    FILES.iter().filter_map(move |(name, bytes)| Some((name.strip_prefix(&prefix)?, *bytes)))
}

/// The directory of the SDKs: that of `TANDEM_SDK`, or the unpacked one.
pub(super) fn directory() -> anyhow::Result<PathBuf> {
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let given = PathBuf::from(given);
        if !given.join("rust/Cargo.toml").is_file() {
            bail!("{VARIABLE} is {}, which holds no SDKs; unset it to use those of this binary", given.display());
        }
        return given.canonicalize().with_context(|| format!("cannot read {}", given.display()));
    }
    let digest = digest();
    let place = data_directory()?.join("sdk").join(digest.get(..DIGEST).unwrap_or(&digest));
    if !place.is_dir() {
        unpack(&place).with_context(|| format!("cannot unpack the SDKs into {}", place.display()))?;
    }
    Ok(place.join("sdk"))
}

/// Lays a project's link to the SDKs, which are `sdk`. What an author put in its place, a copy for instance, stays.
pub(super) fn link(project: &Path, language: Language, sdk: &Path) -> anyhow::Result<()> {
    let around = sdk.parent().filter(|around| around.join("sdk/rust/Cargo.toml").is_file());
    let around = around.with_context(|| format!("{} must be called `sdk`, as in its source tree", sdk.display()))?;
    let place = project.join(LINK);
    if fs::read_link(&place).map_or(place.symlink_metadata().is_err(), |there| there != around) {
        lay(around, &place)?;
    }
    let (name, target) = NODE;
    let package = project.join(name);
    if language == Language::Javascript && package.symlink_metadata().is_err() {
        lay(Path::new(target), &package)?;
    }
    Ok(())
}

/// Makes a link, or puts it in the place of another one.
fn lay(target: &Path, place: &Path) -> anyhow::Result<()> {
    let put = || {
        let temporary = place.with_file_name(format!(".link.{}.tmp", std::process::id()));
        place.parent().map_or(Ok(()), fs::create_dir_all)?;
        symlink(target, &temporary)?;
        fs::rename(&temporary, place)
    };
    put().with_context(|| format!("cannot make the link {}", place.display()))
}

/// `$XDG_DATA_HOME/tandem`, by the XDG base directory specification.
fn data_directory() -> anyhow::Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
    let data = data.with_context(|| {
        format!("there is no home directory to unpack the SDKs into; set HOME, XDG_DATA_HOME or {VARIABLE}")
    })?;
    Ok(data.join("tandem"))
}

fn digest() -> String {
    let mut all = Vec::new();
    for (name, bytes) in FILES {
        all.extend_from_slice(name.as_bytes());
        all.push(0);
        all.extend_from_slice(Sha256Digest::of(bytes).as_bytes());
    }
    hex::encode(Sha256Digest::of(&all).as_bytes())
}

fn unpack(place: &Path) -> anyhow::Result<()> {
    let parent = place.parent().context("the SDKs' directory is below another one")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    let permissions = fs::Permissions::from_mode(0o755);
    let temporary = tempfile::Builder::new().prefix(".sdk-").permissions(permissions).tempdir_in(parent);
    // Dropped, it is taken away with all that is in it.
    let temporary = temporary.with_context(|| format!("cannot write to {}", parent.display()))?;
    unpack_into(temporary.path())?;
    match fs::rename(temporary.path(), place) {
        // Another process was quicker, with the same files.
        Err(_) if place.is_dir() => Ok(()),
        renamed => renamed.with_context(|| format!("cannot make {}", place.display())),
    }
}

fn unpack_into(directory: &Path) -> anyhow::Result<()> {
    for (name, bytes) in FILES {
        match *name {
            WORKSPACE => write(&directory.join(name), workspace(bytes)?.as_bytes())?,
            _ => write(&directory.join(name), bytes)?,
        }
    }
    Ok(())
}

/// Writes a file and its directory; scripts can be run.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let put = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
        let script = path.extension().is_some_and(|extension| extension == "sh");
        if script { fs::set_permissions(path, fs::Permissions::from_mode(0o755)) } else { Ok(()) }
    };
    put().with_context(|| format!("cannot write {}", path.display()))
}

/// The workspace of the Rust SDK alone: its versions and lints, without the packages that are not there.
fn workspace(bytes: &[u8]) -> anyhow::Result<String> {
    let mut document: toml::Table = toml::from_str(str::from_utf8(bytes)?)?;
    document.retain(|key, _| key == "workspace");
    if let Some(workspace) = document.get_mut("workspace").and_then(toml::Value::as_table_mut) {
        workspace.remove("default-members");
        workspace.insert("members".to_owned(), vec!["sdk/rust", "sdk/rust/macros"].into());
    }
    Ok(toml::to_string(&document)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_carries_what_each_language_is_built_from_and_nothing_that_was_built() {
        for file in ["wit/worlds.wit", "sdk/rust/src/lib.rs", "sdk/python/src/tandem_sdk/build.py", "sdk/c/build.sh"] {
            assert!(FILES.iter().any(|(name, _)| *name == file), "{file}");
        }
        for language in ["rust", "python", "javascript", "c"] {
            let files: Vec<_> = template(language).map(|(name, _)| name).collect();
            for file in ["plugin.toml", "build.sh", "README.md", ".gitignore", "tests/tools.toml"] {
                assert!(files.contains(&file), "{language} has no {file}: {files:?}");
            }
        }
        let built = ["node_modules", "__pycache__", "/target/", "/build/"];
        assert!(!FILES.iter().any(|(name, _)| built.iter().any(|built| name.contains(built))));
    }

    #[test]
    fn the_workspace_names_only_packages_that_are_unpacked() {
        let home = tempfile::tempdir().unwrap();
        unpack_into(home.path()).unwrap();
        let text = fs::read_to_string(home.path().join(WORKSPACE)).unwrap();
        let workspace: toml::Table = toml::from_str(&text).unwrap();
        for member in workspace["workspace"]["members"].as_array().unwrap() {
            assert!(home.path().join(member.as_str().unwrap()).join("Cargo.toml").is_file(), "{member}");
        }
        let sdk = fs::read_to_string(home.path().join("sdk/rust/Cargo.toml")).unwrap();
        let sdk: toml::Table = toml::from_str(&sdk).unwrap();
        for name in sdk["dependencies"].as_table().unwrap().keys() {
            assert!(workspace["workspace"]["dependencies"].get(name).is_some(), "{name}");
        }
    }
}
