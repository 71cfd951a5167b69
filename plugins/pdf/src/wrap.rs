//! Text in lines of a width.

use crate::{
    blocks::{BREAK, Span},
    faces::{Face, Family, Run},
};

/// A line: its runs in their order.
pub(crate) type Line = Vec<Run>;

struct Wrapper {
    width: f32,
    size: f32,
    lines: Vec<Line>,
    line: Line,
    used: f32,
    /// The word that is not yet on a line, and the space before it.
    word: Vec<Run>,
    space: Option<Run>,
}

/// Breaks text into lines; words that are longer than a line are broken too.
pub(crate) fn wrap(spans: &[Span], family: Family, size: f32, width: f32) -> Vec<Line> {
    let mut wrapper =
        Wrapper { width, size, lines: Vec::new(), line: Vec::new(), used: 0.0, word: Vec::new(), space: None };
    for span in spans {
        let face = Face::of(family, span.style);
        let link = span.link.as_ref();
        for part in span.text.split_inclusive([' ', BREAK]) {
            let word = part.trim_end_matches([' ', BREAK]);
            if !word.is_empty() {
                wrapper.word.push(Run::new(face, word, size, link));
            }
            if part.ends_with(BREAK) {
                wrapper.end_word();
                wrapper.end_line();
            } else if part.ends_with(' ') {
                wrapper.end_word();
                if !wrapper.line.is_empty() {
                    wrapper.space = Some(Run::new(face, " ", size, link));
                }
            }
        }
    }
    wrapper.end_word();
    if !wrapper.line.is_empty() {
        wrapper.end_line();
    }
    wrapper.lines
}

impl Wrapper {
    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.is_empty() {
            return;
        }
        let wide: f32 = word.iter().map(|run| run.width).sum();
        let space = self.space.take();
        let before = space.as_ref().map_or(0.0, |space| space.width);
        if !self.line.is_empty() && self.used + before + wide > self.width {
            self.end_line();
        } else if let Some(space) = space {
            self.put(space);
        }
        if wide > self.width {
            self.break_word(word);
        } else {
            word.into_iter().for_each(|run| self.put(run));
        }
    }

    fn break_word(&mut self, word: Vec<Run>) {
        for run in word {
            let mut part = Run { bytes: Vec::new(), width: 0.0, ..run.clone() };
            for byte in run.bytes {
                let wide = run.face.width(&[byte], self.size);
                if self.used + part.width + wide > self.width && !(self.line.is_empty() && part.bytes.is_empty()) {
                    let empty = Run { bytes: Vec::new(), width: 0.0, ..part.clone() };
                    let full = std::mem::replace(&mut part, empty);
                    self.put(full);
                    self.end_line();
                }
                part.bytes.push(byte);
                part.width += wide;
            }
            self.put(part);
        }
    }

    fn put(&mut self, run: Run) {
        if run.bytes.is_empty() {
            return;
        }
        self.used += run.width;
        match self.line.last_mut() {
            Some(last) if last.face == run.face && last.link == run.link => {
                last.bytes.extend(run.bytes);
                last.width += run.width;
            }
            _ => self.line.push(run),
        }
    }

    fn end_line(&mut self) {
        self.used = 0.0;
        self.space = None;
        self.lines.push(std::mem::take(&mut self.line));
    }
}
