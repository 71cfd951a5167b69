//! How long a text is: in characters, or in tokens of a model.

use std::rc::Rc;

use crate::{fault::Result, tokens::Tokens};

#[derive(Clone)]
pub(crate) enum Measure {
    Characters,
    Tokens(Rc<Tokens>),
}

impl Measure {
    /// The length of a text, without the space around it.
    pub(crate) fn of(&self, text: &str) -> Result<usize> {
        let text = text.trim();
        match self {
            Self::Characters => Ok(text.chars().count()),
            Self::Tokens(tokens) => tokens.count(text),
        }
    }

    /// Tokens of a text; none where characters are counted.
    pub(crate) fn tokens(&self, text: &str) -> Result<Option<usize>> {
        match self {
            Self::Characters => Ok(None),
            Self::Tokens(_) => self.of(text).map(Some),
        }
    }
}
