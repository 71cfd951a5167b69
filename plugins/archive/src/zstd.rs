//! Zstandard frames that follow each other, read as one stream.

use std::{
    error::Error,
    io::{self, Cursor, Read},
};

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use crate::{fault::Fault, limits::ZSTD_WINDOW_BYTES};

/// Reads frames one after the other, skips those that are not data, and compares each checksum.
pub(crate) struct Frames<R> {
    packed: R,
    decoder: FrameDecoder,
    /// Whether a frame was begun that is not over.
    inside: bool,
}

impl<R: Read> Frames<R> {
    pub(crate) fn new(packed: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW_BYTES);
        Self { packed, decoder, inside: false }
    }

    /// Reads the header of the next frame of data. False where the stream ends.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            let mut first = [0; 1];
            if self.packed.read(&mut first)? == 0 {
                return Ok(false);
            }
            match self.decoder.init(Cursor::new(first).chain(&mut self.packed)) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.packed.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(explained(error)),
            }
        }
    }

    /// Compares the checksum of a frame that is over.
    fn compare(&self) -> io::Result<()> {
        let (stated, calculated) = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        match stated {
            Some(stated) if Some(stated) != calculated => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of a Zstandard frame is wrong"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside {
                if !self.begin()? {
                    return Ok(0);
                }
                self.inside = true;
            }
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(into);
            }
            if self.decoder.is_finished() {
                self.compare()?;
                self.inside = false;
            } else {
                self.decoder
                    .decode_blocks(&mut self.packed, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(explained)?;
            }
        }
    }
}

fn explained(error: FrameDecoderError) -> io::Error {
    match error {
        FrameDecoderError::WindowSizeTooBig { requested, max } => Fault::Limit(format!(
            "a Zstandard frame asks for a window of {requested} bytes and more than {max} are not given: pack it with `zstd -19` or a lower level"
        ))
        .into(),
        FrameDecoderError::DictNotProvided { .. } => {
            Fault::Unsupported("the Zstandard frame was packed with a dictionary, and those are not read".into()).into()
        }
        error if ends_early(&error) => io::ErrorKind::UnexpectedEof.into(),
        error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    }
}

/// Whether the cause of an error is that the file ends.
fn ends_early(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        cause = error.source();
    }
    false
}
