//! Files into a CAR, and from there to a node that pins them.

use std::io::Read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_granted_folders::{self as folders, Folders};

use crate::{
    cid_tool::CidVersion,
    fault::{Fault, Result},
    gateway,
    limits::{MAX_GATEWAY_BYTES, MAX_NODE_ANSWER_BYTES},
    meter::Meter,
    pack,
};

/// What was written and pinned.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Pinned {
    /// The CID of the file or folder.
    cid: String,
    /// The CAR that was written.
    path: String,
    /// Bytes of the files.
    bytes: u64,
    /// Blocks of the CAR.
    blocks: usize,
    /// Bytes of the CAR.
    car_bytes: u64,
    /// The node that has pinned the CID; absent where none was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_at: Option<String>,
}

/// What is pinned, and where.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) source: &'a str,
    pub(crate) to: Option<&'a str>,
    pub(crate) node: Option<&'a str>,
    pub(crate) wrap: bool,
    pub(crate) cid_version: CidVersion,
    pub(crate) hidden: bool,
    pub(crate) overwrite: bool,
}

const CHUNK_BYTES: u32 = 262_144;

/// Writes the CAR, and sends it to the node if there is one.
pub(crate) fn pin(request: &Request<'_>, meter: &Meter<'_>) -> Result<Pinned> {
    let granted = Folders::granted();
    let source = granted.locate("source", request.source)?;
    let beside = format!("{}.car", source.path);
    let to = granted.locate("to", request.to.unwrap_or(&beside))?;
    // A wrong URL is told before anything is written.
    let node = request.node.map(|node| gateway::address("node", node, &["api", "v0", "dag", "import"])).transpose()?;
    let sources = [source.path];
    let packed = pack::pack(
        pack::Request {
            to: to.clone(),
            argument: "source",
            sources: &sources,
            wrap: request.wrap,
            hidden: request.hidden,
            layout: request.cid_version.layout(None, CHUNK_BYTES),
            overwrite: request.overwrite,
        },
        meter,
    )?;
    if let Some(mut url) = node {
        url.set_query(Some("pin-roots=true"));
        meter.check()?;
        let kept = format!("; the CAR is kept in `{}`", to.path);
        import(&url, &to, &packed.cid).map_err(|fault| fault.and(&kept))?;
    }
    Ok(Pinned {
        cid: packed.cid,
        path: packed.path,
        bytes: packed.bytes,
        blocks: packed.blocks,
        car_bytes: packed.car_bytes,
        pinned_at: request.node.map(str::to_owned),
    })
}

/// A line of the answer of `dag import`.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(rename = "Root")]
    root: Option<Root>,
}

#[derive(Debug, Deserialize)]
struct Root {
    #[serde(rename = "Cid")]
    cid: Link,
    #[serde(rename = "PinErrorMsg", default)]
    error: String,
}

#[derive(Debug, Deserialize)]
struct Link {
    #[serde(rename = "/")]
    cid: String,
}

fn import(url: &url::Url, car: &folders::Location, cid: &str) -> Result<()> {
    let (mut file, length) = folders::open("to", car)?;
    if length > MAX_GATEWAY_BYTES as u64 {
        return Err(Fault::Limit(format!(
            "the CAR has {length} bytes; the bound of what is sent to a node is {MAX_GATEWAY_BYTES}: import it there with `ipfs dag import`"
        )));
    }
    // A CID in the boundary: the CAR would have to hold its own hash as text to break out of it.
    let boundary = format!("tandem-{cid}");
    let mut form = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"root.car\"\r\nContent-Type: application/vnd.ipld.car\r\n\r\n"
    )
    .into_bytes();
    file.read_to_end(&mut form).map_err(|error| Fault::io(&car.path, error))?;
    form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let request = gateway::request("POST", url, MAX_NODE_ANSWER_BYTES)
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(form);
    let answer = gateway::body(url, request.send())?;
    let wanted = cid::Cid::try_from(cid).ok();
    for line in answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Ok(Line { root: Some(root) }) = serde_json::from_slice(line) else { continue };
        if wanted.is_some() && cid::Cid::try_from(root.cid.cid.as_str()).ok() == wanted {
            let error: String = root.error.chars().take(500).collect();
            let pinned = error.is_empty();
            return if pinned { Ok(()) } else { Err(Fault::Io(format!("{url}: the node did not pin {cid}: {error}"))) };
        }
    }
    Err(Fault::Io(format!("{url}: the node did not say that it has pinned {cid}")))
}
