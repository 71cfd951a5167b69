//! From text to terms.
//!
//! Words are cut by the rules of Unicode (UAX #29), brought to one form of those that look alike (NFKC: half-width kana,
//! full-width letters, composed accents; one apostrophe), folded in case (`ß` is `ss`, `ς` is `σ`) and, where the field has a language, to their Snowball stem. A
//! word of more than [`MAX_WORD_BYTES`] is no word (encoded data, mostly) and is left out.
//!
//! Chinese, Japanese and Korean are written without spaces, or with endings glued to words. A run of their characters,
//! whatever stands next to it, is cut into all its pairs of neighbours, as Lucene's `CJKBigramFilter` does: `東京都` is
//! `東京` and `京都`, so that a word is found where its characters stand together. Its single characters are terms too,
//! for queries of one character, and so are Korean words that stand alone, which rank above those glued to others; neither
//! counts as a word of the text.

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation;

use crate::settings::{Field, FieldKind, Language};

/// The longest word of any language we know of is shorter.
pub(crate) const MAX_WORD_BYTES: usize = 256;

/// Cuts texts into terms.
#[derive(Clone, Copy)]
pub(crate) struct Analyzer {
    stemmer: Option<Stemmer>,
    /// Whether `l'eau` is the word `eau`.
    elides: bool,
    /// Whether `café` is the word `cafe`.
    folds_accents: bool,
}

/// A word of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// As it stands.
    pub(crate) text: &'t str,
    pub(crate) kind: Kind,
}

/// What a word is to others of the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word of its own, or a pair.
    Word,
    /// A character of a pair.
    Part,
    /// Pairs together.
    Whole,
}

/// The words of a text, in the order of their beginnings.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let words = runs(text).flat_map(|(start, run)| {
        let spaced = (!is_unspaced(run)).then(|| {
            let words = run.unicode_word_indices();
            words.map(move |(at, text)| Word { start: start + at, text, kind: Kind::Word })
        });
        let whole = stands_alone(text, start, run).then_some(Word { start, text: run, kind: Kind::Whole });
        let unspaced = is_unspaced(run).then(|| whole.into_iter().chain(pairs(start, run)));
        spaced.into_iter().flatten().chain(unspaced.into_iter().flatten())
    });
    words.filter(|word| word.text.len() <= MAX_WORD_BYTES)
}

/// Cuts a text where runs of characters that are written without spaces begin and end.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let unspaced = is_unspaced(rest);
        let mut chars = rest.char_indices();
        chars.next()?;
        let end = chars.find(|(_, c)| !extends(*c) && is_cjk(*c) != unspaced).map_or(rest.len(), |(end, _)| end);
        let run = (at, rest.get(..end)?);
        at += end;
        Some(run)
    })
}

fn is_unspaced(run: &str) -> bool {
    run.chars().next().is_some_and(is_cjk)
}

/// Whether a run is a Korean word of several pairs with nothing glued to it.
fn stands_alone(text: &str, start: usize, run: &str) -> bool {
    let is_hangul = |c: char| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}');
    let glued = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let after = text.get(start + run.len()..).and_then(|after| after.chars().next());
    run.chars().all(is_hangul) && run.chars().nth(2).is_some() && !glued(before) && !glued(after)
}

/// The pairs of a run and its single characters.
fn pairs(start: usize, run: &str) -> impl Iterator<Item = Word<'_>> {
    let mut bounds: Vec<usize> = run.char_indices().filter(|(_, c)| !extends(*c)).map(|(at, _)| at).collect();
    bounds.push(run.len());
    let lone = bounds.len() <= 2;
    (0..bounds.len()).flat_map(move |at| {
        let word = |characters: usize| {
            let (from, to) = (*bounds.get(at)?, *bounds.get(at + characters)?);
            let kind = if characters == 1 && !lone { Kind::Part } else { Kind::Word };
            Some(Word { start: start + from, text: run.get(from..to)?, kind })
        };
        [word(1), word(2)].into_iter().flatten()
    })
}

/// Ideographs, kana, bopomofo and Hangul, in all widths.
fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30fa}'
        | '\u{30fc}'..='\u{318f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ffdc}' | '\u{1b000}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}')
}

/// Marks that belong to the character before: of voiced kana, and the later letters of a syllable of Hangul.
fn extends(c: char) -> bool {
    matches!(c, '\u{ff9e}' | '\u{ff9f}' | '\u{3099}' | '\u{309a}' | '\u{1160}'..='\u{11ff}')
}

impl Analyzer {
    pub(crate) fn new(field: &Field) -> Self {
        let algorithm = match field.language {
            Language::None => None,
            Language::Dutch => Some(Algorithm::DutchPorter),
            Language::English => Some(Algorithm::English),
            Language::French => Some(Algorithm::French),
            Language::German => Some(Algorithm::German),
            Language::Italian => Some(Algorithm::Italian),
            Language::Portuguese => Some(Algorithm::Portuguese),
            Language::Russian => Some(Algorithm::Russian),
            Language::Spanish => Some(Algorithm::Spanish),
            Language::Swedish => Some(Algorithm::Swedish),
        };
        Self {
            stemmer: algorithm.map(Stemmer::new),
            elides: matches!(field.language, Language::French | Language::Italian),
            folds_accents: field.kind == FieldKind::Folded,
        }
    }

    /// Whether terms are stems, and not the words themselves.
    pub(crate) fn stems(&self) -> bool {
        self.stemmer.is_some()
    }

