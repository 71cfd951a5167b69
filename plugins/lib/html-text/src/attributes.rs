//! Counts the attributes of tags before a page is parsed.

use crate::limits::{MAX_ATTRIBUTES, PageError};

/// Where in a tag a byte is, as in the tokenizer of the HTML standard.
#[derive(Clone, Copy)]
enum State {
    Text,
    /// After `<`.
    Open,
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Unquoted,
    Quoted(u8),
}

/// Refuses a page in which a tag has too many attributes.
pub(crate) fn check(text: &str) -> Result<(), PageError> {
    let (mut state, mut count) = (State::Text, 0_usize);
    for byte in text.bytes() {
        let next = next(state, byte);
        match (state, next) {
            (State::Open, State::TagName) => count = 0,
            (State::BeforeName | State::AfterName, State::Name) => count += 1,
            _ => {}
        }
        if count > MAX_ATTRIBUTES {
            return Err(PageError::Attributes);
        }
        state = next;
    }
    Ok(())
}

fn next(state: State, byte: u8) -> State {
    let space = byte.is_ascii_whitespace();
    match (state, byte) {
        (State::Text, b'<') => State::Open,
        (State::Text, _) => State::Text,
        (State::Open, b'/') => State::Open,
        (State::Open, _) if byte.is_ascii_alphabetic() => State::TagName,
        (State::Open, b'<') => State::Open,
        (State::Open, _) => State::Text,
        (State::Quoted(mark), _) if byte == mark => State::BeforeName,
        (State::Quoted(mark), _) => State::Quoted(mark),
        (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
        (_, b'>') => State::Text,
        (State::TagName, _) if space || byte == b'/' => State::BeforeName,
        (State::TagName, _) => State::TagName,
        (State::BeforeName, _) if space || byte == b'/' => State::BeforeName,
        (State::Name | State::AfterName, b'=') => State::BeforeValue,
        (State::Name | State::AfterName, b'/') => State::BeforeName,
        (State::Name | State::AfterName, _) if space => State::AfterName,
        (State::BeforeName | State::Name | State::AfterName, _) => State::Name,
        (State::BeforeValue, _) if space => State::BeforeValue,
        (State::Unquoted, _) if space => State::BeforeName,
        (State::BeforeValue | State::Unquoted, _) => State::Unquoted,
    }
}
