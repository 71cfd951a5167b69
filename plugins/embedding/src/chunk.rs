//! Cuts a text into chunks.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_granted_folders::Folders;

use crate::{
    fault::{Fault, Result},
    limits::MAX_PAGE_BYTES,
    measure::Measure,
    new_file::NewFile,
    outline::Outline,
    pack::Packer,
    pieces::{Cutter, Level},
    source::Source,
    tokens::Tokens,
    watch::Watch,
};

/// Where a text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    /// At Markdown headings: a chunk is never of two sections.
    Headings,
    /// At the ends of paragraphs, lists, tables and code blocks.
    #[default]
    Paragraphs,
    /// At the ends of sentences.
    Sentences,
    /// At the ends of words: as many as fit `size`.
    Words,
    /// At the ends of words, by tokens: needs `tokenizer`.
    Tokens,
}

/// What is cut, and how.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) text: Option<String>,
    pub(crate) path: Option<&'a str>,
    pub(crate) by: By,
    pub(crate) size: u32,
    pub(crate) overlap: u32,
    pub(crate) tokenizer: Option<&'a str>,
    pub(crate) markdown: Option<bool>,
    pub(crate) to: Option<&'a str>,
    pub(crate) overwrite: bool,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

/// A chunk.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Chunk {
    /// The path of the text, or `text`, and its number, as `data/guide.md#3`.
    id: String,
    /// Its text, without the space around it.
    text: String,
    /// The path of the file that it is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Its number, from 0.
    index: usize,
    /// Where it begins in the text, in bytes of UTF-8.
    start: usize,
    /// Where it ends, in bytes of UTF-8.
    end: usize,
    /// The headings that it is under, as `Guide > Install`; only of Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    heading_path: Option<String>,
    /// Its characters (Unicode scalar values).
    characters: usize,
    /// Its tokens, where a `tokenizer` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<usize>,
}

/// The chunks of a text.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Chunked {
    /// All chunks of the text.
    total_chunks: usize,
    /// Those of the page; none where a file was written.
    chunks: Vec<Chunk>,
    /// The file that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Cuts a text into chunks.
pub(crate) fn chunk(request: Request<'_>, watch: &Watch<'_>) -> Result<Chunked> {
    if request.overlap >= request.size {
        return Err(Fault::argument(format_args!(
            "`overlap` is {} and has to be less than `size`, which is {}",
            request.overlap, request.size
        )));
    }
    if request.by == By::Tokens && request.tokenizer.is_none() {
        return Err(Fault::argument(
            "`by` is `tokens` and no `tokenizer` is given: give the folder of a model or a tokenizer.json, or cut by `words`",
        ));
    }
    let skip = request.cursor.map_or(Ok(0), |cursor| {
        cursor.parse().map_err(|_| Fault::argument("`cursor` is not one that `next_cursor` gave"))
    })?;
    let folders = Folders::granted();
    let measure = match request.tokenizer {
        Some(path) => Measure::Tokens(Tokens::at("tokenizer", path, &folders)?),
        None => Measure::Characters,
    };
    let source = Source::read(request.text, request.path, &folders)?;
    let markdown = request.markdown.unwrap_or_else(|| request.by == By::Headings || source.is_markdown());
    if request.by == By::Headings && !markdown {
        return Err(Fault::argument("`by` is `headings` and `markdown` is false: only Markdown has headings"));
    }
    let outline = if markdown { Outline::markdown(&source.text)? } else { Outline::plain(&source.text) };
    let ranges = ranges(&source.text, &outline, &measure, (request.by, request.size, request.overlap), watch)?;
    let maker = Maker { source: &source, outline: markdown.then_some(&outline), measure: &measure };
    match request.to {
        None => maker.page(&ranges, skip, request.limit as usize),
        Some(to) => {
            let mut file = NewFile::create(&folders.locate("to", to)?, request.overwrite)?;
            maker.write(&ranges, &mut file, watch)?;
            let path = Some(file.path().to_owned());
            file.commit()?;
            Ok(Chunked { total_chunks: ranges.len(), chunks: Vec::new(), path, next_cursor: None })
        }
    }
}

/// Where the chunks are.
fn ranges(
    text: &str,
    outline: &Outline,
    measure: &Measure,
    (by, size, overlap): (By, u32, u32),
    watch: &Watch<'_>,
) -> Result<Vec<Range<usize>>> {
    let (size, overlap) = (size as usize, overlap as usize);
    let level = match by {
        By::Headings => Level::Section,
        By::Paragraphs => Level::Block,
        By::Sentences => Level::Sentence,
        By::Words | By::Tokens => Level::Word,
    };
    let cutter = Cutter { text, blocks: &outline.blocks, measure, size, level, watch };
    let mut packer = Packer { text, measure, size, overlap, chunks: Vec::new() };
    let mut start = 0;
    let sections = if by == By::Headings { outline.sections() } else { Vec::new() };
    for end in sections.into_iter().chain([text.len()]) {
        packer.pack(&cutter.cut(start..end)?)?;
        watch.check()?;
        start = end;
    }
    Ok(packer.chunks)
}

/// Makes chunks of places.
struct Maker<'a> {
    source: &'a Source,
    outline: Option<&'a Outline>,
    measure: &'a Measure,
}

impl Maker<'_> {
    fn chunk(&self, index: usize, range: &Range<usize>) -> Result<Chunk> {
        let text = self.source.text.get(range.clone()).unwrap_or_default();
        let path = self.source.path.as_deref();
        Ok(Chunk {
            id: format!("{}#{index}", path.unwrap_or("text")),
            text: text.to_owned(),
            source: path.map(str::to_owned),
            index,
            start: range.start,
            end: range.end,
            heading_path: self.outline.map(|outline| outline.path(range.start)),
            characters: text.chars().count(),
            tokens: self.measure.tokens(text)?,
        })
    }

    fn page(&self, ranges: &[Range<usize>], skip: usize, limit: usize) -> Result<Chunked> {
        let (mut chunks, mut bytes) = (Vec::new(), 0);
        for (index, range) in ranges.iter().enumerate().skip(skip).take(limit) {
            bytes += range.len();
            if bytes > MAX_PAGE_BYTES && !chunks.is_empty() {
                break;
            }
            chunks.push(self.chunk(index, range)?);
        }
        let end = skip.saturating_add(chunks.len());
        let next_cursor = (end < ranges.len() && !chunks.is_empty()).then(|| end.to_string());
        Ok(Chunked { total_chunks: ranges.len(), chunks, path: None, next_cursor })
    }

    fn write(&self, ranges: &[Range<usize>], file: &mut NewFile, watch: &Watch<'_>) -> Result<()> {
        for (index, range) in ranges.iter().enumerate() {
            file.row(&self.chunk(index, range)?)?;
            watch.tick(file.rows(), "chunks")?;
        }
        Ok(())
    }
}
