//! New documents of Markdown.

use std::{collections::HashMap, io::Read, rc::Rc};

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_granted_folders::{self as folders, Folders, NewFile};

use crate::{
    blocks::{self, Style},
    bookmarks,
    canvas::Canvas,
    compose::{Composer, MARGIN},
    faces::{Face, Family, NAMES, Run},
    fault::{Fault, Result},
    finish, latin,
    limits::{MAX_MARKDOWN_BYTES, MAX_NAMED, MAX_VALUE_CHARS},
    meter::Meter,
};

/// A size of paper, upright.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Paper {
    #[default]
    A4,
    A5,
    Letter,
    Legal,
}

impl Paper {
    fn points(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.28, 841.89),
            Self::A5 => (419.53, 595.28),
            Self::Letter => (612.0, 792.0),
            Self::Legal => (612.0, 1008.0),
        }
    }
}

/// The file that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Created {
    /// Its path.
    path: String,
    /// How many pages it has.
    pages: usize,
    /// Its size in bytes.
    bytes: u64,
    /// Its bookmarks, one for each heading of level 1 to 3.
    bookmarks: usize,
    /// Characters that became `?`, at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replaced: Vec<String>,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) to: String,
    pub(crate) markdown: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) paper: Paper,
    pub(crate) font: Family,
    pub(crate) page_numbers: bool,
    pub(crate) replace_missing: bool,
    pub(crate) overwrite: bool,
}

/// Makes a file of Markdown.
pub(crate) fn create(request: Request, meter: &Meter<'_>) -> Result<Created> {
    let location = Folders::granted().locate("to", &request.to)?;
    NewFile::check("to", &location, request.overwrite)?;
    let text = text(&request)?;
    let missing = latin::missing(&text, MAX_NAMED);
    if !missing.is_empty() && !request.replace_missing {
        return Err(unknown(&missing));
    }
    let blocks = blocks::parse(&text)?;
    if blocks.is_empty() {
        return Err(Fault::Argument("the Markdown has no text, so that there is nothing to write".into()));
    }
    meter.step(0, 1)?;
    let (mut pages, marks) = Composer::new(request.font, request.paper.points()).compose(&blocks)?;
    meter.step(1, 1)?;
    if request.page_numbers && pages.len() > 1 {
        number(&mut pages, request.font, request.paper.points().0);
    }
    let mut document = Document::new();
    document.max_id = finish::RESERVED;
    document.version = "1.5".to_owned();
    let mut writer =
        PageWriter { resources: fonts(&mut document), document, paper: request.paper, actions: HashMap::new() };
    let ids: Vec<ObjectId> = pages.into_iter().map(|page| writer.add(page)).collect();
    let mut document = writer.document;
    bookmarks::add(&mut document, &marks, &ids);
    let title = request.title.or_else(|| marks.first().map(|mark| mark.title.clone()));
    if let Some(title) = title {
        let title: String = title.chars().take(MAX_VALUE_CHARS).collect();
        let mut info = Dictionary::new();
        info.set("Title", bookmarks::text(&title));
        document.trailer.set("Info", Object::Dictionary(info));
    }
    let bytes = finish::write(document, &ids, &location, request.overwrite)?;
    let replaced = missing.into_iter().map(|(c, _)| c.to_string()).collect();
    Ok(Created { path: location.path, pages: ids.len(), bytes, bookmarks: marks.len(), replaced })
}

/// The Markdown, of the argument or of a file.
fn text(request: &Request) -> Result<String> {
    let too_long =
        || Fault::Limit(format!("the Markdown is longer than {MAX_MARKDOWN_BYTES} bytes, the bound of a text"));
    let text = match (&request.markdown, &request.from) {
        (Some(markdown), None) => markdown.clone(),
        (None, Some(from)) => {
            let location = Folders::granted().locate("from", from)?;
            let (file, bytes) = folders::open("from", &location)?;
            if bytes > MAX_MARKDOWN_BYTES {
                return Err(too_long());
            }
            let mut text = Vec::new();
            file.take(MAX_MARKDOWN_BYTES + 1).read_to_end(&mut text).map_err(|error| Fault::io(from, error))?;
            String::from_utf8(text).map_err(|_| Fault::Argument(format!("`from`: `{from}` is not text in UTF-8")))?
        }
        _ => return Err(Fault::Argument("give either `markdown` or `from`, the text or its file".into())),
    };
    if text.len() as u64 > MAX_MARKDOWN_BYTES {
        return Err(too_long());
    }
    Ok(text)
}

