//! `tools_result_read`: a part of a result, by bytes or by lines.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use tandem_router::CallError;
use tandem_types::{Caller, ContentId};

use super::{
    argument::{self, invalid},
    failure::failed,
    limits::{DEFAULT_READ, MAX_READ},
    policy::ResultPolicy,
};

const TOOL: &str = "tools_result_read";
/// The longest character of UTF-8.
const CHARACTER: u64 = 4;

/// What is to be read.
#[derive(Debug, Deserialize)]
pub(crate) struct Read {
    result: String,
    offset: Option<u64>,
    length: Option<usize>,
    first_line: Option<usize>,
    lines: Option<usize>,
}

/// Reads a part.
///
/// # Errors
///
/// The result is not there for this caller, or the part makes no sense.
pub(crate) fn read(policy: &ResultPolicy, caller: &Caller, wanted: &Read) -> Result<Value, CallError> {
    let id = argument::id(TOOL, &wanted.result)?;
    match (wanted.first_line, wanted.lines) {
        (None, None) => bytes(policy, caller, id, wanted),
        _ if wanted.offset.is_some() || wanted.length.is_some() => {
            Err(invalid(TOOL, "", "give either `offset` and `length`, or `first_line` and `lines`"))
        }
        (first, lines) => self::lines(policy, caller, id, (first.unwrap_or(1), lines)),
    }
}

fn bytes(policy: &ResultPolicy, caller: &Caller, id: ContentId, wanted: &Read) -> Result<Value, CallError> {
    let kept = policy.get(caller, id)?;
    let (offset, length) = (wanted.offset.unwrap_or_default(), wanted.length.unwrap_or(DEFAULT_READ).min(MAX_READ));
    if offset > kept.bytes {
        return Err(invalid(TOOL, "/offset", format!("the result has {} bytes", kept.bytes)));
    }
    // Some more, so that no character is cut at either end.
    let part = kept.range(offset, length as u64 + CHARACTER).map_err(failed)?;
    let mut answer = json!({ "result": kept.id, "media_type": kept.about.media_type, "total_bytes": kept.bytes });
    let (start, taken) = match characters(&part, length, offset + part.len() as u64 == kept.bytes) {
        Some((start, text)) => {
            set(&mut answer, "text", text.into());
            (start, text.len())
        }
        None => {
            let data = part.get(..length).unwrap_or(&part);
            set(&mut answer, "base64", BASE64_STANDARD.encode(data).into());
            (0, data.len())
        }
    };
    let start = offset + start as u64;
    let end = start + taken as u64;
    set(&mut answer, "offset", start.into());
    set(&mut answer, "length", taken.into());
    if end < kept.bytes {
        set(&mut answer, "next_offset", end.into());
    }
    Ok(answer)
}

