//! Changes several files together: all of them, or none.
//!
//! What is new is written beside its place, and what goes away is kept beside its place, before anything changes; where a step
//! fails, those before it are undone.

use std::collections::VecDeque;

use tandem_sdk::prelude::*;

use crate::{
    errors,
    limits::CHUNK,
    path::Place,
    replace::{self, NewFile, Over},
};

/// One change of a file.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// It gets this text.
    Write { place: Place<'a>, text: String, over: Over },
    /// It goes away.
    Delete { place: Place<'a>, over: Over },
}

impl<'a> Step<'a> {
    pub(crate) fn place(&self) -> &Place<'a> {
        match self {
            Self::Write { place, .. } | Self::Delete { place, .. } => place,
        }
    }
}

/// A file as it was, under another name beside it. Dropped, it goes away.
struct Kept<'a> {
    beside: Place<'a>,
    stays: bool,
}

impl<'a> Kept<'a> {
    fn new(place: &Place<'a>) -> Result<Self> {
        let beside = replace::partial(place);
        let kept = Self { stays: false, beside };
        // A second name takes no room; where the file system has none, a copy does.
        if place.root.link(place.rest(), kept.beside.rest()).is_err() {
            let explain = |code| errors::of(&place.path, code);
            let mut source = place.open()?;
            let mut copy = place.root.create(kept.beside.rest()).map_err(explain)?;
            loop {
                let bytes = source.read_up_to(&place.path, CHUNK)?;
                if bytes.is_empty() {
                    break;
                }
                copy.write(&bytes).map_err(explain)?;
            }
            copy.finish().map_err(explain)?;
        }
        Ok(kept)
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if !self.stays {
            // Nothing more can be done where even this fails; the name tells what the rest is.
            let _ = self.beside.root.remove_file(self.beside.rest());
        }
    }
}

/// A step of which all is there but the change itself.
struct Prepared<'a> {
    place: Place<'a>,
    over: Over,
    file: Option<NewFile<'a>>,
    kept: Option<Kept<'a>>,
    /// Directories that it brought with it.
    made: Vec<Place<'a>>,
}

impl<'a> Prepared<'a> {
    fn new(step: &Step<'a>) -> Result<Self> {
        let (place, over, file) = match step {
            Step::Write { place, text, over } => {
                let mut file = NewFile::new(place, *over)?;
                file.write(text.as_bytes())?;
                file.finish()?;
                (place, *over, Some(file))
            }
            Step::Delete { place, over } => {
                replace::check(place, *over)?;
                (place, *over, None)
            }
        };
        let kept = if over == Over::Nothing { None } else { Some(Kept::new(place)?) };
        Ok(Self { place: place.clone(), over, file, kept, made: Vec::new() })
    }

    fn run(&mut self) -> Result<()> {
        match self.file.take() {
            Some(file) => self.made = file.appear()?,
            None => {
                replace::check(&self.place, self.over)?;
                self.place.root.remove_file(self.place.rest()).map_err(|code| errors::of(&self.place.path, code))?;
            }
        }
        Ok(())
    }

    /// Makes it as it was, and tells what could not be.
    fn undo(mut self) -> Option<String> {
        let root = self.place.root;
        let undone = match &self.kept {
            Some(kept) => root.rename(kept.beside.rest(), root, self.place.rest()),
            None => root.remove_file(self.place.rest()),
        };
        replace::remove_directories(&self.made);
        undone.err()?;
        let path = &self.place.path;
        Some(match &mut self.kept {
            Some(kept) => {
                kept.stays = true;
                format!("`{path}`, which is as it was in `{}`", kept.beside.path)
            }
            None => format!("`{path}`, which is new"),
        })
    }
}

/// Steps in their order. Dropped, the last goes away first, so that directories that were made are empty when their turn comes.
struct Ready<'a>(VecDeque<Prepared<'a>>);

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        while self.0.pop_back().is_some() {}
    }
}

/// Takes all steps, or none.
pub(crate) fn apply<'s, 'a: 's>(steps: impl Iterator<Item = &'s Step<'a>>) -> Result<()> {
    let mut ready = Ready(VecDeque::new());
    for step in steps {
        ready.0.push_back(Prepared::new(step)?);
    }
    let mut done = Vec::new();
    while let Some(mut next) = ready.0.pop_front() {
        if let Err(error) = next.run() {
            drop(ready);
            drop(next);
            return Err(undo(done, error));
        }
        done.push(next);
    }
    Ok(())
}

fn undo(done: Vec<Prepared<'_>>, error: Error) -> Error {
    let left: Vec<_> = done.into_iter().rev().filter_map(Prepared::undo).collect();
    if left.is_empty() {
        error.context("nothing was changed")
    } else {
        error.context(format!("these could not be brought back: {}", left.join(", ")))
    }
}
