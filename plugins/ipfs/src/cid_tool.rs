//! CIDs: read, converted, and made of content.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cid::{Cid, Version};
use multibase::Base;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    build::{Builder, Layout, Made},
    fault::{Fault, Result},
    files::{Counted, Packer, Tally},
    hash::{DAG_PB, codec_name, hash_name},
    limits::{MAX_CID_BYTES, MAX_CID_CHARS, MAX_TEXT_BYTES},
    meter::Meter,
};

/// The version of the CIDs that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) enum CidVersion {
    /// `Qm…`: leaves are dag-pb.
    #[default]
    #[serde(rename = "0")]
    V0,
    /// `bafy…`: leaves are raw.
    #[serde(rename = "1")]
    V1,
}

impl CidVersion {
    /// As `ipfs add` has it: raw leaves go with version 1 unless said otherwise.
    pub(crate) fn layout(self, raw_leaves: Option<bool>, chunk_bytes: u32) -> Layout {
        let version = if self == Self::V0 { Version::V0 } else { Version::V1 };
        Layout {
            version,
            raw_leaves: raw_leaves.unwrap_or(self == Self::V1),
            chunk_bytes: usize::try_from(chunk_bytes).unwrap_or(usize::MAX),
        }
    }
}

/// The base that a CID is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TextBase {
    /// Digits in hexadecimal.
    Base16,
    /// As in host names, without regard to case.
    Base32,
    /// As in names of IPNS.
    Base36,
    /// As in CIDs of version 0.
    Base58btc,
    /// Shortest.
    Base64url,
}

impl TextBase {
    fn base(self) -> Base {
        match self {
            Self::Base16 => Base::Base16Lower,
            Self::Base32 => Base::Base32Lower,
            Self::Base36 => Base::Base36Lower,
            Self::Base58btc => Base::Base58Btc,
            Self::Base64url => Base::Base64Url,
        }
    }
}

/// What a CID says.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CidInfo {
    /// The CID; in the `base` that was asked for.
    cid: String,
    /// Its version, 0 or 1.
    version: u64,
    /// What the block is, as `dag-pb`.
    codec: String,
    /// The hash function, as `sha2-256`.
    hash: String,
    /// The hash in hexadecimal.
    digest: String,
    /// How the text of the CID is encoded, as `base58btc`.
    base: String,
    /// The CID in version 0, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    v0: Option<String>,
    /// The CID in version 1 and base 32.
    v1: String,
    /// Bytes of the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Blocks of the content; equal ones are counted each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<u64>,
    /// Links, devices and hidden files that were left out, the first 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
}

/// What a CID is wanted of.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) text: Option<String>,
    pub(crate) base64: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) cid: Option<String>,
    pub(crate) base: Option<TextBase>,
    pub(crate) hidden: bool,
}

/// Makes or reads a CID.
pub(crate) fn cid(request: Request, layout: Layout, meter: &Meter<'_>) -> Result<CidInfo> {
    let base = request.base;
    match (request.text, request.base64, request.path, request.cid) {
        (Some(text), None, None, None) => content(text.as_bytes(), "text", layout, base, meter),
        (None, Some(text), None, None) => {
            let bytes = STANDARD
                .decode(text.trim())
                .map_err(|error| Fault::Argument(format!("`base64` is not base64: {error}")))?;
            content(&bytes, "base64", layout, base, meter)
        }
        (None, None, Some(path), None) => {
            let mut blocks = Counted::default();
            let tally = Tally::default();
            let mut packer =
                Packer { layout, hidden: request.hidden, blocks: &mut blocks, meter, skip: Vec::new(), tally };
            let made = packer.pack("path", &[path], false)?;
            let left_out = packer.tally.left_out;
            Ok(CidInfo { left_out, ..of_content(made, blocks.blocks, base)? })
        }
        (None, None, None, Some(text)) => {
            let cid = parse("cid", &text)?;
            let found = multibase::decode(&text).map(|(base, _)| base).unwrap_or(Base::Base58Btc);
            describe(&cid, base, if cid.version() == Version::V0 { Base::Base58Btc } else { found })
        }
        _ => Err(Fault::Argument("give exactly one of `text`, `base64`, `path` and `cid`".to_owned())),
    }
}

