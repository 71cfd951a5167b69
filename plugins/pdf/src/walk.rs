//! Walks the content of a page and collects its text.

use std::{collections::HashMap, rc::Rc};

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, content};

use crate::{
    content::{Content, END},
    fault::{Fault, Result},
    font::Font,
    limits::{MAX_FONTS, MAX_FORM_DEPTH, MAX_FORMS, MAX_STATES},
    matrix::Matrix,
    meter::Meter,
    pdf::Source,
    piece::{Piece, Pieces},
};

/// Reads the text of pages of one document.
pub(crate) struct Walker<'a> {
    source: &'a Source,
    meter: &'a Meter<'a>,
    /// Fonts by where they are in memory: some have no object of their own.
    fonts: HashMap<usize, Rc<Font>>,
    found: Pieces,
    forms: usize,
}

/// What `q` saves.
#[derive(Clone)]
struct State {
    page: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    character_space: f32,
    word_space: f32,
    stretch: f32,
    leading: f32,
    rise: f32,
}

/// One content stream on its way.
struct Drawing {
    state: State,
    saved: Vec<State>,
    text: Matrix,
    line: Matrix,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(source: &'a Source, meter: &'a Meter<'a>) -> Self {
        Self { source, meter, fonts: HashMap::new(), found: Pieces::default(), forms: 0 }
    }

    /// The text of a page.
    pub(crate) fn page(&mut self, number: usize, id: ObjectId) -> Result<Pieces> {
        (self.found, self.forms) = (Pieces::default(), 0);
        let content = Content::of_page(self.source, number, id)?;
        self.found.damaged |= content.damaged;
        self.meter.expand(content.bytes.len())?;
        let resources = self.source.inherited(id, b"Resources").and_then(|object| object.as_dict().ok());
        let turn = self.source.inherited(id, b"Rotate").and_then(|turn| turn.as_i64().ok()).unwrap_or(0);
        let page = match turn.rem_euclid(360) {
            90 => Matrix([0.0, -1.0, 1.0, 0.0, 0.0, 0.0]),
            180 => Matrix([-1.0, 0.0, 0.0, -1.0, 0.0, 0.0]),
            270 => Matrix([0.0, 1.0, -1.0, 0.0, 0.0, 0.0]),
            _ => Matrix::IDENTITY,
        };
        self.draw(number, &content.bytes, resources, State::new(page), 0)?;
        Ok(std::mem::take(&mut self.found))
    }

    fn draw(
        &mut self,
        number: usize,
        content: &[u8],
        resources: Option<&Dictionary>,
        state: State,
        depth: usize,
    ) -> Result<()> {
        let mut drawing = Drawing { state, saved: Vec::new(), text: Matrix::IDENTITY, line: Matrix::IDENTITY };
        let mut ended = false;
        for operation in content::Content::decode_iter(content) {
            let Ok(operation) = operation else { break };
            let operands = operation.operands.as_slice();
            match (operation.operator.as_str(), operands) {
                ("Tf", [Object::Name(name), size]) => {
                    drawing.state.size = size.as_float().unwrap_or_default();
                    drawing.state.font = match resources {
                        Some(resources) => self.font(resources, name)?,
                        None => None,
                    };
                }
                ("Tj", [Object::String(text, _)]) => self.show(&mut drawing, text)?,
                ("'", [Object::String(text, _)]) => {
                    drawing.next_line();
                    self.show(&mut drawing, text)?;
                }
                ("\"", [word, character, Object::String(text, _)]) => {
                    drawing.state.word_space = word.as_float().unwrap_or_default();
                    drawing.state.character_space = character.as_float().unwrap_or_default();
                    drawing.next_line();
                    self.show(&mut drawing, text)?;
                }
                ("TJ", [Object::Array(items)]) => {
                    for item in items {
                        match item {
                            Object::String(text, _) => self.show(&mut drawing, text)?,
                            item => drawing.kern(item.as_float().unwrap_or_default()),
                        }
                    }
                }
                ("Do", [Object::Name(name)]) => {
                    if let Some(form) = resources.and_then(|resources| self.form(resources, name)) {
                        self.form_content(number, form, resources, &drawing.state, depth)?;
                    }
                }
                (END, _) => ended = true,
                ("q", _) if drawing.saved.len() >= MAX_STATES => self.found.damaged = true,
                (operator, operands) => drawing.apply(operator, operands),
            }
        }
        // The iterator stops silently at what it cannot read.
        self.found.damaged |= !ended;
        Ok(())
    }

