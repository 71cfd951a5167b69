//! Differences of text as unified diffs, in git's form.

use std::fmt::Write;

use gix_imara_diff::{Algorithm, Diff, Hunk, InternedInput, sources::byte_lines};

use crate::limits::MAX_DIFF_LINES;

/// git looks at so many bytes to tell text from other content.
const TEXT_SAMPLE_BYTES: usize = 8_000;
/// The most bytes of the line that a hunk's header shows, as in git.
const MAX_SECTION_BYTES: usize = 80;

/// Whether git treats it as binary.
pub(crate) fn is_binary(data: &[u8]) -> bool {
    data.iter().take(TEXT_SAMPLE_BYTES).any(|byte| *byte == 0)
}

/// The line differences of two texts.
pub(crate) struct Lines<'a> {
    input: InternedInput<&'a [u8]>,
    diff: Diff,
}

impl<'a> Lines<'a> {
    /// Compares; none where one of the texts has too many lines.
    pub(crate) fn compare(old: &'a [u8], new: &'a [u8]) -> Option<Self> {
        let lines = |data: &[u8]| data.iter().filter(|byte| **byte == b'\n').count();
        if lines(old) > MAX_DIFF_LINES || lines(new) > MAX_DIFF_LINES {
            return None;
        }
        let input = InternedInput::new(byte_lines(old), byte_lines(new));
        let mut diff = Diff::compute(Algorithm::Myers, &input);
        diff.postprocess_lines(&input);
        Some(Self { input, diff })
    }

    pub(crate) fn additions(&self) -> u32 {
        self.diff.count_additions()
    }

    pub(crate) fn deletions(&self) -> u32 {
        self.diff.count_removals()
    }

    pub(crate) fn hunks(&self) -> impl Iterator<Item = Hunk> + '_ {
        self.diff.hunks()
    }

    fn old_line(&self, line: u32) -> &'a [u8] {
        self.input.before.get(line as usize).map(|token| self.input.interner[*token]).unwrap_or_default()
    }

    fn new_line(&self, line: u32) -> &'a [u8] {
        self.input.after.get(line as usize).map(|token| self.input.interner[*token]).unwrap_or_default()
    }

    /// The hunks of a unified diff with `context` lines around changes.
    pub(crate) fn unified(&self, context: u32) -> String {
        let mut text = String::new();
        let mut group: Vec<Hunk> = Vec::new();
        let mut section = Section::default();
        for hunk in self.hunks() {
            let apart = group.last().is_some_and(|last| hunk.before.start - last.before.end > 2 * context);
            if apart {
                self.write(&group, context, &mut section, &mut text);
                group.clear();
            }
            group.push(hunk);
        }
        self.write(&group, context, &mut section, &mut text);
        text
    }

    fn write(&self, group: &[Hunk], context: u32, section: &mut Section, text: &mut String) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
        let lead = context.min(first.before.start);
        let total = u32::try_from(self.input.before.len()).unwrap_or(u32::MAX);
        let tail = context.min(total.saturating_sub(last.before.end));
        let (old_start, new_start) = (first.before.start - lead, first.after.start - lead);
        let old_len = last.before.end + tail - old_start;
        let new_len = last.after.end + tail - new_start;
        section.look(self, old_start);
        let heading = if section.text.is_empty() { String::new() } else { format!(" {}", section.text) };
        let range = |start: u32, len: u32| match len {
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            _ => format!("{},{len}", start + 1),
        };
        let _ = writeln!(text, "@@ -{} +{} @@{heading}", range(old_start, old_len), range(new_start, new_len));
        let mut at = old_start;
        for hunk in group {
            (at..hunk.before.start).for_each(|line| push(text, ' ', self.old_line(line)));
            hunk.before.clone().for_each(|line| push(text, '-', self.old_line(line)));
            hunk.after.clone().for_each(|line| push(text, '+', self.new_line(line)));
            at = hunk.before.end;
        }
        (at..at + tail).for_each(|line| push(text, ' ', self.old_line(line)));
    }
}

/// The line that a hunk is in, as a function's head: the last one before it that begins with a letter, `_` or `$`.
#[derive(Default)]
struct Section {
    text: String,
    looked_at: u32,
}

impl Section {
    fn look(&mut self, lines: &Lines<'_>, before: u32) {
        let heads =
            |line: &&[u8]| line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$'));
        let found = (self.looked_at..before).rev().map(|line| lines.old_line(line)).find(heads);
        if let Some(line) = found {
            let cut = line.get(..MAX_SECTION_BYTES).unwrap_or(line);
            String::from_utf8_lossy(cut).trim_end().clone_into(&mut self.text);
        }
        self.looked_at = before;
    }
}

fn push(text: &mut String, sign: char, line: &[u8]) {
    text.push(sign);
    text.push_str(&String::from_utf8_lossy(line));
    if !line.ends_with(b"\n") {
        text.push_str("\n\\ No newline at end of file\n");
    }
}
