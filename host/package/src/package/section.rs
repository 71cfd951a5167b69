//! The outermost sections of a component, walked byte by byte.
//!
//! A general parser of WebAssembly accepts what must not be accepted here: lengths in more bytes than they
//! need. With them one component would have many byte sequences, and two readers could part a file
//! differently. So this walk takes the shortest form only, and never looks into a section that is not ours.

use std::fmt;

use tandem_types::text::shown;

use super::limits::MAX_SECTION;

/// `\0asm`, then binary version 13 of layer 1: a component.
const PREAMBLE: [u8; 8] = [0x00, b'a', b's', b'm', 0x0d, 0x00, 0x01, 0x00];

const MAGIC: &[u8] = b"\0asm";

/// The version and layer of a core module.
const CORE_MODULE: [u8; 4] = [0x01, 0x00, 0x00, 0x00];

const CUSTOM: u8 = 0;

/// The namespace of our sections. Names in it that we do not know are refused: a later version may give them
/// a meaning that this one would ignore.
const NAMESPACE: &str = "tandem:";

/// A section that makes a component a package, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// `tandem:manifest`.
    Manifest,
    /// `tandem:descriptors`.
    Descriptors,
    /// `tandem:signature`.
    Signature,
}

impl Part {
    const ALL: [Self; 3] = [Self::Manifest, Self::Descriptors, Self::Signature];

    /// The section's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Manifest => "tandem:manifest",
            Self::Descriptors => "tandem:descriptors",
            Self::Signature => "tandem:signature",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How bytes fail to be a component with our sections behind it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// They do not start as WebAssembly does.
    #[error("this is not a webassembly file; a package starts with `\\0asm`")]
    NotWasm,
    /// They are a core module.
    #[error("this is a core module, not a component; build for wasm32-wasip2, or make a component of it")]
    CoreModule,
    /// They are of a version that is not known.
    #[error("this component has an unknown binary version; build it with a current toolchain")]
    Version,
    /// They end too early.
    #[error("the file ends inside the section at byte {offset}; get it again, it was cut short")]
    Truncated {
        /// Where the section starts.
        offset: usize,
    },
    /// A length has more than 32 bits or more bytes than it needs.
    #[error("the length at byte {offset} is not in its shortest form; build the component with a current toolchain")]
    Length {
        /// Where the length stands.
        offset: usize,
    },
    /// A custom section's name is not UTF-8 or longer than its section.
    #[error("the custom section at byte {offset} has no readable name")]
    Name {
        /// Where the section starts.
        offset: usize,
    },
    /// A section in our namespace that is not known.
    #[error("section `{name}` is unknown to this host; pack the plugin with this host's version")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A section of ours comes twice.
    #[error("duplicate section `{0}`; pack the plugin again")]
    Duplicate(Part),
    /// A section of ours stands before one that it must follow.
    #[error("section `{found}` comes after `{before}`; pack the plugin again")]
    Order {
        /// The section.
        found: Part,
        /// The one before it.
        before: Part,
    },
    /// Something follows a section of ours that is none of ours.
    #[error("trailing data after section `{0}` at byte {1}; get the file again, it was extended after it was made")]
    Trailing(Part, usize),
    /// A section of ours is too large.
    #[error("section `{part}` has {size} bytes; the limit is {MAX_SECTION}")]
    TooLarge {
        /// The section.
        part: Part,
        /// Its size.
        size: usize,
    },
}

/// One section of ours in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    part: Part,
    start: usize,
    payload: usize,
    end: usize,
}

impl Section {
    /// Where the section starts: everything before it is what a signature there covers.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Its content.
    pub(super) fn payload<'f>(&self, file: &'f [u8]) -> &'f [u8] {
        file.get(self.payload..self.end).unwrap_or_default()
    }
}

/// Where the parts of a package are: a component, then our sections in their order, then nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    component_len: usize,
    sections: Vec<Section>,
}

