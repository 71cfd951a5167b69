//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::{
    cid_tool::{self, CidInfo, CidVersion, TextBase},
    dag::{self, Node},
    extract::{self, Extracted},
    fault::refusal,
    get::{self, Got},
    list::{self, Listing},
    meter::Meter,
    pack::{self, Packed},
    pin::{self, Pinned},
};

/// The category.
#[derive(Debug)]
pub struct Ipfs;

#[tools]
impl Ipfs {
    /// Computes the IPFS CID (content identifier, content hash) of a text, of bytes or of a file or folder, the same that `ipfs add`
    /// prints; or reads a CID and returns its version, codec, multihash and base and converts it between CIDv0, CIDv1 and bases.
    #[tool(read_only, idempotent, title = "Compute or read a CID")]
    fn ipfs_cid(
        ctx: &Ctx,
        /// Content as text, as `hello world`; up to 2 MiB. One of `text`, `base64`, `path` and `cid` is given.
        text: Option<String>,
        /// Content as base64, as `aGVsbG8=`.
        base64: Option<String>,
        /// Content as a file or folder in a granted folder, as `data/docs`.
        path: Option<String>,
        /// A CID to read or convert, as `QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o`.
        cid: Option<String>,
        /// The base to write the CID in; another than `base58btc` makes it version 1. Its usual base if not given.
        base: Option<TextBase>,
        /// Version of the CID of content: `0` (`Qm…`) or `1` (`bafy…`), as with `ipfs add --cid-version`.
        #[arg(default)]
        cid_version: CidVersion,
        /// Whether leaves are raw blocks; if not given, with version 1 only.
        raw_leaves: Option<bool>,
        /// Bytes of a chunk; 262144 is what kubo takes.
        #[arg(default = 262_144, min = 16, max = 1_048_576)]
        chunk_bytes: u32,
        /// Whether files whose names begin with a dot are taken, in folders.
        #[arg(default)]
        hidden: bool,
    ) -> Result<CidInfo> {
        let request = cid_tool::Request { text, base64, path, cid, base, hidden };
        let layout = cid_version.layout(raw_leaves, chunk_bytes);
        cid_tool::cid(request, layout, &Meter::new(ctx)).map_err(refusal)
    }

    /// Packs files and folders into a CAR file (content-addressed archive) with the UnixFS blocks of IPFS, and returns the root CID, the same
    /// that `ipfs add` prints. For zip or tar use `archive_create`.
    #[tool(destructive, title = "Pack files into a CAR")]
    fn ipfs_car_pack(
        ctx: &Ctx,
        /// The new CAR in a granted folder, as `data/docs.car`.
        path: &str,
        /// Files and folders to pack, as `data/docs`; from 1 to 100. Several are put into a folder.
        sources: Vec<String>,
        /// Whether one source is put into a folder too, which keeps its name, as with `ipfs add -w`.
        #[arg(default)]
        wrap: bool,
        /// Version of the CIDs: `0` (`Qm…`) or `1` (`bafy…`).
        #[arg(default)]
        cid_version: CidVersion,
        /// Whether leaves are raw blocks; if not given, with version 1 only.
        raw_leaves: Option<bool>,
        /// Bytes of a chunk; 262144 is what kubo takes.
        #[arg(default = 262_144, min = 16, max = 1_048_576)]
        chunk_bytes: u32,
        /// Whether files whose names begin with a dot are packed, in folders.
        #[arg(default)]
        hidden: bool,
        /// Whether a file that is there is replaced.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Packed> {
        let packed = pack::target("path", path).and_then(|to| {
            let layout = cid_version.layout(raw_leaves, chunk_bytes);
            let argument = "sources";
            let request = pack::Request { to, argument, sources: &sources, wrap, hidden, layout, overwrite };
            pack::pack(request, &Meter::new(ctx))
        });
        packed.map_err(refusal)
    }

    /// Lists the roots and blocks of a CAR file with their CIDs, codecs and sizes, and verifies the hash of every block. To read
    /// one node use `ipfs_dag_get`, to get the files out `ipfs_car_extract`.
    #[tool(read_only, idempotent, title = "List a CAR")]
    fn ipfs_car_list(
        ctx: &Ctx,
        /// The CAR in a granted folder, as `data/docs.car`.
        path: &str,
        /// Blocks of a page.
        #[arg(default = 50, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Listing> {
        list::list(path, limit, cursor.as_deref(), &Meter::new(ctx)).map_err(refusal)
    }

