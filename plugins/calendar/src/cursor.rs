//! Where a page begins. A cursor holds the range too, so that `now` does not move from page to page.

use std::fmt;

use jiff::Timestamp;
use tandem_sdk::{Error, Result};

use crate::window::Window;

/// A place in the entries of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) offset: usize,
    pub(crate) total: usize,
    pub(crate) window: Option<Window>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.offset, self.total)?;
        match self.window {
            Some(window) => write!(f, ".{}.{}", window.after.as_millisecond(), window.before.as_millisecond()),
            None => Ok(()),
        }
    }
}

impl Cursor {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong =
            || Error::invalid_arguments(format!("`cursor`: `{text:.80}` is not the `next_cursor` of a call before"));
        Self::read(text).ok_or_else(wrong)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (offset, total) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let moment = |text: &str| Timestamp::from_millisecond(text.parse().ok()?).ok();
        let window = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(after), Some(before), None) => {
                let window = Window { after: moment(after)?, before: moment(before)? };
                Some(window.is_valid().then_some(window)?)
            }
            _ => return None,
        };
        Some(Self { offset, total, window })
    }

    /// Where the page begins, if the calendar is still what it was.
    pub(crate) fn offset_in(self, total: usize) -> Result<usize> {
        if self.total == total && self.offset <= total {
            return Ok(self.offset);
        }
        Err(Error::invalid_arguments(
            "`cursor`: the calendar or the other arguments changed since the page before: begin without `cursor`",
        ))
    }
}
