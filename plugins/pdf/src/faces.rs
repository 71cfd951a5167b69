//! The fonts of a new document.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{blocks::Style, latin, standard::Standard};

/// A family of fonts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Family {
    /// Helvetica.
    #[default]
    Sans,
    /// Times.
    Serif,
}

/// A font of a document: its index in [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Face(usize);

/// All fonts by their names in PDF.
pub(crate) const NAMES: [&str; 12] = [
    "Helvetica",
    "Helvetica-Bold",
    "Helvetica-Oblique",
    "Helvetica-BoldOblique",
    "Times-Roman",
    "Times-Bold",
    "Times-Italic",
    "Times-BoldItalic",
    "Courier",
    "Courier-Bold",
    "Courier-Oblique",
    "Courier-BoldOblique",
];

impl Face {
    pub(crate) fn of(family: Family, style: Style) -> Self {
        let first = match (style.code, family) {
            (true, _) => 8,
            (false, Family::Sans) => 0,
            (false, Family::Serif) => 4,
        };
        Self(first + usize::from(style.bold) + 2 * usize::from(style.italic))
    }

    pub(crate) fn index(self) -> usize {
        self.0
    }

    /// The width of codes in points.
    pub(crate) fn width(self, bytes: &[u8], size: f32) -> f32 {
        let standard = NAMES.get(self.0).and_then(|name| Standard::named(name)).unwrap_or(Standard::Courier);
        bytes.iter().map(|byte| standard.width(*byte)).sum::<f32>() * size / 1_000.0
    }
}

/// A part of a line in one font.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) face: Face,
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: f32,
    pub(crate) link: Option<Rc<str>>,
}

impl Run {
    pub(crate) fn new(face: Face, text: &str, size: f32, link: Option<&Rc<str>>) -> Self {
        let bytes = latin::bytes(text);
        let width = face.width(&bytes, size);
        Self { face, bytes, width, link: link.cloned() }
    }
}
