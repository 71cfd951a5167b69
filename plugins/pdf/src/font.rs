//! What the codes of a font mean and how wide they are.

use std::collections::HashMap;

use lopdf::{Dictionary, Encoding, Object};

use crate::{
    built_in,
    limits::MAX_CMAP_BYTES,
    pdf::{Source, utf16},
    standard::Standard,
    unicode_map::UnicodeMap,
};

/// Where nothing tells the width of a code.
const USUAL_WIDTH: f32 = 500.0;
/// The width of a code of a composite font that states none.
const COMPOSITE_WIDTH: f32 = 1_000.0;
/// Codes of a simple font.
const CODES: usize = 256;
/// Widths of a composite font that are kept.
const MAX_WIDTHS: usize = 65_536;

/// A font of a page.
pub(crate) struct Font {
    map: Option<UnicodeMap>,
    kind: Kind,
    /// Thousandths of the size to the unit of its widths.
    unit: f32,
    pub(crate) bold: bool,
    pub(crate) fixed: bool,
}

enum Kind {
    /// Codes of one byte.
    Simple { texts: Vec<Option<String>>, widths: Vec<f32> },
    /// Codes of two bytes.
    Composite { widths: HashMap<u32, f32>, usual: f32, unicode: bool },
}

/// One code.
pub(crate) struct Code<'a> {
    pub(crate) text: Option<std::borrow::Cow<'a, str>>,
    /// In thousandths of the size.
    pub(crate) width: f32,
    /// Whether word spacing applies: a space as one byte.
    pub(crate) space: bool,
}

impl Font {
    pub(crate) fn read(source: &Source, font: &Dictionary) -> Self {
        let map = source.get(font, b"ToUnicode").and_then(|object| object.as_stream().ok());
        let map = map.and_then(|stream| stream.get_plain_content_with_limit(MAX_CMAP_BYTES).ok());
        let map = map.map(|bytes| UnicodeMap::parse(&bytes));
        let subtype = source.get(font, b"Subtype").and_then(|name| name.as_name().ok()).unwrap_or_default();
        let name = source.get(font, b"BaseFont").and_then(|name| name.as_name().ok()).unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        let lower = name.to_ascii_lowercase();
        let bold = ["bold", "black", "heavy"].iter().any(|word| lower.contains(word));
        let fixed = ["courier", "mono", "consol"].iter().any(|word| lower.contains(word));
        let kind = if subtype == b"Type0" { composite(source, font) } else { simple(source, font, &name) };
        let unit = if subtype == b"Type3" { unit_of(source, font) } else { 1.0 };
        Self { map, kind, unit, bold, fixed }
    }

    /// The codes of a string.
    pub(crate) fn codes<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Code<'a>> {
        let one_byte = match &self.kind {
            Kind::Simple { .. } => true,
            Kind::Composite { .. } => self.map.as_ref().is_some_and(UnicodeMap::one_byte),
        };
        bytes.chunks(if one_byte { 1 } else { 2 }).map(|bytes| {
            let code = bytes.iter().fold(0, |code, &byte| (code << 8) | u32::from(byte));
            let text = self.map.as_ref().and_then(|map| map.get(code)).map(Into::into);
            Code {
                text: text.or_else(|| self.own_text(code, bytes)),
                width: self.width(code) * self.unit,
                space: matches!(bytes, [b' ']),
            }
        })
    }

    fn own_text(&self, code: u32, bytes: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
        match &self.kind {
            Kind::Simple { texts, .. } => texts.get(usize::try_from(code).ok()?)?.as_deref().map(Into::into),
            Kind::Composite { unicode: true, .. } => Some(utf16(bytes).into()),
            Kind::Composite { .. } => None,
        }
    }

    fn width(&self, code: u32) -> f32 {
        match &self.kind {
            Kind::Simple { widths, .. } => {
                usize::try_from(code).ok().and_then(|code| widths.get(code)).copied().unwrap_or(USUAL_WIDTH)
            }
            Kind::Composite { widths, usual, .. } => widths.get(&code).copied().unwrap_or(*usual),
        }
    }
}

/// A Type 3 font has a matrix of its own.
fn unit_of(source: &Source, font: &Dictionary) -> f32 {
    let matrix = source.get(font, b"FontMatrix").and_then(|matrix| matrix.as_array().ok());
    let first = matrix.and_then(|matrix| source.numbers(matrix).first().copied());
    first.map_or(1.0, |scale| scale.abs() * 1_000.0)
}

fn simple(source: &Source, font: &Dictionary, name: &str) -> Kind {
    let standard = Standard::named(name);
    let mut widths = vec![USUAL_WIDTH; CODES];
    if let Some(standard) = standard {
        widths = (0..=u8::MAX).map(|code| standard.width(code)).collect();
    }
    let number = |dictionary: &Dictionary, key: &[u8]| source.get(dictionary, key)?.as_float().ok();
    if let Some(Ok(stated)) = source.get(font, b"Widths").map(Object::as_array) {
        let descriptor = source.get(font, b"FontDescriptor").and_then(|object| object.as_dict().ok());
        let missing = descriptor.and_then(|descriptor| number(descriptor, b"MissingWidth")).unwrap_or(0.0);
        widths = vec![missing; CODES];
        let first = number(font, b"FirstChar").map_or(0, |first| first.max(0.0) as usize);
        for (width, stated) in widths.iter_mut().skip(first).zip(source.numbers(stated)) {
            *width = stated;
        }
    }
    Kind::Simple { texts: texts(source, font), widths }
}

