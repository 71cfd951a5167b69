//! The blocks and headings of a text.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::{
    fault::{Fault, Result},
    limits::{HEADING_LEVELS, MAX_MARKDOWN_MARKS},
};

/// Characters of a heading that a path of headings has.
const MAX_TITLE: usize = 120;

/// A heading of the text itself, not of a quotation in it.
pub(crate) struct Heading {
    pub(crate) start: usize,
    level: usize,
    title: String,
}

/// Where blocks and sections begin.
#[derive(Default)]
pub(crate) struct Outline {
    /// Where blocks (paragraphs, lists, tables, code) begin, after the first; a heading and what follows it are one.
    pub(crate) blocks: Vec<usize>,
    pub(crate) headings: Vec<Heading>,
}

impl Outline {
    /// That of plain text: its paragraphs are between blank lines.
    pub(crate) fn plain(text: &str) -> Self {
        let (mut blocks, mut at, mut blank) = (Vec::new(), 0, false);
        for line in text.split_inclusive('\n') {
            let is_blank = line.trim().is_empty();
            if blank && !is_blank && at > 0 {
                blocks.push(at);
            }
            blank = is_blank;
            at += line.len();
        }
        Self { blocks, headings: Vec::new() }
    }

    /// That of Markdown.
    pub(crate) fn markdown(text: &str) -> Result<Self> {
        let marks = text.bytes().filter(|byte| byte.is_ascii_punctuation() || *byte == b'\n').count();
        if marks > MAX_MARKDOWN_MARKS {
            return Err(Fault::Limit(format!(
                "the Markdown has {marks} punctuation marks and line ends, and may have {MAX_MARKDOWN_MARKS}: set `markdown` to false, or \
                 split the text"
            )));
        }
        let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut outline = Self::default();
        let (mut depth, mut after_heading) = (0_usize, false);
        let mut title: Option<String> = None;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            match event {
                Event::Start(tag) => {
                    if depth == 0 {
                        outline.block(range.start, after_heading);
                        after_heading = false;
                    }
                    if let (0, Tag::Heading { level, .. }) = (depth, &tag) {
                        let level = depth_of(*level);
                        outline.headings.push(Heading { start: range.start, level, title: String::new() });
                        title = Some(String::new());
                    }
                    depth += 1;
                }
                Event::End(tag) => {
                    depth = depth.saturating_sub(1);
                    if let (0, TagEnd::Heading(_), Some(done)) = (depth, tag, title.take_if(|_| depth == 0)) {
                        after_heading = true;
                        if let Some(heading) = outline.headings.last_mut() {
                            heading.title = done.trim().to_owned();
                        }
                    }
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(title) = title.as_mut() {
                        let room = MAX_TITLE.saturating_sub(title.chars().count());
                        title.extend(part.chars().take(room));
                    }
                }
                Event::Rule if depth == 0 => {
                    outline.block(range.start, after_heading);
                    after_heading = false;
                }
                _ => {}
            }
        }
        Ok(outline)
    }

    fn block(&mut self, start: usize, after_heading: bool) {
        if start > 0 && !after_heading {
            self.blocks.push(start);
        }
    }

    /// Where sections begin, after the first.
    pub(crate) fn sections(&self) -> Vec<usize> {
        self.headings.iter().map(|heading| heading.start).filter(|start| *start > 0).collect()
    }

    /// The headings that a place is under, the outermost first.
    pub(crate) fn path(&self, at: usize) -> String {
        let above = self.headings.partition_point(|heading| heading.start <= at);
        let mut path: Vec<&str> = Vec::new();
        let mut level = HEADING_LEVELS + 1;
        for heading in self.headings.get(..above).unwrap_or_default().iter().rev() {
            if heading.level < level {
                level = heading.level;
                path.push(&heading.title);
            }
            if level <= 1 {
                break;
            }
        }
        path.reverse();
        path.join(" > ")
    }
}

fn depth_of(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
