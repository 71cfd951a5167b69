//! Text in the form in which it is searched.

/// Text with blanks, case and ligatures made alike, and where each part of it comes from.
pub(crate) struct Folded {
    text: String,
    /// For each byte of `text` the character of the original.
    origin: Vec<u32>,
    /// The original's characters, with each blank as one space.
    chars: Vec<char>,
}

impl Folded {
    pub(crate) fn new(original: &str, ignore_case: bool) -> Self {
        let mut folded = Self { text: String::new(), origin: Vec::new(), chars: Vec::new() };
        for c in original.chars() {
            let c = if c.is_whitespace() { ' ' } else { c };
            // Hyphens that show only at the end of a line.
            if c == '\u{ad}' || (c == ' ' && folded.chars.last().is_none_or(|last| *last == ' ')) {
                continue;
            }
            let at = u32::try_from(folded.chars.len()).unwrap_or(u32::MAX);
            folded.chars.push(c);
            let before = folded.text.len();
            match ligature(c) {
                Some(letters) => folded.text.push_str(letters),
                None if ignore_case => folded.text.extend(c.to_lowercase()),
                None => folded.text.push(c),
            }
            folded.origin.extend(std::iter::repeat_n(at, folded.text.len() - before));
        }
        folded
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where a text is found, as characters of the original from the first to before the last.
    pub(crate) fn find(&self, folded: &str, whole_words: bool) -> impl Iterator<Item = (usize, usize)> {
        let matches = self.text.match_indices(folded).filter(move |(at, found)| {
            let before = self.text.get(..*at).and_then(|before| before.chars().next_back());
            let after = self.text.get(at + found.len()..).and_then(|after| after.chars().next());
            !whole_words || ![before, after].into_iter().flatten().any(char::is_alphanumeric)
        });
        matches.filter_map(|(at, found)| {
            let first = usize::try_from(*self.origin.get(at)?).ok()?;
            let last = usize::try_from(*self.origin.get((at + found.len()).checked_sub(1)?)?).ok()?;
            Some((first, last + 1))
        })
    }

    /// The original around a place, with at most `context` characters on each side; cut at spaces where there are some.
    pub(crate) fn around(&self, (first, end): (usize, usize), context: usize) -> String {
        let mut from = first.saturating_sub(context);
        let mut to = end.saturating_add(context).min(self.chars.len());
        let is_space = |at: usize| self.chars.get(at).is_none_or(|c| *c == ' ');
        if from > 0 && !is_space(from - 1) {
            from = (from..first).find(|at| is_space(*at)).map_or(from, |at| at + 1);
        }
        if !is_space(to) {
            to = (end..to).rev().find(|at| is_space(*at)).unwrap_or(to);
        }
        let text: String = self.chars.get(from..to).unwrap_or_default().iter().collect();
        let (before, after) = (if from > 0 { "…" } else { "" }, if to < self.chars.len() { "…" } else { "" });
        format!("{before}{}{after}", text.trim())
    }
}

fn ligature(c: char) -> Option<&'static str> {
    Some(match c {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        _ => return None,
    })
}