    /// The term of a word.
    pub(crate) fn term(&self, word: &str) -> String {
        self.stem(self.plain(word))
    }

    /// The form of a word that all its spellings share in this field.
    pub(crate) fn plain(&self, word: &str) -> String {
        let mut plain = plain(word);
        if self.elides
            && let Some((article, rest)) = plain.split_once('\'')
            && !rest.is_empty()
            && ELISIONS.contains(&article)
        {
            plain = rest.to_owned();
        }
        if self.folds_accents { without_accents(&plain) } else { plain }
    }

    /// The term of a word in its plain form.
    pub(crate) fn stem(&self, plain: String) -> String {
        match &self.stemmer {
            None => plain,
            Some(stemmer) => stemmer.stem(&plain).into_owned(),
        }
    }
}

/// What French and Italian words lose their last letter to, as Lucene's `ElisionFilter` has it.
const ELISIONS: [&str; 26] = [
    "l", "m", "t", "qu", "n", "s", "j", "d", "c", "jusqu", "quoiqu", "lorsqu", "puisqu", "all", "dall", "dell", "nell",
    "sull", "coll", "pell", "gl", "agl", "dagl", "degl", "negl", "un",
];

/// The form of a word that all its spellings share.
pub(crate) fn plain(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let lower = word.nfkc().collect::<String>().to_lowercase();
    let mut plain = String::with_capacity(lower.len());
    for c in lower.chars() {
        match c {
            'ß' => plain.push_str("ss"),
            'ς' => plain.push('σ'),
            '\u{2019}' | '\u{2018}' | '\u{2bc}' | '\u{ff07}' => plain.push('\''),
            // `İ` in lower case is `i` with this dot.
            '\u{307}' if plain.ends_with('i') => {}
            _ => plain.push(c),
        }
    }
    plain
}

/// Latin, Greek and Cyrillic letters without their marks. Marks of other scripts are letters of their own.
fn without_accents(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')) {
        match c {
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' => out.push('d'),
            'ı' => out.push('i'),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            _ => out.push(c),
        }
    }
    out.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: FieldKind, language: Language) -> Field {
        Field { name: "f".to_owned(), kind, language }
    }

    #[test]
    fn spellings_of_a_word_are_one_word() {
        for (word, same) in
            [("STRASSE", "Straße"), ("ΟΔΟΣ", "οδος"), ("Don\u{2019}t", "don't"), ("İstanbul", "istanbul")]
        {
            assert_eq!(plain(word), plain(same));
        }
        let french = Analyzer::new(&field(FieldKind::Text, Language::French));
        assert_eq!(french.term("l\u{2019}avion"), french.term("avions"));
        assert_eq!(french.plain("aujourd'hui"), "aujourd'hui");
        let folded = Analyzer::new(&field(FieldKind::Folded, Language::None));
        for (word, same) in [
            ("Café", "cafe"),
            ("Łódź", "lodz"),
            ("Ærø", "aero"),
            ("Ἀθῆναι", "αθηναι"),
            ("プロジェクト", "プロジェクト"),
        ] {
            assert_eq!(folded.term(word), same);
        }
        assert_eq!(Analyzer::new(&field(FieldKind::Text, Language::None)).term("Café"), "café");
    }

    fn cut(text: &str) -> Vec<&str> {
        words(text).filter(|word| word.kind == Kind::Word).map(|word| word.text).collect()
    }

    #[test]
    fn words_are_cut_by_the_rules_of_unicode() {
        assert_eq!(cut("Don't panic: 3.14 — naïve!"), ["Don't", "panic", "3.14", "naïve"]);
        let long = format!("a {} b", "x".repeat(MAX_WORD_BYTES + 1));
        assert_eq!(words(&long).count(), 2);
    }

    #[test]
    fn what_is_written_without_spaces_is_cut_into_pairs() {
        assert_eq!(cut("東京都、京"), ["東京", "京都", "京"]);
        assert_eq!(cut("OvertimeService초과근무v2"), ["OvertimeService", "초과", "과근", "근무", "v2"]);
        assert_eq!(cut("ﾌﾟﾛｼﾞｪ"), ["ﾌﾟﾛ", "ﾛｼﾞ", "ｼﾞｪ"]);
        let all: Vec<_> = words("a東京").map(|word| (word.start, word.text, word.kind)).collect();
        assert_eq!(all, [(0, "a", Kind::Word), (1, "東", Kind::Part), (1, "東京", Kind::Word), (4, "京", Kind::Part)]);
        let whole = |text| words(text).find(|word| word.kind == Kind::Whole).map(|word| word.text);
        assert_eq!(whole("a 초과근무, b"), Some("초과근무"));
        for none in ["a초과근무", "초과근무v2", "초과", "東京都庁"] {
            assert_eq!(whole(none), None, "{none}");
        }
    }

    #[test]
    fn terms_are_lower_case_stems() {
        for (language, word, term) in [
            (Language::None, "Running", "running"),
            (Language::English, "Running", "run"),
            (Language::German, "Häuser", "haus"),
            (Language::French, "Continuellement", "continuel"),
            (Language::Spanish, "corriendo", "corr"),
        ] {
            assert_eq!(Analyzer::new(&field(FieldKind::Text, language)).term(word), term, "{language:?}");
        }
        for (word, same) in [("ﾌﾟﾛｼﾞｪｸﾄ", "プロジェクト"), ("ＡＢＣ１２", "abc12"), ("e\u{301}te\u{301}", "été")]
        {
            assert_eq!(plain(word), same);
        }
    }
}
