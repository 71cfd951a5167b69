//! A value as XML: members as elements, `@name` as attributes, `#text` as text, arrays as elements of the same name.

use std::io::Write;

use quick_xml::escape::escape;
use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::bounded::{Bounded, short, too_long};

/// What items of an array are named that has no name itself.
const ITEM: &str = "item";

struct Writer<'a> {
    text: &'a mut Bounded,
    pretty: bool,
}

pub(crate) fn write(text: &mut Bounded, value: &Value, root: &str, pretty: bool) -> Result<()> {
    let mut writer = Writer { text, pretty };
    writer.put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    match value {
        Value::Object(members) if is_document(members) => {
            for (name, root) in members {
                writer.element(name, root, 0)?;
            }
        }
        other => writer.element(root, other, 0)?,
    }
    Ok(())
}

/// Whether an object is one root element.
fn is_document(members: &Map<String, Value>) -> bool {
    members.len() == 1
        && members.iter().all(|(name, value)| !name.starts_with(['@', '#']) && !matches!(value, Value::Array(_)))
}

impl Writer<'_> {
    fn put(&mut self, text: &str) -> Result<()> {
        self.text.write_all(text.as_bytes()).map_err(|_| too_long())
    }

    fn element(&mut self, name: &str, value: &Value, depth: usize) -> Result<()> {
        check(name)?;
        match value {
            Value::Array(items) if depth > 0 => {
                for item in items {
                    // An array in an array has its items one element further in.
                    match item {
                        Value::Array(inner) => {
                            self.open(name, &Map::new(), depth)?;
                            self.line()?;
                            self.items(inner, depth + 1)?;
                            self.close(name, depth)?;
                        }
                        item => self.element(name, item, depth)?,
                    }
                }
                Ok(())
            }
            Value::Array(items) => {
                self.open(name, &Map::new(), depth)?;
                self.line()?;
                self.items(items, depth + 1)?;
                self.close(name, depth)
            }
            Value::Object(members) => self.object(name, members, depth),
            scalar => {
                self.open(name, &Map::new(), depth)?;
                self.scalar(scalar, false)?;
                self.put(&format!("</{name}>"))?;
                self.line()?;
                Ok(())
            }
        }
    }

    fn items(&mut self, items: &[Value], depth: usize) -> Result<()> {
        for item in items {
            match item {
                Value::Array(inner) => {
                    self.open(ITEM, &Map::new(), depth)?;
                    self.line()?;
                    self.items(inner, depth + 1)?;
                    self.close(ITEM, depth)?;
                }
                item => self.element(ITEM, item, depth)?,
            }
        }
        Ok(())
    }

    fn object(&mut self, name: &str, members: &Map<String, Value>, depth: usize) -> Result<()> {
        self.open(name, members, depth)?;
        let inner = members.iter().filter(|(name, _)| !name.starts_with('@'));
        let (texts, elements): (Vec<_>, Vec<_>) = inner.partition(|(name, _)| *name == "#text");
        for (_, text) in texts {
            self.scalar(text, false)?;
        }
        if elements.is_empty() {
            self.put(&format!("</{name}>"))?;
            self.line()?;
            return Ok(());
        }
        self.line()?;
        for (name, value) in elements {
            self.element(name, value, depth + 1)?;
        }
        self.close(name, depth)
    }

    fn open(&mut self, name: &str, members: &Map<String, Value>, depth: usize) -> Result<()> {
        self.indent(depth)?;
        self.put("<")?;
        self.put(name)?;
        for (key, value) in members {
            let Some(attribute) = key.strip_prefix('@') else { continue };
            check(attribute)?;
            self.put(&format!(" {attribute}=\""))?;
            self.scalar(value, true)?;
            self.put("\"")?;
        }
        self.put(">")
    }

    fn close(&mut self, name: &str, depth: usize) -> Result<()> {
        self.indent(depth)?;
        self.put(&format!("</{name}>"))?;
        self.line()
    }

    fn scalar(&mut self, value: &Value, attribute: bool) -> Result<()> {
        let text = match value {
            Value::Null => return Ok(()),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let forbidden = |c: &char| matches!(c, '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}') && !"\t\n\r".contains(*c);
        if let Some(found) = text.chars().find(forbidden) {
            return Err(Error::invalid_arguments(format!(
                "`to`: the data has the character U+{:04X}, which XML does not have: leave it out",
                u32::from(found)
            )));
        }
        let mut text = escape(text.as_str()).replace('\r', "&#13;");
        // Readers take line ends of attributes for spaces.
        if attribute {
            text = text.replace('\n', "&#10;").replace('\t', "&#9;");
        }
        self.put(&text)
    }

    fn indent(&mut self, depth: usize) -> Result<()> {
        if self.pretty { self.put(&"  ".repeat(depth)) } else { Ok(()) }
    }

    fn line(&mut self) -> Result<()> {
        if self.pretty { self.put("\n") } else { Ok(()) }
    }
}

/// Refuses what cannot name an element.
fn check(name: &str) -> Result<()> {
    let valid = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let starts = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    if !starts || !name.chars().all(valid) {
        return Err(Error::invalid_arguments(format!(
            "`to`: `{}` cannot name an XML element or attribute: letters, digits, `_`, `-` and `.`, a letter first; rename it",
            short(name)
        )));
    }
    Ok(())
}
