//! Tells the type of files by their content, and by their name where the content tells nothing.

use infer::MatcherType;
use tandem_sdk::prelude::*;

use crate::{
    globs::Globs,
    limits::{DETECT_BYTES, MAX_DETECTED_FILES},
    path::{Grants, Place},
    storage::Kind,
    text::{self, LineEnding},
    walk::{Options, Walk},
};

/// What a file is, roughly.
#[output]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Family {
    /// Text, source code, markup.
    Text,
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// A film.
    Video,
    /// An archive or a compressed file.
    Archive,
    /// A document of an office, a PDF, a book.
    Document,
    /// A font.
    Font,
    /// A program, or data of one.
    Application,
    /// Nothing is in it.
    Empty,
    /// Bytes of which no more is known.
    Unknown,
}

/// What a type was detected from.
#[output]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    /// The content has the signature of the type.
    Content,
    /// The content is text or unknown, and the name stands for the type.
    Name,
    /// Neither tells more than `text/plain` or `application/octet-stream`.
    Default,
}

/// The type of a file.
#[output]
#[derive(Debug)]
pub(crate) struct Detected {
    /// The file.
    path: String,
    /// Its media type, as `image/png`.
    mime: String,
    /// What it is, roughly.
    family: Family,
    /// What the type was detected from.
    by: By,
    /// The usual extension of the type, without a dot.
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<String>,
    /// True where the name stands for another type than the content has.
    mismatch: bool,
    /// The media type that the name stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    name_mime: Option<String>,
    /// The encoding of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    /// How the lines of a text end.
    #[serde(skip_serializing_if = "Option::is_none")]
    line_ending: Option<LineEnding>,
    /// The size in bytes.
    bytes: u64,
}

/// One of several files: its type, or the error.
#[output]
#[derive(Debug)]
pub(crate) struct OneOfMany {
    /// The file, as it was asked for.
    path: String,
    /// Its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Detected>,
    /// Why it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// How many files have a type.
#[output]
#[derive(Debug)]
pub(crate) struct TypeCount {
    /// The media type.
    mime: String,
    /// Files of it.
    files: u64,
}

/// The types of several files.
#[output]
#[derive(Debug)]
pub(crate) struct DetectedFiles {
    /// The files.
    files: Vec<OneOfMany>,
    /// How many files have each type, the most frequent first.
    types: Vec<TypeCount>,
    /// How many could not be read.
    failed: u64,
    /// Give it as `cursor` for the next files of the directory; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Detects the type of one file.
pub(crate) fn detect(place: &Place<'_>) -> Result<Detected> {
    let mut source = place.open()?;
    let start = source.read_up_to(&place.path, DETECT_BYTES)?;
    let guess = mime_guess::from_path(place.name());
    let name_mime = guess.first_raw();
    let mut found = Detected {
        path: place.path.clone(),
        mime: String::new(),
        family: Family::Unknown,
        by: By::Content,
        extension: None,
        mismatch: false,
        name_mime: name_mime.map(str::to_owned),
        encoding: None,
        line_ending: None,
        bytes: source.bytes,
    };
    if start.is_empty() {
        (found.mime, found.family) = ("application/x-empty".to_owned(), Family::Empty);
    } else if let Some(kind) = infer::get(&start) {
        found.mime = kind.mime_type().to_owned();
        found.family = family(kind.matcher_type(), kind.mime_type());
        found.extension = Some(kind.extension().to_owned());
        found.mismatch = name_mime.is_some_and(|name| differs(kind, name, guess.iter_raw(), place.name()));
    } else if let Some(encoding) = encoding(&start, source.bytes) {
        let named = name_mime.filter(|mime| is_text(mime));
        found.mime = named.unwrap_or("text/plain").to_owned();
        found.family = Family::Text;
        found.by = if named.is_some() { By::Name } else { By::Default };
        found.extension = named.and_then(|_| extension(place.name()));
        // A picture or an archive that is text is not what its name says.
        found.mismatch = name_mime.is_some_and(|mime| !is_text(mime) && !mime.starts_with("application/"));
        found.encoding = Some(encoding.to_owned());
        found.line_ending = text::line_ending(&start);
    } else {
        let named = name_mime.filter(|mime| !is_text(mime) && *mime != "application/octet-stream");
        found.mime = named.unwrap_or("application/octet-stream").to_owned();
        found.family = named.map_or(Family::Unknown, |mime| family(MatcherType::Custom, mime));
        found.by = if named.is_some() { By::Name } else { By::Default };
        found.extension = named.and_then(|_| extension(place.name()));
        found.mismatch = name_mime.is_some_and(is_text);
    }
    Ok(found)
}

/// The extension of a name.
fn extension(name: &str) -> Option<String> {
    name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase())
}

/// The encoding of a text by its start; none of what is no text.
fn encoding(start: &[u8], bytes: u64) -> Option<&'static str> {
    if let Some(encoding) = text::by_mark(start) {
        return Some(encoding);
    }
    if text::is_binary(start) {
        return None;
    }
    match std::str::from_utf8(start) {
        Ok(text) if text.is_ascii() => Some("ascii"),
        Ok(_) => Some("utf-8"),
        // The start may end in the middle of a character.
        Err(error) if error.error_len().is_none() && (start.len() as u64) < bytes => Some("utf-8"),
        // An encoding of one byte a character has hardly any control characters.
        Err(_) if !start.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127)) => Some("unknown-8bit"),
        Err(_) => None,
    }
}