impl Layout {
    /// Walks a file.
    pub(super) fn read(file: &[u8]) -> Result<Self, FormatError> {
        check_preamble(file)?;
        let mut layout = Self { component_len: file.len(), sections: Vec::new() };
        let mut cursor = Cursor { file, at: PREAMBLE.len() };
        while cursor.at < file.len() {
            let start = cursor.at;
            let id = cursor.byte(start)?;
            let length = cursor.length(start)?;
            let end = cursor.at.checked_add(length).filter(|end| *end <= file.len());
            let end = end.ok_or(FormatError::Truncated { offset: start })?;
            let found = if id == CUSTOM { cursor.custom_name(start, end)? } else { None };
            match (found, layout.sections.last().map(|last| last.part)) {
                (Some(part), before) => {
                    check_order(part, before, &layout)?;
                    let payload = cursor.at;
                    if end - payload > MAX_SECTION {
                        return Err(FormatError::TooLarge { part, size: end - payload });
                    }
                    if before.is_none() {
                        layout.component_len = start;
                    }
                    layout.sections.push(Section { part, start, payload, end });
                }
                (None, Some(part)) => return Err(FormatError::Trailing(part, start)),
                (None, None) => {}
            }
            cursor.at = end;
        }
        Ok(layout)
    }

    /// Whether there is no section of ours.
    pub(super) fn is_bare(&self) -> bool {
        self.sections.is_empty()
    }

    /// The file without our sections.
    pub(super) fn component<'f>(&self, file: &'f [u8]) -> &'f [u8] {
        file.get(..self.component_len).unwrap_or(file)
    }

    /// A section, if it is there.
    pub(super) fn part(&self, part: Part) -> Option<&Section> {
        self.sections.iter().find(|section| section.part == part)
    }
}

fn check_preamble(file: &[u8]) -> Result<(), FormatError> {
    let Some((magic, rest)) = file.split_at_checked(MAGIC.len()).filter(|(magic, _)| *magic == MAGIC) else {
        return Err(FormatError::NotWasm);
    };
    if file.starts_with(&PREAMBLE) {
        Ok(())
    } else if rest.starts_with(&CORE_MODULE) {
        Err(FormatError::CoreModule)
    } else if file.len() < PREAMBLE.len() {
        Err(FormatError::Truncated { offset: magic.len() })
    } else {
        Err(FormatError::Version)
    }
}

fn check_order(part: Part, before: Option<Part>, layout: &Layout) -> Result<(), FormatError> {
    match before {
        _ if layout.part(part).is_some() => Err(FormatError::Duplicate(part)),
        Some(before) if before > part => Err(FormatError::Order { found: part, before }),
        _ => Ok(()),
    }
}

struct Cursor<'f> {
    file: &'f [u8],
    at: usize,
}

impl Cursor<'_> {
    fn byte(&mut self, section: usize) -> Result<u8, FormatError> {
        let byte = self.file.get(self.at).copied().ok_or(FormatError::Truncated { offset: section })?;
        self.at += 1;
        Ok(byte)
    }

    /// An unsigned LEB128 number of 32 bits, in its shortest form.
    fn length(&mut self, section: usize) -> Result<usize, FormatError> {
        let offset = self.at;
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte(section)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let overlong = byte == 0 && shift > 0;
                let value = u32::try_from(value).ok().filter(|_| !overlong).ok_or(FormatError::Length { offset })?;
                return usize::try_from(value).map_err(|_| FormatError::Length { offset });
            }
        }
        Err(FormatError::Length { offset })
    }

    /// The name of the custom section that ends at `end`: the cursor stands behind it. None when it is not
    /// in our namespace.
    fn custom_name(&mut self, section: usize, end: usize) -> Result<Option<Part>, FormatError> {
        let unreadable = FormatError::Name { offset: section };
        let length = self.length(section)?;
        let name_end = self.at.checked_add(length).filter(|name_end| *name_end <= end).ok_or(unreadable.clone())?;
        let name =
            self.file.get(self.at..name_end).and_then(|name| std::str::from_utf8(name).ok()).ok_or(unreadable)?;
        self.at = name_end;
        if let Some(part) = Part::ALL.into_iter().find(|part| part.name() == name) {
            return Ok(Some(part));
        }
        if name.starts_with(NAMESPACE) {
            return Err(FormatError::Unknown { name: shown(name) });
        }
        Ok(None)
    }
}

