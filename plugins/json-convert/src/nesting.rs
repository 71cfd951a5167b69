//! What the parser and the compiler of templates call themselves for, counted before they run.

use tandem_sdk::prelude::*;

use crate::limits::{MAX_BLOCKS, MAX_TAG_BYTES, MAX_TAG_NESTING};

/// Statements that have an end of their own; a `set` without `=` is one more.
const BLOCKS: [&str; 8] = ["if", "for", "with", "filter", "autoescape", "macro", "call", "block"];

/// Refuses tags that are too long or too deep, and blocks that are too deep.
pub(crate) fn check(template: &str) -> Result<()> {
    let (mut at, mut blocks) = (0, Vec::new());
    while let Some(start) = template.get(at..).and_then(|rest| rest.find('{')).map(|found| at + found) {
        let rest = template.get(start + 1..).unwrap_or_default();
        let length = match rest.bytes().next() {
            Some(b'#') => rest.find("#}").unwrap_or(rest.len()),
            Some(b'{') => {
                let tag = tag(rest, "}}");
                check_tag(tag, template, start)?;
                tag.len() + 1
            }
            Some(b'%') => {
                let tag = tag(rest, "%}");
                check_tag(tag, template, start)?;
                match statement(tag) {
                    "raw" => rest.find("endraw").unwrap_or(rest.len()),
                    word => {
                        count(word, tag, &mut blocks);
                        tag.len() + 1
                    }
                }
            }
            _ => 0,
        };
        if blocks.iter().sum::<usize>() > MAX_BLOCKS {
            return Err(Error::invalid_arguments(format!(
                "`template`: more than {MAX_BLOCKS} blocks and `elif` in each other at line {}",
                line(template, start)
            )));
        }
        at = start + 1 + length;
    }
    Ok(())
}

/// The inside of a tag whose second character stands first; `end` in a string does not end it.
fn tag<'a>(rest: &'a str, end: &str) -> &'a str {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in rest.char_indices().skip(1) {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, _) if rest.get(at..).is_some_and(|left| left.starts_with(end)) => {
                return rest.get(1..at).unwrap_or_default();
            }
            (None, _) => {}
        }
    }
    rest.get(1..).unwrap_or_default()
}

fn statement(tag: &str) -> &str {
    let tag = tag.trim_start_matches(['-', '+']).trim_start();
    tag.get(..tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tag.len())).unwrap_or_default()
}

/// Each open block has its own count, as its `elif`s end with it.
fn count(word: &str, tag: &str, blocks: &mut Vec<usize>) {
    if word.starts_with("end") {
        blocks.pop();
    } else if word == "elif" {
        match blocks.last_mut() {
            Some(last) => *last += 1,
            None => blocks.push(1),
        }
    } else if BLOCKS.contains(&word) || (word == "set" && !tag.contains('=')) {
        blocks.push(1);
    }
}

fn check_tag(tag: &str, template: &str, start: usize) -> Result<()> {
    if tag.len() > MAX_TAG_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`template`: the tag at line {} has {} bytes; at most {MAX_TAG_BYTES} are compiled: give names to parts with \
             `{{% set %}}`",
            line(template, start),
            tag.len()
        )));
    }
    let mut depth = 0_usize;
    for byte in tag.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_TAG_NESTING {
            return Err(Error::invalid_arguments(format!(
                "`template`: the tag at line {} has more than {MAX_TAG_NESTING} brackets in each other",
                line(template, start)
            )));
        }
    }
    Ok(())
}

fn line(template: &str, at: usize) -> usize {
    template.get(..at).unwrap_or_default().matches('\n').count() + 1
}
