//! A page that is drawn.

use std::{io::Write, rc::Rc};

use crate::{faces::Face, wrap::Line};

/// What a page has.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    /// Operators.
    pub(crate) content: Vec<u8>,
    /// Rectangles that lead to an address: left, bottom, right, top.
    pub(crate) links: Vec<([f32; 4], Rc<str>)>,
}

impl Canvas {
    /// A line of text whose baseline begins at a place.
    pub(crate) fn line(&mut self, line: &Line, x: f32, y: f32, size: f32) {
        let mut at = x;
        for run in line {
            let blue = run.link.is_some();
            if blue {
                self.operators("0 0.2 0.6 rg ");
            }
            self.text(run.face, &run.bytes, at, y, size);
            if blue {
                self.operators("0 g ");
            }
            if let Some(link) = &run.link {
                self.link(link, [at, y - size * 0.25, at + run.width, y + size * 0.8]);
            }
            at += run.width;
        }
    }

    /// A link goes on with the last one where that is the same on the same line.
    fn link(&mut self, link: &Rc<str>, place: [f32; 4]) {
        let [left, bottom, right, top] = place;
        match self.links.last_mut() {
            Some(([_, low, end, _], last)) if Rc::ptr_eq(last, link) && *low == bottom && (*end - left).abs() < 0.1 => {
                *end = right;
            }
            _ => self.links.push(([left, bottom, right, top], Rc::clone(link))),
        }
    }

    pub(crate) fn text(&mut self, face: Face, bytes: &[u8], x: f32, y: f32, size: f32) {
        self.operators(&format!("BT /F{} {size:.1} Tf {x:.2} {y:.2} Td (", face.index()));
        for &byte in bytes {
            match byte {
                b'(' | b')' | b'\\' => self.content.extend([b'\\', byte]),
                _ => self.content.push(byte),
            }
        }
        self.operators(") Tj ET\n");
    }

    /// A rectangle filled with a grey: 0 is black and 1 white.
    pub(crate) fn fill(&mut self, [x, y, width, height]: [f32; 4], grey: f32) {
        self.operators(&format!("{grey:.2} g {x:.2} {y:.2} {width:.2} {height:.2} re f 0 g\n"));
    }

    fn operators(&mut self, text: &str) {
        // Writing to memory does not fail.
        let _ = self.content.write_all(text.as_bytes());
    }
}