fn is_text(mime: &str) -> bool {
    let (kind, name) = mime.split_once('/').unwrap_or((mime, ""));
    let of_text =
        ["json", "xml", "yaml", "toml", "javascript", "ecmascript", "sql", "x-sh", "x-csh", "x-httpd-php", "rtf"];
    kind == "text"
        || of_text.contains(&name)
        || name.ends_with("+xml")
        || name.ends_with("+json")
        || name.starts_with("x-tex")
}

fn family(matcher: MatcherType, mime: &str) -> Family {
    match matcher {
        MatcherType::App => Family::Application,
        MatcherType::Archive if mime == "application/pdf" => Family::Document,
        MatcherType::Archive => Family::Archive,
        MatcherType::Audio => Family::Audio,
        MatcherType::Book | MatcherType::Doc => Family::Document,
        MatcherType::Font => Family::Font,
        MatcherType::Image => Family::Image,
        MatcherType::Text => Family::Text,
        MatcherType::Video => Family::Video,
        MatcherType::Custom => match mime.split_once('/').map_or(mime, |(kind, _)| kind) {
            "image" => Family::Image,
            "audio" => Family::Audio,
            "video" => Family::Video,
            "font" => Family::Font,
            "text" => Family::Text,
            _ => Family::Application,
        },
    }
}

/// Whether a name stands for another type than the content has. Formats that are a zip file or XML inside agree with those.
fn differs(kind: infer::Type, name_mime: &str, mut all: impl Iterator<Item = &'static str>, name: &str) -> bool {
    let mime = kind.mime_type();
    let same = |a: &str, b: &str| a == b || a.replace("/x-", "/") == b.replace("/x-", "/");
    if all.any(|other| same(other, mime)) || extension(name).as_deref() == Some(kind.extension()) {
        return false;
    }
    let container = match mime {
        "application/zip" => {
            ["application/", "model/", "image/"].iter().any(|start| name_mime.starts_with(start))
                && !name_mime.starts_with("image/png")
        }
        "text/xml" | "text/html" | "application/xml" | "text/x-shellscript" => is_text(name_mime),
        "application/x-ole-storage" | "application/gzip" => name_mime.starts_with("application/"),
        _ => false,
    };
    // Only the kind tells for sounds and films: one container has both.
    let media = |mime: &str| mime.starts_with("audio/") || mime.starts_with("video/");
    !(container || media(mime) && media(name_mime))
}

/// Which files are wanted.
#[derive(Debug)]
pub(crate) enum Files<'a> {
    /// These.
    Paths(Vec<String>),
    /// Those of a directory.
    Below { path: &'a str, glob: Option<String>, options: Options, limit: usize, cursor: Option<&'a str> },
}

/// Detects the types of several files; one that cannot be read does not keep the others away.
pub(crate) fn detect_many(ctx: &Ctx, grants: &Grants, files: Files<'_>) -> Result<DetectedFiles> {
    let mut answer = DetectedFiles { files: Vec::new(), types: Vec::new(), failed: 0, next_cursor: None };
    match files {
        Files::Paths(paths) => {
            if paths.is_empty() || paths.len() > MAX_DETECTED_FILES {
                return Err(Error::invalid_arguments(format!(
                    "`paths` has {} files: give 1 to {MAX_DETECTED_FILES}, or a directory as `path`",
                    paths.len()
                )));
            }
            for path in paths {
                ctx.check()?;
                let found = grants.locate(&path).and_then(|place| detect(&place));
                answer.add(path, found);
            }
        }
        Files::Below { path, glob, options, limit, cursor } => {
            let globs = Globs::new("glob", glob.as_slice(), true)?;
            let mut walk = Walk::new(ctx, grants, Some(path), options, cursor)?;
            while let Some(visit) = walk.next()? {
                let (name, below, whole) = (visit.place.name(), Walk::below(&visit), &visit.place.path);
                if visit.kind != Kind::File || !globs.as_ref().is_none_or(|globs| globs.fit(name, below, whole)) {
                    continue;
                }
                if answer.files.len() == limit {
                    answer.next_cursor = answer.files.last().map(|file| file.path.clone());
                    break;
                }
                ctx.check()?;
                let found = detect(&visit.place);
                answer.add(visit.place.path, found);
            }
            answer.next_cursor = answer.next_cursor.or(walk.stopped_at);
        }
    }
    answer.types.sort_by(|a, b| b.files.cmp(&a.files).then_with(|| a.mime.cmp(&b.mime)));
    Ok(answer)
}

impl DetectedFiles {
    fn add(&mut self, path: String, found: Result<Detected>) {
        match found {
            Ok(file) => {
                match self.types.iter_mut().find(|count| count.mime == file.mime) {
                    Some(count) => count.files += 1,
                    None => self.types.push(TypeCount { mime: file.mime.clone(), files: 1 }),
                }
                self.files.push(OneOfMany { path, file: Some(file), error: None });
            }
            Err(error) => {
                self.failed += 1;
                self.files.push(OneOfMany { path, file: None, error: Some(error.to_string()) });
            }
        }
    }
}
