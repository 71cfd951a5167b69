//! Files and folders out of a CAR.

use cid::Cid;
use schemars::JsonSchema;
use serde::Serialize;
use tandem_granted_folders::{self as folders, Folders};

use crate::{
    car::Store,
    cid_tool::parse,
    fault::{Fault, Result},
    limits::{MAX_DEPTH, MAX_ENTRIES, MAX_PATHS},
    meter::Meter,
    name,
    staging::Staging,
    walk::{Content, Walker},
};

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Extracted {
    /// The CID that was extracted.
    cid: String,
    /// The folder that was written to.
    to: String,
    /// Files that were written.
    files: usize,
    /// Folders in it.
    folders: usize,
    /// Bytes that were written.
    bytes: u64,
    /// Blocks of the CAR, all of which were verified.
    verified_blocks: usize,
    /// The paths of the files, the first 50.
    paths: Vec<String>,
}

/// What is extracted, and where to.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) to: &'a str,
    pub(crate) cid: Option<&'a str>,
    pub(crate) overwrite: bool,
}

/// Extracts the DAG of a root, all of it or nothing.
pub(crate) fn extract(request: Request<'_>, meter: &Meter<'_>) -> Result<Extracted> {
    let granted = Folders::granted();
    let location = granted.locate("path", request.path)?;
    let to = granted.locate("to", request.to)?;
    let given = request.cid.map(|text| parse("cid", text)).transpose()?;
    let (mut file, length) = folders::open("path", &location)?;
    let mut buffered = std::io::BufReader::with_capacity(1 << 16, &mut file);
    let mut store = Store::open(&mut buffered, length, meter)?;
    let root = store.start(given)?;
    let verified_blocks = store.len();
    // All names are looked at before the first is written: a DAG that has too many costs no folder.
    let plan = plan(&mut Walker { store: &mut store, meter }, root)?;
    let result = Extracted {
        cid: root.to_string(),
        to: to.path.clone(),
        files: 0,
        folders: 0,
        bytes: 0,
        verified_blocks,
        paths: Vec::new(),
    };
    let walker = Walker { store: &mut store, meter };
    let mut writing = Writing { walker, staging: Staging::new(&to)?, result };
    for entry in plan {
        if entry.folder {
            writing.result.folders += 1;
            writing.staging.folder(&entry.path)?;
        } else {
            writing.file(&entry.cid, &entry.path)?;
        }
    }
    meter.check()?;
    writing.staging.commit(request.overwrite)?;
    Ok(writing.result)
}

/// What is to be written.
struct Entry {
    cid: Cid,
    path: String,
    folder: bool,
}

/// The files and folders below a root, each folder before what is in it.
fn plan(walker: &mut Walker<'_, '_>, root: Cid) -> Result<Vec<Entry>> {
    let mut plan = Vec::new();
    let mut waiting = vec![(root, String::new(), 0_usize)];
    while let Some((cid, mut path, depth)) = waiting.pop() {
        if depth > MAX_DEPTH {
            return Err(Fault::Limit(format!("`{path}` is more than {MAX_DEPTH} folders deep")));
        }
        let content = walker.content(&cid)?;
        if let Content::Folder(links) = &content {
            for link in links.iter().rev() {
                if let Some(problem) = name::problem(&link.name) {
                    return Err(Fault::Unsafe(format!("the name `{}` {problem}; nothing was written", link.name)));
                }
                let below = if path.is_empty() { link.name.clone() } else { format!("{path}/{}", link.name) };
                waiting.push((link.cid, below, depth + 1));
            }
        } else if matches!(content, Content::Symlink) {
            return Err(Fault::Unsafe(format!("`{path}` is a link, and links are not extracted; nothing was written")));
        } else if path.is_empty() {
            // A root that is a file has no name: it gets its CID's, as with `ipfs get`.
            path = cid.to_string();
        }
        plan.push(Entry { cid, path, folder: matches!(content, Content::Folder(_)) });
        if waiting.len() + plan.len() > MAX_ENTRIES {
            return Err(Fault::Limit(format!(
                "the DAG has more than {MAX_ENTRIES} files and folders, the bound of a call"
            )));
        }
    }
    Ok(plan)
}

struct Writing<'a, 'b> {
    walker: Walker<'a, 'b>,
    staging: Staging,
    result: Extracted,
}

impl Writing<'_, '_> {
    fn file(&mut self, cid: &Cid, path: &str) -> Result<()> {
        let shown = self.staging.shown(path);
        let mut file = self.staging.file(path)?;
        self.result.bytes += self.walker.file(cid, &mut file, &shown)?;
        self.result.files += 1;
        if self.result.paths.len() < MAX_PATHS {
            self.result.paths.push(shown);
        }
        Ok(())
    }
}