fn content(bytes: &[u8], argument: &str, layout: Layout, base: Option<TextBase>, meter: &Meter<'_>) -> Result<CidInfo> {
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(Fault::Limit(format!(
            "`{argument}` has {} bytes; the bound is {MAX_TEXT_BYTES}: write it to a file and give its `path`",
            bytes.len()
        )));
    }
    let mut blocks = Counted::default();
    let mut rest = bytes;
    let made = Builder { layout, blocks: &mut blocks, meter }.file(&mut rest, argument)?;
    of_content(made, blocks.blocks, base)
}

fn of_content(made: Made, blocks: u64, base: Option<TextBase>) -> Result<CidInfo> {
    let usual = if made.cid.version() == Version::V0 { Base::Base58Btc } else { Base::Base32Lower };
    Ok(CidInfo { bytes: Some(made.bytes), blocks: Some(blocks), ..describe(&made.cid, base, usual)? })
}

fn describe(cid: &Cid, base: Option<TextBase>, usual: Base) -> Result<CidInfo> {
    let base = base.map_or(usual, TextBase::base);
    // Version 0 has one form only: another base means version 1.
    let shown = if base == Base::Base58Btc { *cid } else { v1(cid) };
    let hash = cid.hash();
    Ok(CidInfo {
        cid: text(&shown, base)?,
        version: shown.version().into(),
        codec: codec_name(cid.codec()),
        hash: hash_name(hash.code()),
        digest: hash.digest().iter().map(|byte| format!("{byte:02x}")).collect(),
        base: base_name(base).to_owned(),
        v0: v0(cid).map(|cid| cid.to_string()),
        v1: v1(cid).to_string(),
        bytes: None,
        blocks: None,
        left_out: Vec::new(),
    })
}

fn text(cid: &Cid, base: Base) -> Result<String> {
    cid.to_string_of_base(base).map_err(|error| Fault::Argument(format!("`base`: {error}")))
}

fn v1(cid: &Cid) -> Cid {
    Cid::new_v1(cid.codec(), *cid.hash())
}

fn v0(cid: &Cid) -> Option<Cid> {
    (cid.codec() == DAG_PB).then(|| Cid::new_v0(*cid.hash()).ok()).flatten()
}

fn base_name(base: Base) -> &'static str {
    match base {
        Base::Base2 => "base2",
        Base::Base8 => "base8",
        Base::Base10 => "base10",
        Base::Base16Lower | Base::Base16Upper => "base16",
        Base::Base32Lower | Base::Base32Upper => "base32",
        Base::Base36Lower | Base::Base36Upper => "base36",
        Base::Base58Btc => "base58btc",
        Base::Base64 => "base64",
        Base::Base64Url => "base64url",
        _ => "another",
    }
}

/// The CID that an argument holds.
pub(crate) fn parse(argument: &str, text: &str) -> Result<Cid> {
    let wrong = |why: &str| {
        let shown: String = text.chars().take(80).collect();
        Fault::Argument(format!(
            "`{argument}`: `{shown}` is not a CID ({why}); one looks like `QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o` or `bafkrei…`"
        ))
    };
    if text.is_empty() || text.len() > MAX_CID_CHARS {
        return Err(wrong(&format!("it has 1 to {MAX_CID_CHARS} characters")));
    }
    let cid = Cid::try_from(text).map_err(|error| wrong(&error.to_string()))?;
    if cid.encoded_len() > MAX_CID_BYTES {
        return Err(wrong(&format!("it has more than {MAX_CID_BYTES} bytes")));
    }
    Ok(cid)
}
