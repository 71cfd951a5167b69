//! Content from a gateway that need not be trusted.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cid::Cid;
use schemars::JsonSchema;
use serde::Serialize;
use tandem_granted_folders::{Folders, NewFile};

use crate::{
    car::Store,
    cid_tool::parse,
    dag::segments,
    fault::{Fault, Result},
    gateway,
    hash::{self, RAW},
    limits::{MAX_ANSWER_BYTES, MAX_BLOCK_BYTES, MAX_GATEWAY_BYTES},
    meter::Meter,
    walk::{Content, Walker},
};

/// An entry of a folder.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Entry {
    /// Its name.
    name: String,
    /// Its CID.
    cid: String,
    /// Bytes of its DAG, as the folder says: this is not verified.
    dag_bytes: u64,
}

/// What was got; all of it was verified.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Got {
    /// The CID that the path led to.
    cid: String,
    /// Bytes of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Blocks that were verified.
    verified_blocks: usize,
    /// The content, where it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The content as base64, where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The file that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The entries, where it is a folder; the first 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<Entry>>,
    /// All entries of the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_entries: Option<usize>,
}

/// Entries of a folder that an answer names.
const MAX_LISTED: usize = 1_000;

/// What is wanted, and of whom.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) cid: &'a str,
    pub(crate) gateway: &'a str,
    pub(crate) to: Option<&'a str>,
    pub(crate) overwrite: bool,
}

/// Gets and verifies.
pub(crate) fn get(request: Request<'_>, meter: &Meter<'_>) -> Result<Got> {
    let given = request.cid.trim_start_matches("ipfs://").trim_start_matches("/ipfs/");
    let (root, path) = given.split_once('/').unwrap_or((given, ""));
    let (root, path) = (parse("cid", root)?, segments("cid", path)?);
    let to = request.to.map(|to| Folders::granted().locate("to", to)).transpose()?;
    let file = to.as_ref().map(|to| NewFile::create("path", to, request.overwrite)).transpose()?;
    if root.codec() == RAW && path.is_empty() {
        let block = raw(&root, request.gateway)?;
        meter.content(block.len())?;
        let got = Got { cid: root.to_string(), bytes: Some(block.len() as u64), verified_blocks: 1, ..Got::default() };
        return deliver(block, got, file, to.map(|to| to.path));
    }
    let car = car(&root, &path, request.gateway)?;
    meter.check()?;
    let bytes = car.len() as u64;
    let mut source = Cursor::new(car);
    let mut store = Store::open(&mut source, bytes, meter)?;
    let verified_blocks = store.len();
    let mut walker = Walker { store: &mut store, meter };
    let cid = resolve(&mut walker, root, &path)?;
    let mut got = Got { cid: cid.to_string(), verified_blocks, ..Got::default() };
    match walker.content(&cid)? {
        Content::Folder(_) if file.is_some() => Err(Fault::Argument(format!(
            "`to`: {cid} is a folder: leave `to` out for its entries, and get the files one by one"
        ))),
        Content::Folder(links) => {
            got.total_entries = Some(links.len());
            let entries = links.into_iter().take(MAX_LISTED);
            let entries =
                entries.map(|link| Entry { name: link.name, cid: link.cid.to_string(), dag_bytes: link.size });
            got.entries = Some(entries.collect());
            Ok(got)
        }
        Content::Symlink => Err(Fault::Unsupported(format!("{cid} is a symbolic link, which is not followed"))),
        Content::File => match (file, to) {
            (Some(mut file), Some(to)) => {
                got.bytes = Some(walker.file(&cid, &mut file, &to.path)?);
                file.commit()?;
                got.path = Some(to.path);
                Ok(got)
            }
            _ => {
                let mut content = Capped(Vec::new());
                got.bytes = Some(walker.file(&cid, &mut content, "the answer")?);
                deliver(content.0, got, None, None)
            }
        },
    }
}

/// The CID that names lead to.
fn resolve(walker: &mut Walker<'_, '_>, root: Cid, path: &[&str]) -> Result<Cid> {
    let mut cid = root;
    for segment in path {
        let Content::Folder(links) = walker.content(&cid)? else {
            return Err(Fault::NotFound(format!("`cid`: there is no `{segment}` in {cid}, which is not a folder")));
        };
        let found = links.iter().find(|link| link.name == *segment);
        cid = found.map(|link| link.cid).ok_or_else(|| {
            let names: Vec<String> = links.iter().take(10).map(|link| format!("`{}`", link.name)).collect();
            Fault::NotFound(format!("`cid`: there is no `{segment}` in {cid}; it has {}", names.join(", ")))
        })?;
    }
    Ok(cid)
}

fn raw(cid: &Cid, host: &str) -> Result<Vec<u8>> {
    let mut url = gateway::address("gateway", host, &["ipfs", &cid.to_string()])?;
    if let Some(bytes) = hash::inline(cid) {
        return Ok(bytes.to_vec());
    }
    url.set_query(Some("format=raw"));
    let max = usize::try_from(MAX_BLOCK_BYTES).unwrap_or(usize::MAX);
    let request = gateway::request("GET", &url, max).header("accept", "application/vnd.ipld.raw");
    let block = gateway::body(&url, request.send())?;
    hash::verify(cid, &block)?;
    Ok(block)
}

fn car(cid: &Cid, path: &[&str], host: &str) -> Result<Vec<u8>> {
    let root = cid.to_string();
    let below: Vec<&str> = ["ipfs", root.as_str()].into_iter().chain(path.iter().copied()).collect();
    let mut url = gateway::address("gateway", host, &below)?;
    // The blocks of a file, or those that list a folder.
    url.set_query(Some("format=car&dag-scope=entity"));
    let request = gateway::request("GET", &url, MAX_GATEWAY_BYTES).header("accept", "application/vnd.ipld.car");
    gateway::body(&url, request.send())
}

/// Bytes for an answer.
struct Capped(Vec<u8>);

impl std::io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if (self.0.len() + bytes.len()) as u64 > MAX_ANSWER_BYTES {
            return Err(too_large().into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn too_large() -> Fault {
    Fault::Limit(format!(
        "the content has more than {MAX_ANSWER_BYTES} bytes, the bound of an answer: give a file in `to`"
    ))
}

/// Content into the file or the answer.
fn deliver(content: Vec<u8>, mut got: Got, file: Option<NewFile>, path: Option<String>) -> Result<Got> {
    if let (Some(mut file), Some(path)) = (file, path) {
        std::io::Write::write_all(&mut file, &content).map_err(|error| Fault::io(&path, error))?;
        file.commit()?;
        got.path = Some(path);
        return Ok(got);
    }
    if content.len() as u64 > MAX_ANSWER_BYTES {
        return Err(too_large());
    }
    match String::from_utf8(content) {
        Ok(text) => got.text = Some(text),
        Err(bytes) => got.base64 = Some(STANDARD.encode(bytes.as_bytes())),
    }
    Ok(got)
}