/// The whole characters of the first `length` bytes of a part, and where they begin; none where it is no text.
fn characters(part: &[u8], length: usize, is_end: bool) -> Option<(usize, &str)> {
    let is_inside = |byte: &&u8| **byte & 0xc0 == 0x80;
    let start = part.iter().take(CHARACTER as usize - 1).take_while(is_inside).count();
    let rest = part.get(start..)?;
    let text = match std::str::from_utf8(rest) {
        Ok(text) => text,
        // What was read ends within a character.
        Err(error) if error.error_len().is_none() && !is_end => {
            std::str::from_utf8(rest.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    // At least one, so that reading goes on.
    let wanted = length.saturating_sub(start);
    let first = text.chars().next().map_or(0, char::len_utf8);
    text.get(..text.floor_char_boundary(wanted).max(first)).map(|text| (start, text))
}

/// Lines, from 1 on, without the last line feed.
fn lines(
    policy: &ResultPolicy,
    caller: &Caller,
    id: ContentId,
    (first, wanted): (usize, Option<usize>),
) -> Result<Value, CallError> {
    let kept = policy.get(caller, id)?;
    let media_type = &kept.about.media_type;
    let Ok(text) = String::from_utf8(kept.content().map_err(failed)?) else {
        let message = format!("the result is {media_type}, which has no lines; read bytes with `offset` and `length`");
        return Err(invalid(TOOL, "", message));
    };
    let total = text.lines().count();
    if first == 0 || first > total.max(1) {
        return Err(invalid(TOOL, "/first_line", format!("the result has the lines 1 to {total}")));
    }
    let mut start = text.split_inclusive('\n').take(first - 1).map(str::len).sum::<usize>();
    let (offset, mut taken) = (start, 0);
    for line in text.split_inclusive('\n').skip(first - 1).take(wanted.unwrap_or(usize::MAX)) {
        if start - offset + line.len() > MAX_READ {
            break;
        }
        start += line.len();
        taken += 1;
    }
    let mut answer = json!({
        "result": kept.id, "media_type": media_type, "total_bytes": kept.bytes, "total_lines": total, "first_line": first,
    });
    if taken == 0 && wanted != Some(0) && start < text.len() {
        // One line has more than is read at once: it goes on by bytes.
        let end = text.floor_char_boundary(offset + MAX_READ);
        set(&mut answer, "next_offset", end.into());
        start = end;
    } else if first - 1 + taken < total {
        set(&mut answer, "next_line", (first + taken).into());
    }
    set(&mut answer, "lines", taken.into());
    let text = text.get(offset..start).unwrap_or_default();
    set(&mut answer, "text", text.strip_suffix('\n').unwrap_or(text).into());
    Ok(answer)
}

fn set(answer: &mut Value, name: &str, value: Value) {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::testing::{kept, policy};

    fn read_all(content: &[u8], length: usize) -> Vec<u8> {
        let directory = tempfile::tempdir().unwrap();
        let policy = policy(directory.path());
        let result = kept(&policy, content, "text/plain");
        let (mut all, mut offset) = (Vec::new(), Some(0));
        while let Some(at) = offset {
            let wanted =
                Read { result: result.clone(), offset: Some(at), length: Some(length), first_line: None, lines: None };
            let part = read(&policy, &Caller::local(), &wanted).unwrap();
            assert_eq!(part["offset"], at, "{part}");
            match part["text"].as_str() {
                Some(text) => all.extend_from_slice(text.as_bytes()),
                None => all.extend(BASE64_STANDARD.decode(part["base64"].as_str().unwrap()).unwrap()),
            }
            offset = part["next_offset"].as_u64();
            assert!(offset.is_none_or(|next| next > at), "reading goes on: {part}");
        }
        all
    }

    #[test]
    fn parts_by_bytes_follow_each_other_to_the_end() {
        let text = "aäb€c🦀".repeat(50);
        for length in [1, 2, 3, 4, 5, 7, 64, 10_000] {
            assert_eq!(read_all(text.as_bytes(), length), text.as_bytes(), "{length}");
            let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
            assert_eq!(read_all(&bytes, length.max(7)), bytes, "{length}");
        }
        assert_eq!(read_all(b"", 5), b"");
    }

    #[test]
    fn lines_are_counted_from_one_and_a_long_one_goes_on_by_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let policy = policy(directory.path());
        let text: String = (1..=100).map(|n| format!("line {n}\n")).collect();
        let result = kept(&policy, text.as_bytes(), "text/plain");
        let lines = |result: &str, first_line, lines| {
            let wanted = Read { result: result.to_owned(), offset: None, length: None, first_line, lines };
            read(&policy, &Caller::local(), &wanted)
        };
        let part = lines(&format!("tandem://result/{result}"), Some(99), Some(1)).unwrap();
        assert_eq!(
            (&part["text"], &part["next_line"], &part["total_lines"]),
            (&json!("line 99"), &json!(100), &json!(100))
        );
        let rest = lines(&result, Some(99), None).unwrap();
        assert_eq!((&rest["text"], rest.get("next_line")), (&json!("line 99\nline 100"), None));
        for wrong in [Some(0), Some(101)] {
            let error = lines(&result, wrong, None).unwrap_err().to_string();
            assert!(error.contains("/first_line: the result has the lines 1 to 100"), "{error}");
        }
        let long = kept(&policy, "x".repeat(MAX_READ + 5).as_bytes(), "text/plain");
        let part = lines(&long, None, Some(1)).unwrap();
        assert_eq!((part["text"].as_str().map(str::len), &part["next_offset"]), (Some(MAX_READ), &json!(MAX_READ)));
    }
}