/// Appends a custom section.
pub(super) fn append(file: &mut Vec<u8>, part: Part, payload: &[u8]) -> Result<(), FormatError> {
    if payload.len() > MAX_SECTION {
        return Err(FormatError::TooLarge { part, size: payload.len() });
    }
    append_custom(file, part.name(), payload);
    Ok(())
}

/// Writes a custom section behind a file.
pub(super) fn append_custom(file: &mut Vec<u8>, name: &str, payload: &[u8]) {
    let mut body = Vec::with_capacity(payload.len() + 32);
    write_length(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(payload);
    file.push(CUSTOM);
    write_length(file, body.len());
    file.extend_from_slice(&body);
}

fn write_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn section(id: u8, length: &[u8], body: &[u8]) -> Vec<u8> {
        [&PREAMBLE, [id].as_slice(), length, body].concat()
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        assert_eq!(Layout::read(b"").unwrap_err(), FormatError::NotWasm);
        assert_eq!(Layout::read(b"#!/bin/sh").unwrap_err(), FormatError::NotWasm);
        assert_eq!(Layout::read(b"\0asm\x01\0\0\0").unwrap_err(), FormatError::CoreModule);
        assert_eq!(Layout::read(b"\0asm\x0e\0\x01\0").unwrap_err(), FormatError::Version);
        assert_eq!(Layout::read(b"\0asm\x0d").unwrap_err(), FormatError::Truncated { offset: 4 });
    }

    #[test]
    fn lengths_have_one_form() {
        assert!(Layout::read(&section(1, &[0x00], b"")).is_ok());
        for (length, what) in [
            (&[0x80, 0x00][..], "overlong zero"),
            (&[0x81, 0x80, 0x00], "overlong one"),
            (&[0x80, 0x80, 0x80, 0x80, 0x10], "33 bits"),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "six bytes"),
        ] {
            assert_eq!(
                Layout::read(&section(1, length, b"x")).unwrap_err(),
                FormatError::Length { offset: 9 },
                "{what}"
            );
        }
        let huge = section(1, &[0xff, 0xff, 0xff, 0xff, 0x0f], b"x");
        assert_eq!(Layout::read(&huge).unwrap_err(), FormatError::Truncated { offset: 8 });
    }

    #[test]
    fn a_custom_name_lies_inside_its_section() {
        assert_eq!(Layout::read(&section(0, &[4], b"\x05ab")).unwrap_err(), FormatError::Truncated { offset: 8 });
        assert_eq!(Layout::read(&section(0, &[3], b"\x05ab")).unwrap_err(), FormatError::Name { offset: 8 });
        assert_eq!(Layout::read(&section(0, &[2], b"\x01\xff")).unwrap_err(), FormatError::Name { offset: 8 });
    }

    #[test]
    fn only_our_namespace_is_ours() {
        assert!(Layout::read(&section(0, &[6], b"\x05hello")).unwrap().is_bare());
        let unknown = Layout::read(&section(0, &[11], b"\x0atandem:new")).unwrap_err();
        assert_eq!(unknown, FormatError::Unknown { name: "tandem:new".into() });
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Layout::read(&bytes);
            let _ = Layout::read(&[&PREAMBLE, bytes.as_slice()].concat());
        }

        #[test]
        fn a_written_length_is_read(length in 0usize..(1 << 28)) {
            let mut bytes = Vec::new();
            write_length(&mut bytes, length);
            prop_assert_eq!(Cursor { file: &bytes, at: 0 }.length(0).unwrap(), length);
        }
    }
}