/// The texts of the codes of a simple font by its encoding.
fn texts(source: &Source, font: &Dictionary) -> Vec<Option<String>> {
    let stated = source.get(font, b"Encoding");
    let base = match stated {
        Some(Object::Name(name)) => Some(name.as_slice()),
        Some(Object::Dictionary(dictionary)) => {
            source.get(dictionary, b"BaseEncoding").and_then(|name| name.as_name().ok())
        }
        _ => None,
    };
    let own = if base.is_none() { built_in::encoding(source, font) } else { None };
    let mut texts = match own {
        Some(codes) => {
            let mut texts = vec![None; CODES];
            for (code, name) in codes {
                if let Some(text) = texts.get_mut(code) {
                    *text = glyph(source, &name);
                }
            }
            texts
        }
        None => table(source, base.unwrap_or(b"StandardEncoding"), None),
    };
    if let Some(Object::Dictionary(dictionary)) = stated
        && let Some(Ok(differences)) = source.get(dictionary, b"Differences").map(Object::as_array)
    {
        let mut code = 0_usize;
        for item in differences {
            match item {
                Object::Integer(next) => code = usize::try_from(*next).unwrap_or(CODES),
                Object::Name(name) => {
                    if let Some(text) = texts.get_mut(code) {
                        *text = glyph(source, name);
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }
    texts
}

/// The text of a glyph by its name, as `eacute`, `uni00E9` or `u1F600`.
fn glyph(source: &Source, name: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(name).ok()?;
    let digits = text.strip_prefix("uni").or_else(|| text.strip_prefix('u'));
    let by_number = digits.filter(|digits| (4..=6).contains(&digits.len()));
    if let Some(c) = by_number.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32) {
        return Some(c.to_string());
    }
    table(source, b"StandardEncoding", Some(name)).into_iter().next().flatten()
}

/// The texts of an encoding; of one glyph alone, at 0, where one is named.
fn table(source: &Source, encoding: &[u8], only: Option<&[u8]>) -> Vec<Option<String>> {
    let mut font = Dictionary::new();
    font.set("Type", Object::Name(b"Font".to_vec()));
    let name = Object::Name(encoding.to_vec());
    let object = match only {
        None => name,
        Some(glyph) => {
            let differences = vec![Object::Integer(0), Object::Name(glyph.to_vec())];
            let mut dictionary = Dictionary::new();
            dictionary.set("BaseEncoding", name);
            dictionary.set("Differences", differences);
            Object::Dictionary(dictionary)
        }
    };
    font.set("Encoding", object);
    let Ok(encoding) = font.get_font_encoding_with_limit(&source.document, MAX_CMAP_BYTES) else { return Vec::new() };
    if only.is_some() && !matches!(encoding, Encoding::Differences(_)) {
        return Vec::new();
    }
    let last = if only.is_some() { 0 } else { u8::MAX };
    (0..=last).map(|code| encoding.bytes_to_string(&[code]).ok().filter(|text| !text.is_empty())).collect()
}

fn composite(source: &Source, font: &Dictionary) -> Kind {
    let encoding = source.get(font, b"Encoding").and_then(|name| name.as_name().ok()).unwrap_or_default();
    let encoding = String::from_utf8_lossy(encoding);
    let unicode = encoding.contains("UCS2") || encoding.contains("UTF16");
    let descendant = source.get(font, b"DescendantFonts").and_then(|fonts| fonts.as_array().ok()?.first());
    let descendant = descendant.and_then(|font| source.document.dereference(font).ok()?.1.as_dict().ok());
    let mut widths = HashMap::new();
    let mut usual = COMPOSITE_WIDTH;
    if let Some(descendant) = descendant {
        usual = source.get(descendant, b"DW").and_then(|width| width.as_float().ok()).unwrap_or(usual);
        if let Some(Ok(stated)) = source.get(descendant, b"W").map(Object::as_array) {
            read_widths(source, stated, &mut widths);
        }
    }
    Kind::Composite { widths, usual, unicode }
}

/// Either `first [width …]` or `first last width`.
fn read_widths(source: &Source, stated: &[Object], widths: &mut HashMap<u32, f32>) {
    let mut rest = stated.iter().filter_map(|object| Some(source.document.dereference(object).ok()?.1));
    let code = |object: &Object| object.as_i64().ok().and_then(|code| u32::try_from(code).ok());
    while let (Some(first), Some(second)) = (rest.next().and_then(code), rest.next()) {
        if let Ok(array) = second.as_array() {
            for (code, width) in (first..).zip(source.numbers(array)) {
                widths.insert(code, width);
            }
        } else if let (Some(last), Some(Ok(width))) = (code(second), rest.next().map(Object::as_float)) {
            let all = (first..=last).take(MAX_WIDTHS.saturating_sub(widths.len()));
            widths.extend(all.map(|code| (code, width)));
        } else {
            return;
        }
        if widths.len() >= MAX_WIDTHS {
            return;
        }
    }
}
