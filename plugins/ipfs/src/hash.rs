//! Multihashes: making and checking CIDs of blocks.

use blake2::{Blake2b, digest::consts::U32};
use cid::{Cid, Version, multihash::Multihash};
use sha2::{Digest as _, Sha256, Sha512};

use crate::fault::{Fault, Result};

pub(crate) const RAW: u64 = 0x55;
pub(crate) const DAG_PB: u64 = 0x70;
pub(crate) const DAG_CBOR: u64 = 0x71;
pub(crate) const DAG_JSON: u64 = 0x0129;

const IDENTITY: u64 = 0x00;
const SHA2_256: u64 = 0x12;
const SHA2_512: u64 = 0x13;
const BLAKE2B_256: u64 = 0xb220;

/// Names of the multicodec table for what CIDs are made of.
const CODECS: [(u64, &str); 9] = [
    (RAW, "raw"),
    (DAG_PB, "dag-pb"),
    (DAG_CBOR, "dag-cbor"),
    (DAG_JSON, "dag-json"),
    (0x72, "libp2p-key"),
    (0x51, "cbor"),
    (0x0200, "json"),
    (0x78, "git-raw"),
    (0x85, "dag-jose"),
];

const HASHES: [(u64, &str); 8] = [
    (IDENTITY, "identity"),
    (0x11, "sha1"),
    (SHA2_256, "sha2-256"),
    (SHA2_512, "sha2-512"),
    (0x16, "sha3-256"),
    (0x1b, "keccak-256"),
    (0x1e, "blake3"),
    (BLAKE2B_256, "blake2b-256"),
];

/// The name of a codec, or its number.
pub(crate) fn codec_name(code: u64) -> String {
    name(&CODECS, code)
}

/// The name of a hash function, or its number.
pub(crate) fn hash_name(code: u64) -> String {
    name(&HASHES, code)
}

fn name(table: &[(u64, &str)], code: u64) -> String {
    table.iter().find(|(known, _)| *known == code).map_or_else(|| format!("0x{code:x}"), |(_, name)| (*name).to_owned())
}

/// The CID of a block by sha2-256.
pub(crate) fn cid_of(version: Version, codec: u64, block: &[u8]) -> Result<Cid> {
    let failed = |error: String| Fault::Unsupported(format!("the CID cannot be made: {error}"));
    let digest = Multihash::wrap(SHA2_256, &Sha256::digest(block)).map_err(|error| failed(error.to_string()))?;
    Cid::new(version, codec, digest).map_err(|error| failed(error.to_string()))
}

/// An error unless the block has the hash that its CID says.
pub(crate) fn verify(cid: &Cid, block: &[u8]) -> Result<()> {
    let hash = cid.hash();
    let right = match hash.code() {
        IDENTITY => block == hash.digest(),
        SHA2_256 => Sha256::digest(block).as_slice() == hash.digest(),
        SHA2_512 => Sha512::digest(block).as_slice() == hash.digest(),
        BLAKE2B_256 => <Blake2b<U32> as blake2::Digest>::digest(block).as_slice() == hash.digest(),
        other => {
            return Err(Fault::Unsupported(format!(
                "block {cid} has a hash of {}, which cannot be verified: sha2-256, sha2-512, blake2b-256 and identity can",
                hash_name(other)
            )));
        }
    };
    if right {
        return Ok(());
    }
    Err(Fault::Damaged(format!("block {cid} is not what its CID says: its hash is wrong")))
}

/// The bytes of an identity CID, which holds its block.
pub(crate) fn inline(cid: &Cid) -> Option<&[u8]> {
    (cid.hash().code() == IDENTITY).then(|| cid.hash().digest())
}
