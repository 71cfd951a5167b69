//! JSON texts, looked at before anything that calls itself reads them.

use serde::de::IgnoredAny;
use tandem_sdk::prelude::*;

use crate::limits::{MAX_DEPTH, MAX_DIGITS};
use crate::unique::Unique;

/// Parses one JSON value; an object that names a member twice is an error.
pub fn parse(text: &str) -> Result<Value> {
    check_text(text)?;
    serde_json::from_str(text).map(|Unique(value)| value).map_err(|error| {
        // What a repair takes for valid, it does not mend.
        let valid = serde_json::from_str::<IgnoredAny>(text).is_ok();
        let hint = if valid { "" } else { "; `json_convert_repair` mends common mistakes" };
        Error::invalid_arguments(format!("not valid JSON: {error}{hint}"))
    })
}

/// Refuses text whose brackets are nested too deep, numbers of too many digits, and integers that 64 bits do not hold, as they
/// would be rounded.
pub fn check_text(text: &str) -> Result<()> {
    let (mut depth, mut line) = (0_usize, 1_u32);
    let mut number = String::new();
    for (byte, in_string) in bytes(text).chain([(b' ', false)]) {
        if !in_string && (byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
            if number.len() >= MAX_DIGITS {
                return Err(refused(line, &format!("has a number of more than {MAX_DIGITS} digits")));
            }
            number.push(char::from(byte));
            continue;
        }
        if !fits(&number) {
            return Err(refused(
                line,
                &format!("has the integer {number}, which is beyond 64 bits: write it as a string"),
            ));
        }
        number.clear();
        match byte {
            b'\n' => line += 1,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(refused(line, &format!("is nested deeper than {MAX_DEPTH} levels")));
        }
    }
    Ok(())
}

fn refused(line: u32, problem: &str) -> Error {
    Error::invalid_arguments(format!("the data {problem}, at line {line}"))
}

/// Whether 64 bits hold it, if it is an integer.
fn fits(number: &str) -> bool {
    let integer = number.len() > 18 && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    !integer || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok()
}

/// The bytes of a JSON text, each with whether it stands in a string.
fn bytes(text: &str) -> impl Iterator<Item = (u8, bool)> {
    let (mut in_string, mut escaped) = (false, false);
    text.bytes().map(move |byte| {
        let was = in_string;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
        (byte, was || in_string)
    })
}