    /// Extracts (unpacks) the files and folders of a CAR file into a folder, and returns the paths that were written. Every block is verified
    /// against its CID, names that leave the folder are refused, and nothing is written where anything is wrong.
    #[tool(destructive, title = "Extract a CAR")]
    fn ipfs_car_extract(
        ctx: &Ctx,
        /// The CAR in a granted folder, as `data/docs.car`.
        path: &str,
        /// The folder to write to, as `data/docs`; it is made if it is not there. A root that is a file gets its CID as its name.
        to: &str,
        /// The file or folder to extract; the root of the CAR if not given.
        cid: Option<String>,
        /// Whether files that are there are replaced.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Extracted> {
        let request = extract::Request { path, to, cid: cid.as_deref(), overwrite };
        extract::extract(request, &Meter::new(ctx)).map_err(refusal)
    }

    /// Reads one IPLD node (dag-cbor, dag-json, dag-pb or raw block) of a CAR file by CID and path, follows links, and returns it as
    /// DAG-JSON. To get files out of a CAR use `ipfs_car_extract`.
    #[tool(read_only, idempotent, title = "Read an IPLD node")]
    fn ipfs_dag_get(
        ctx: &Ctx,
        /// The CAR in a granted folder, as `data/docs.car`.
        path: &str,
        /// The CID to begin at; the root of the CAR if not given.
        cid: Option<String>,
        /// The path from there, through links: names of folder entries, keys of maps and indexes of lists, as `docs/guide.md` or `list/0`.
        #[arg(default = "")]
        node: &str,
    ) -> Result<Node> {
        dag::get(path, cid.as_deref(), node, &Meter::new(ctx)).map_err(refusal)
    }

    /// Gets (downloads, retrieves) a file or folder listing from IPFS by CID through an HTTP gateway, verifies every block against the
    /// CID, and returns the content or writes it to a file. The gateway need not be trusted.
    #[tool(destructive, open_world, title = "Get content from IPFS")]
    fn ipfs_get(
        ctx: &Ctx,
        /// The CID, also with a path or as a URL, as `bafybei…/docs/guide.md` or `ipfs://bafybei…`.
        cid: &str,
        /// The URL of a trustless gateway that is granted, as `https://trustless-gateway.link` or `http://127.0.0.1:8080`.
        gateway: &str,
        /// The file to write to in a granted folder, as `data/guide.md`; without it the content is in the answer, up to 1 MiB.
        to: Option<String>,
        /// Whether a file that is there is replaced.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Got> {
        let request = get::Request { cid, gateway, to: to.as_deref(), overwrite };
        get::get(request, &Meter::new(ctx)).map_err(refusal)
    }

    /// Adds a file or folder to IPFS: writes it as a CAR into a granted folder and, if `node` is given, imports it into that IPFS node
    /// (kubo RPC) and pins it there. Returns the CID. To only compute the CID use `ipfs_cid`.
    #[tool(destructive, open_world, title = "Pin files to IPFS")]
    fn ipfs_pin(
        ctx: &Ctx,
        /// The file or folder in a granted folder, as `data/docs`.
        source: &str,
        /// The CAR to write, as `data/docs.car`; if not given, beside the source.
        to: Option<String>,
        /// The URL of the RPC of a node that is granted, as `http://127.0.0.1:5001`.
        node: Option<String>,
        /// Whether it is put into a folder, which keeps its name.
        #[arg(default)]
        wrap: bool,
        /// Version of the CIDs: `0` (`Qm…`) or `1` (`bafy…`).
        #[arg(default)]
        cid_version: CidVersion,
        /// Whether files whose names begin with a dot are taken, in folders.
        #[arg(default)]
        hidden: bool,
        /// Whether a CAR that is there is replaced.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Pinned> {
        let request =
            pin::Request { source, to: to.as_deref(), node: node.as_deref(), wrap, cid_version, hidden, overwrite };
        pin::pin(&request, &Meter::new(ctx)).map_err(refusal)
    }
}

tandem_sdk::export!(Ipfs);
