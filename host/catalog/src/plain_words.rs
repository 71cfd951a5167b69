//! What words of plain questions mean to a search over tools: synonyms, and function words that say nothing of a tool.
//!
//! English, as the descriptions of most tools are. A language without an entry here is searched word by word.

/// Words that people take for the same thing in questions about tools. The index stems them.
const SYNONYMS: [&[&str]; 30] = [
    &["read", "load", "open", "preview"],
    &["save", "write", "store", "export"],
    &["average", "mean", "avg"],
    &["neighbour", "neighbor", "nearest", "similar", "closest"],
    &["embedding", "vector"],
    &["sql", "query"],
    &["find", "search", "look"],
    &["delete", "remove", "drop", "rid", "forget"],
    &["folder", "directory"],
    &["list", "show", "which", "there", "available", "exist"],
    &["convert", "transform", "turn"],
    &["add", "insert", "index", "put", "store"],
    &["file", "dataset", "data", "spreadsheet", "table"],
    &["peer", "node", "host"],
    &["job", "task", "background"],
    &["count", "aggregate", "sum", "group", "many"],
    &["schema", "column", "type"],
    &["least", "minimum", "min", "smallest"],
    &["greatest", "maximum", "max", "largest", "biggest", "most"],
    &["status", "done", "finished", "state"],
    &["cancel", "stop", "abort", "pause"],
    &["again", "retry", "resubmit"],
    &["result", "outcome", "return"],
    &["start", "run", "submit"],
    &["make", "create", "new"],
    &["join", "combine"],
    &["describe", "statistics", "summary"],
    &["distinct", "duplicate", "unique"],
    &["schedule", "later", "delay"],
    &["permission", "grant", "access"],
];

/// Function words: they are in most questions and in most descriptions. One that has synonyms, such as `which`, stands for these.
const FUNCTION_WORDS: [&str; 79] = [
    "a",
    "about",
    "am",
    "an",
    "and",
    "any",
    "anything",
    "are",
    "as",
    "at",
    "be",
    "been",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "each",
    "exist",
    "for",
    "from",
    "get",
    "give",
    "had",
    "has",
    "have",
    "here",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "let",
    "may",
    "me",
    "my",
    "need",
    "of",
    "on",
    "or",
    "our",
    "please",
    "should",
    "so",
    "some",
    "something",
    "tell",
    "than",
    "that",
    "the",
    "then",
    "there",
    "these",
    "this",
    "those",
    "to",
    "us",
    "want",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "whether",
    "which",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
];

/// Whether a word says nothing of what a tool does.
pub(crate) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Words that mean about the same and are worth a search.
pub(crate) fn synonyms(word: &str) -> impl Iterator<Item = &'static str> {
    let word = word.to_lowercase();
    let one = word.strip_suffix('s').unwrap_or(&word).to_owned();
    let groups = SYNONYMS.into_iter().filter(move |group| group.iter().any(|name| *name == word || *name == one));
    groups.flatten().copied().filter(|word| !is_function_word(word))
}

#[cfg(test)]
mod tests {
    use super::{is_function_word, synonyms};

    #[test]
    fn synonyms_are_found_in_one_and_many() {
        assert!(synonyms("Embeddings").any(|word| word == "vector"));
        assert!(synonyms("neighbors").any(|word| word == "nearest"));
        assert_eq!(synonyms("zebra").count(), 0);
    }

    #[test]
    fn a_function_word_stands_for_its_synonyms_and_is_none_itself() {
        assert!(is_function_word("Which") && !is_function_word("list"));
        assert!(synonyms("which").any(|word| word == "list"));
        assert!(synonyms("list").all(|word| word != "which"));
    }
}
