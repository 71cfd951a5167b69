//! The content of a page: its streams, expanded and joined.

use lopdf::{DecompressError, Object, ObjectId, Stream};

use crate::{
    fault::{Fault, Result},
    limits::MAX_PAGE_BYTES,
    pdf::Source,
};

/// What a page draws.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    /// Whether a part is missing or could not be expanded.
    pub(crate) damaged: bool,
}

/// An operator that no page has. It is put after the content: where it is not found again, the end of the content was not read.
pub(crate) const END: &str = "TandemEndOfContent";

impl Content {
    /// The content of a page.
    pub(crate) fn of_page(source: &Source, number: usize, page: ObjectId) -> Result<Self> {
        let mut content = Self::default();
        let Ok(dictionary) = source.document.get_dictionary(page) else {
            content.damaged = true;
            return Ok(content);
        };
        // A page without content is empty.
        let Ok(stated) = dictionary.get(b"Contents") else { return Ok(content) };
        match source.document.dereference(stated) {
            Ok((_, Object::Array(parts))) => {
                for part in parts {
                    content.add(source, number, part)?;
                }
            }
            Ok((_, part)) => content.add(source, number, part)?,
            Err(_) => content.damaged = true,
        }
        Ok(content.ended())
    }

    /// The content of a form.
    pub(crate) fn of_form(number: usize, form: &Stream) -> Result<Self> {
        let mut content = Self::default();
        content.add_stream(number, form)?;
        Ok(content.ended())
    }

    fn add(&mut self, source: &Source, number: usize, part: &Object) -> Result<()> {
        match source.document.dereference(part) {
            Ok((_, Object::Stream(stream))) => self.add_stream(number, stream),
            Ok((_, Object::Null)) => Ok(()),
            _ => {
                self.damaged = true;
                Ok(())
            }
        }
    }

    fn add_stream(&mut self, number: usize, stream: &Stream) -> Result<()> {
        // A stream whose end is not found comes empty.
        let stated = stream.dict.get(b"Length").and_then(Object::as_i64).unwrap_or(1);
        self.damaged |= stream.content.is_empty() && stated > 0;
        let room = MAX_PAGE_BYTES.saturating_sub(self.bytes.len());
        match stream.get_plain_content_with_limit(room) {
            Ok(bytes) => {
                self.bytes.extend(bytes);
                // Operators do not go on in the next stream.
                self.bytes.push(b'\n');
                Ok(())
            }
            Err(lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => Err(Fault::Limit(format!(
                "page {number}: its content expands beyond {MAX_PAGE_BYTES} bytes: it looks like a decompression bomb"
            ))),
            Err(_) => {
                self.damaged = true;
                Ok(())
            }
        }
    }

    fn ended(mut self) -> Self {
        self.bytes.push(b'\n');
        self.bytes.extend(END.as_bytes());
        self
    }
}
