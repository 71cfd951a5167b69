//! The file as the parquet crate wants it: readers at several places at once.
//!
//! One handle serves them all, since a file of the sandbox cannot be duplicated; every read seeks first.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use parquet::{
    basic::Compression,
    errors::{ParquetError, Result},
    file::reader::{ChunkReader, Length},
};

/// A footer or page beyond this is refused before its memory is taken. Writers make pages of about 1 MiB.
const MAX_CHUNK_BYTES: usize = 16 << 20;
/// Page headers are read through this; they are small.
const HEADER_BUFFER: usize = 4 << 10;

/// An open Parquet file.
pub(super) struct Input {
    file: Arc<Mutex<File>>,
    bytes: u64,
    read: Arc<AtomicU64>,
}

impl Input {
    pub(super) fn new(file: File, bytes: u64, read: Arc<AtomicU64>) -> Self {
        Self { file: Arc::new(Mutex::new(file)), bytes, read }
    }
}

/// A reader at one place of the file.
pub(super) struct At {
    file: Arc<Mutex<File>>,
    position: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))?;
        let n = file.read(buffer)?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Length for Input {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for Input {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let at = At { file: Arc::clone(&self.file), position: start };
        Ok(BufReader::with_capacity(HEADER_BUFFER, at))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if length > MAX_CHUNK_BYTES {
            return Err(ParquetError::General(format!(
                "a page or the footer takes {} MiB, over the bound of {} MiB: write the file with smaller pages",
                length >> 20,
                MAX_CHUNK_BYTES >> 20
            )));
        }
        let mut buffer = vec![0; length];
        At { file: Arc::clone(&self.file), position: start }
            .read_exact(&mut buffer)
            .map_err(|error| ParquetError::EOF(format!("{length} bytes at {start} cannot be read: {error}")))?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(buffer.into())
    }
}

/// The name of a codec that cannot be read.
pub(super) fn refused(codec: Compression) -> Option<&'static str> {
    match codec {
        Compression::ZSTD(_) => Some("zstd"),
        Compression::BROTLI(_) => Some("brotli"),
        Compression::LZO => Some("lzo"),
        Compression::UNCOMPRESSED
        | Compression::SNAPPY
        | Compression::GZIP(_)
        | Compression::LZ4
        | Compression::LZ4_RAW => None,
    }
}