fn unknown(missing: &[(char, usize)]) -> Fault {
    let named: Vec<String> = missing.iter().take(5).map(|(c, line)| format!("`{c}` (line {line})")).collect();
    Fault::Argument(format!(
        "the standard fonts of PDF have the letters of Western Europe, and not {}{}: leave them out, or set `replace_missing` to write `?`",
        named.join(", "),
        if missing.len() > 5 { " and others" } else { "" }
    ))
}

fn number(pages: &mut [Canvas], family: Family, width: f32) {
    const SIZE: f32 = 9.0;
    let all = pages.len();
    for (page, number) in pages.iter_mut().zip(1..) {
        let face = Face::of(family, Style::default());
        let run = Run::new(face, &format!("{number} / {all}"), SIZE, None);
        page.text(face, &run.bytes, (width - run.width) / 2.0, MARGIN / 2.0, SIZE);
    }
}

/// The resources of all pages.
fn fonts(document: &mut Document) -> ObjectId {
    let mut fonts = Dictionary::new();
    for (index, name) in NAMES.iter().enumerate() {
        let mut font = Dictionary::new();
        font.set("Type", Object::Name(b"Font".to_vec()));
        font.set("Subtype", Object::Name(b"Type1".to_vec()));
        font.set("BaseFont", Object::Name(name.as_bytes().to_vec()));
        font.set("Encoding", Object::Name(b"WinAnsiEncoding".to_vec()));
        let id = bookmarks::put(document, font);
        fonts.set(format!("F{index}"), Object::Reference(id));
    }
    let mut resources = Dictionary::new();
    resources.set("Font", Object::Dictionary(fonts));
    bookmarks::put(document, resources)
}

struct PageWriter {
    document: Document,
    resources: ObjectId,
    paper: Paper,
    /// What links do, by where their addresses are in memory: a link of many lines has one.
    actions: HashMap<usize, ObjectId>,
}

impl PageWriter {
    fn add(&mut self, page: Canvas) -> ObjectId {
        let mut content = Stream::new(Dictionary::new(), page.content);
        // Where it cannot be compressed it stays as it is.
        let _ = content.compress();
        let content = bookmarks::put(&mut self.document, Object::Stream(content));
        let (width, height) = self.paper.points();
        let mut object = Dictionary::new();
        object.set("Type", Object::Name(b"Page".to_vec()));
        object.set("Parent", Object::Reference(finish::TREE));
        object.set("MediaBox", [0.0, 0.0, width, height].map(Object::Real).to_vec());
        object.set("Resources", Object::Reference(self.resources));
        object.set("Contents", Object::Reference(content));
        let links: Vec<Object> = page.links.iter().map(|(place, to)| self.link(*place, to)).collect();
        if !links.is_empty() {
            object.set("Annots", links);
        }
        bookmarks::put(&mut self.document, object)
    }

    fn link(&mut self, place: [f32; 4], to: &Rc<str>) -> Object {
        let known = self.actions.get(&Rc::as_ptr(to).addr()).copied();
        let action = known.unwrap_or_else(|| {
            let mut action = Dictionary::new();
            action.set("S", Object::Name(b"URI".to_vec()));
            action.set("URI", Object::string_literal(&**to));
            bookmarks::put(&mut self.document, action)
        });
        self.actions.insert(Rc::as_ptr(to).addr(), action);
        let mut link = Dictionary::new();
        link.set("Type", Object::Name(b"Annot".to_vec()));
        link.set("Subtype", Object::Name(b"Link".to_vec()));
        link.set("Rect", place.map(Object::Real).to_vec());
        link.set("Border", vec![Object::Integer(0); 3]);
        link.set("A", Object::Reference(action));
        Object::Dictionary(link)
    }
}
