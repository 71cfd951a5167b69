//! `tandem import openapi`, and what `tandem plugin pack` does with what it wrote.
//!
//! An import is a directory: `plugin.toml`, which says what is requested, and `operations.json`, which says what each tool does. Its
//! component is the one that the binary carries, with `operations.json` in it; packing builds it again, so that what was reviewed
//! is what is packed.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tandem_files::read_regular;
use tandem_openapi::{MAX_DOCUMENT, Options, carry, import};
use tandem_operations::Operations;
use tandem_types::Name;

use super::{project::COMPONENT, terminal::say};
use crate::package;

include!(concat!(env!("OUT_DIR"), "/api.rs"));

/// What the tools do.
const OPERATIONS: &str = "operations.json";

/// Largest file of operations: indented it is up to three times what a component carries.
const MAX_OPERATIONS_FILE: usize = 3 * tandem_operations::CAPACITY;

/// Operations that are left out and shown; of the others only how many.
const MAX_NOTES: usize = 20;

/// What is imported.
#[derive(Clone, Debug)]
pub struct ImportApi {
    /// The document.
    pub document: PathBuf,
    /// The plugin's name [default: of the document's title]
    pub name: Option<Name>,
    /// Operations by id, glob, `METHOD /path` or `tag:NAME` [default: all]
    pub include: Vec<String>,
    /// Only what is read with GET and HEAD.
    pub read_only: bool,
    /// The server, in place of the document's.
    pub server: Option<String>,
    /// The directory [default: one of the name, here]
    pub output: Option<PathBuf>,
}

/// Makes a plugin of a document.
pub fn run(args: &ImportApi) -> anyhow::Result<()> {
    let shown = args.document.display();
    let document = read_regular(&args.document, MAX_DOCUMENT as u64).with_context(|| format!("cannot read {shown}"))?;
    let ImportApi { name, include, read_only, server, .. } = args.clone();
    let made = import(&document, &Options { name, include, read_only, server }).with_context(|| shown.to_string())?;
    let directory = args.output.clone().unwrap_or_else(|| PathBuf::from(made.name.as_str()));
    if directory.symlink_metadata().is_ok() {
        bail!("{} exists already and is left as it is; choose another directory with -o", directory.display());
    }
    // Written beside it, so that the directory appears whole or not at all.
    let temporary = directory.with_file_name(format!(".{}.{}.tmp", made.name, std::process::id()));
    let written = write(&temporary, &made.manifest, &made.operations).and_then(|()| {
        fs::rename(&temporary, &directory).with_context(|| format!("cannot make {}", directory.display()))
    });
    if written.is_err() {
        // The first error is the one that counts.
        drop(fs::remove_dir_all(&temporary));
    }
    written?;
    for note in made.notes.iter().take(MAX_NOTES) {
        say!("left out: {note}");
    }
    if let Some(more) = made.notes.len().checked_sub(MAX_NOTES).filter(|more| *more > 0) {
        say!("left out: {more} more");
    }
    if made.is_plain {
        say!(
            "warning: the server is reached without TLS: secrets are sent only to networks that the grant names (allow-cidrs)"
        );
    }
    let (tools, directory) = (made.operations.tools.len(), directory.display());
    writeln!(
        crate::terminal::out(),
        "{directory}: {tools} tools of {}. Review {directory}/plugin.toml and {directory}/{OPERATIONS}. Next:\n\n  tandem plugin pack {directory} --key KEY",
        made.operations.source
    )?;
    Ok(())
}

fn write(directory: &Path, manifest: &str, operations: &Operations) -> anyhow::Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let mut json = serde_json::to_vec_pretty(operations)?;
    json.push(b'\n');
    package::replace(&directory.join("plugin.toml"), manifest.as_bytes())?;
    package::replace(&directory.join(OPERATIONS), &json)?;
    build(directory)
}

/// Whether a directory is an import.
pub(super) fn is_import(directory: &Path) -> bool {
    directory.join(OPERATIONS).is_file()
}

/// Builds the component of an import from its operations.
pub(super) fn build(directory: &Path) -> anyhow::Result<()> {
    let Some(component) = COMPONENT_BYTES else {
        bail!("this binary was built without the component behind imported APIs; `make build` builds both")
    };
    let path = directory.join(OPERATIONS);
    let text =
        read_regular(&path, MAX_OPERATIONS_FILE as u64).with_context(|| format!("cannot read {}", path.display()))?;
    let operations: Operations =
        serde_json::from_slice(&text).with_context(|| format!("{} is malformed", path.display()))?;
    package::replace(&directory.join(COMPONENT), &carry(component, &operations)?)
}
