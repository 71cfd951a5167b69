//! Decoders of compressed streams.

use std::io::{self, BufReader, Read};

use crate::{
    fault::Fault,
    format::Codec,
    limits::{CHUNK_BYTES, XZ_MEMORY_KIB},
    zstd::Frames,
};

/// What comes out of `packed`. Streams that follow each other are read as one, as the usual tools do.
pub(crate) fn decoder<'a>(codec: Codec, packed: impl Read + 'a) -> Box<dyn Read + 'a> {
    let packed = BufReader::with_capacity(CHUNK_BYTES, packed);
    match codec {
        Codec::Gz => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        Codec::Bz2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
        Codec::Xz => Box::new(Xz(lzma_rust2::XzReader::new_mem_limit(packed, true, XZ_MEMORY_KIB))),
        Codec::Zst => Box::new(Frames::new(packed)),
    }
}

/// Names the bound where a dictionary is too large.
struct Xz<R: Read>(lzma_rust2::XzReader<R>);

impl<R: Read> Read for Xz<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| match error.kind() {
            io::ErrorKind::OutOfMemory => Fault::Limit(format!(
                "the xz stream needs more than {} MiB of memory to be read: pack it with `xz -9` or a lower level",
                XZ_MEMORY_KIB >> 10
            ))
            .into(),
            _ => error,
        })
    }
}