    fn form(&self, resources: &Dictionary, name: &[u8]) -> Option<&'a Stream> {
        let source = self.source;
        let objects = resources.get(b"XObject").ok()?;
        let objects = source.document.dereference(objects).ok()?.1.as_dict().ok()?;
        let id = objects.get(name).ok()?.as_reference().ok()?;
        let form = source.document.get_object(id).ok()?.as_stream().ok()?;
        matches!(form.dict.get(b"Subtype").and_then(Object::as_name), Ok(b"Form")).then_some(form)
    }

    fn form_content(
        &mut self,
        number: usize,
        form: &Stream,
        outer: Option<&Dictionary>,
        state: &State,
        depth: usize,
    ) -> Result<()> {
        self.forms += 1;
        if depth >= MAX_FORM_DEPTH || self.forms > MAX_FORMS {
            return Err(Fault::Limit(format!(
                "page {number} draws more than {MAX_FORMS} forms, or forms more than {MAX_FORM_DEPTH} levels inside of each other"
            )));
        }
        let content = Content::of_form(number, form)?;
        self.found.damaged |= content.damaged;
        self.meter.expand(content.bytes.len())?;
        let source = self.source;
        let own = source.get(&form.dict, b"Resources").and_then(|object| object.as_dict().ok());
        let matrix = source.get(&form.dict, b"Matrix").and_then(|object| object.as_array().ok());
        let mut state = state.clone();
        if let Some(&[a, b, c, d, e, f]) = matrix.map(|matrix| source.numbers(matrix)).as_deref() {
            state.page = Matrix([a, b, c, d, e, f]).then(state.page);
        }
        self.draw(number, &content.bytes, own.or(outer), state, depth + 1)
    }

    fn font(&mut self, resources: &Dictionary, name: &[u8]) -> Result<Option<Rc<Font>>> {
        let Some(font) = find_font(&self.source.document, resources, name) else { return Ok(None) };
        let place = std::ptr::from_ref(font).addr();
        if let Some(known) = self.fonts.get(&place) {
            return Ok(Some(Rc::clone(known)));
        }
        if self.fonts.len() >= MAX_FONTS {
            return Err(Fault::Limit(format!(
                "the pages have more than {MAX_FONTS} fonts, the bound of a call: ask for fewer `pages`"
            )));
        }
        let font = Rc::new(Font::read(self.source, font));
        self.fonts.insert(place, Rc::clone(&font));
        Ok(Some(font))
    }

    fn show(&mut self, drawing: &mut Drawing, bytes: &[u8]) -> Result<()> {
        let Some(font) = drawing.state.font.clone() else {
            self.found.unknown = self.found.unknown.saturating_add(bytes.len() as u64);
            return Ok(());
        };
        for code in font.codes(bytes) {
            let state = &drawing.state;
            let at = Matrix([state.size * state.stretch, 0.0, 0.0, state.size, 0.0, state.rise]);
            let at = at.then(drawing.text).then(state.page);
            let (x, y) = at.origin();
            let (wide, high) = at.scale();
            let Matrix([cos, sin, ..]) = at;
            let text = code.text.unwrap_or_else(|| {
                self.found.unknown = self.found.unknown.saturating_add(1);
                std::borrow::Cow::Borrowed("\u{fffd}")
            });
            let text: String = text.chars().filter(|c| !c.is_control()).collect();
            if !wide.is_finite() {
                self.found.damaged = true;
            } else if !text.is_empty() && wide > 0.0 {
                self.found.push(Piece {
                    text,
                    x,
                    y,
                    width: code.width / 1_000.0 * wide,
                    size: high,
                    along: (cos / wide, sin / wide),
                    bold: font.bold,
                    fixed: font.fixed,
                })?;
            }
            let word = if code.space { state.word_space } else { 0.0 };
            let step = (code.width / 1_000.0 * state.size + state.character_space + word) * state.stretch;
            drawing.text = Matrix::shift(step, 0.0).then(drawing.text);
        }
        Ok(())
    }
}

fn find_font<'a>(document: &'a Document, resources: &'a Dictionary, name: &[u8]) -> Option<&'a Dictionary> {
    let fonts = document.dereference(resources.get(b"Font").ok()?).ok()?.1.as_dict().ok()?;
    document.dereference(fonts.get(name).ok()?).ok()?.1.as_dict().ok()
}

impl State {
    fn new(page: Matrix) -> Self {
        Self {
            page,
            font: None,
            size: 0.0,
            character_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

impl Drawing {
    /// Operators that show nothing.
    fn apply(&mut self, operator: &str, operands: &[Object]) {
        // More than six numbers no operator has.
        let numbers: Vec<f32> = operands.iter().take(6).filter_map(|operand| operand.as_float().ok()).collect();
        match (operator, numbers.as_slice()) {
            ("q", _) => self.saved.push(self.state.clone()),
            ("Q", _) => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            ("cm", &[a, b, c, d, e, f]) => self.state.page = Matrix([a, b, c, d, e, f]).then(self.state.page),
            ("BT", _) => (self.text, self.line) = (Matrix::IDENTITY, Matrix::IDENTITY),
            ("Tm", &[a, b, c, d, e, f]) => {
                self.line = Matrix([a, b, c, d, e, f]);
                self.text = self.line;
            }
            ("Td", &[x, y]) => self.move_line(x, y),
            ("TD", &[x, y]) => {
                self.state.leading = -y;
                self.move_line(x, y);
            }
            ("T*", _) => self.next_line(),
            ("TL", &[leading]) => self.state.leading = leading,
            ("Tc", &[space]) => self.state.character_space = space,
            ("Tw", &[space]) => self.state.word_space = space,
            ("Tz", &[percent]) => self.state.stretch = percent / 100.0,
            ("Ts", &[rise]) => self.state.rise = rise,
            _ => {}
        }
    }

    fn move_line(&mut self, x: f32, y: f32) {
        self.line = Matrix::shift(x, y).then(self.line);
        self.text = self.line;
    }

    fn next_line(&mut self) {
        self.move_line(0.0, -self.state.leading);
    }

    fn kern(&mut self, thousandths: f32) {
        let step = -thousandths / 1_000.0 * self.state.size * self.state.stretch;
        self.text = Matrix::shift(step, 0.0).then(self.text);
    }
}
