//! Encoders of compressed streams.

use std::io::{self, BufWriter, Write};

use bzip2::write::BzEncoder;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzWriter};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use tandem_granted_folders::NewFile;

use crate::{format::Codec, limits::ZSTD_FRAME_BYTES};

/// Half the time of preset 6, which is the default of `xz`, and a few per cent more bytes.
const XZ_PRESET: u32 = 3;

/// A file behind a buffer.
pub(crate) type Sink = BufWriter<NewFile>;

/// A stream that has an end.
pub(crate) trait Encoder: Write {
    /// Writes what is left, and gives the file back.
    fn finish(self: Box<Self>) -> io::Result<Sink>;
}

/// Compresses what is written to it; without a codec, copies it.
pub(crate) fn encoder(codec: Option<Codec>, to: Sink) -> io::Result<Box<dyn Encoder>> {
    Ok(match codec {
        None => Box::new(to),
        Some(Codec::Gz) => Box::new(GzEncoder::new(to, flate2::Compression::default())),
        Some(Codec::Bz2) => Box::new(BzEncoder::new(to, bzip2::Compression::best())),
        Some(Codec::Xz) => Box::new(XzWriter::new(to, XzOptions::with_preset(XZ_PRESET))?),
        Some(Codec::Zst) => Box::new(Zstd { to, frame: Vec::new(), frames: 0 }),
    })
}

impl Encoder for Sink {
    fn finish(self: Box<Self>) -> io::Result<Sink> {
        Ok(*self)
    }
}

impl Encoder for GzEncoder<Sink> {
    fn finish(self: Box<Self>) -> io::Result<Sink> {
        GzEncoder::finish(*self)
    }
}

impl Encoder for BzEncoder<Sink> {
    fn finish(self: Box<Self>) -> io::Result<Sink> {
        BzEncoder::finish(*self)
    }
}

impl Encoder for XzWriter<Sink> {
    fn finish(self: Box<Self>) -> io::Result<Sink> {
        XzWriter::finish(*self)
    }
}

/// Packs frame after frame: the encoder takes the input of a frame as a whole.
struct Zstd {
    to: Sink,
    frame: Vec<u8>,
    frames: u64,
}

impl Zstd {
    fn write_frame(&mut self) -> io::Result<()> {
        let packed = compress_to_vec(self.frame.as_slice(), CompressionLevel::Fastest);
        self.frame.clear();
        self.frames += 1;
        self.to.write_all(&packed)
    }
}

impl Write for Zstd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = ZSTD_FRAME_BYTES.saturating_sub(self.frame.len()).min(bytes.len());
        self.frame.extend_from_slice(bytes.get(..room).unwrap_or_default());
        if self.frame.len() >= ZSTD_FRAME_BYTES {
            self.write_frame()?;
        }
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Encoder for Zstd {
    fn finish(mut self: Box<Self>) -> io::Result<Sink> {
        if !self.frame.is_empty() || self.frames == 0 {
            self.write_frame()?;
        }
        Ok(self.to)
    }
}
