//! The formats, by the bytes that a file begins with and by its name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The format of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Format {
    /// Zip.
    #[serde(rename = "zip")]
    Zip,
    /// Tar, not compressed.
    #[serde(rename = "tar")]
    Tar,
    /// Tar in gzip.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// Tar in Zstandard.
    #[serde(rename = "tar.zst")]
    TarZst,
    /// Tar in bzip2.
    #[serde(rename = "tar.bz2")]
    TarBz2,
    /// Tar in xz.
    #[serde(rename = "tar.xz")]
    TarXz,
    /// One file in gzip.
    #[serde(rename = "gz")]
    Gz,
    /// One file in Zstandard.
    #[serde(rename = "zst")]
    Zst,
    /// One file in bzip2.
    #[serde(rename = "bz2")]
    Bz2,
    /// One file in xz.
    #[serde(rename = "xz")]
    Xz,
}

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Gz,
    Zst,
    Bz2,
    Xz,
}

/// Names and what they stand for, longer endings first.
const ENDINGS: [(&str, Format); 16] = [
    (".tar.gz", Format::TarGz),
    (".tgz", Format::TarGz),
    (".tar.zst", Format::TarZst),
    (".tzst", Format::TarZst),
    (".tar.bz2", Format::TarBz2),
    (".tbz2", Format::TarBz2),
    (".tbz", Format::TarBz2),
    (".tar.xz", Format::TarXz),
    (".txz", Format::TarXz),
    (".zip", Format::Zip),
    (".tar", Format::Tar),
    (".gz", Format::Gz),
    (".zst", Format::Zst),
    (".bz2", Format::Bz2),
    (".xz", Format::Xz),
    (".jar", Format::Zip),
];

impl Format {
    /// What the end of a name stands for, and the name without it.
    pub(crate) fn of_name(name: &str) -> Option<(Self, &str)> {
        let lower = name.to_ascii_lowercase();
        let (ending, format) = ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending))?;
        Some((*format, name.get(..name.len() - ending.len())?))
    }

    /// As callers write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::TarZst => "tar.zst",
            Self::TarBz2 => "tar.bz2",
            Self::TarXz => "tar.xz",
            Self::Gz => "gz",
            Self::Zst => "zst",
            Self::Bz2 => "bz2",
            Self::Xz => "xz",
        }
    }

    /// How its stream is compressed.
    pub(crate) fn codec(self) -> Option<Codec> {
        match self {
            Self::Zip | Self::Tar => None,
            Self::TarGz | Self::Gz => Some(Codec::Gz),
            Self::TarZst | Self::Zst => Some(Codec::Zst),
            Self::TarBz2 | Self::Bz2 => Some(Codec::Bz2),
            Self::TarXz | Self::Xz => Some(Codec::Xz),
        }
    }

    /// Whether it holds one file only.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, Self::Gz | Self::Zst | Self::Bz2 | Self::Xz)
    }
}

impl Codec {
    /// By the bytes that a stream begins with.
    pub(crate) fn of_magic(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gz),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bz2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zst),
            _ => None,
        }
    }

    /// The format of a tar, or of one file, that is compressed so.
    pub(crate) fn format(self, tar: bool) -> Format {
        match (self, tar) {
            (Self::Gz, true) => Format::TarGz,
            (Self::Gz, false) => Format::Gz,
            (Self::Zst, true) => Format::TarZst,
            (Self::Zst, false) => Format::Zst,
            (Self::Bz2, true) => Format::TarBz2,
            (Self::Bz2, false) => Format::Bz2,
            (Self::Xz, true) => Format::TarXz,
            (Self::Xz, false) => Format::Xz,
        }
    }
}

/// Whether the bytes begin a zip.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") || bytes.starts_with(b"PK\x06\x06")
}

/// Whether a block of 512 bytes is the header of a tar entry, by its checksum.
pub(crate) fn is_tar(block: &[u8]) -> bool {
    if block.len() != 512 || block.iter().all(|byte| *byte == 0) {
        return false;
    }
    let field = block.get(148..156).unwrap_or_default();
    let digits: String = field.iter().map(|byte| char::from(*byte)).filter(char::is_ascii_digit).collect();
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let blanked: u32 = field.iter().map(|byte| u32::from(*byte)).sum();
    u32::from_str_radix(&digits, 8).is_ok_and(|stated| stated == sum - blanked + 8 * 32)
}
