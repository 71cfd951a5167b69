//! Knowledge bases in the store: a key each, with the formulas in textbook notation.

use tandem_sdk::prelude::*;

use crate::formula::{Formula, Signature, check_closed};
use crate::lexer::Notation;
use crate::limits::{MAX_ATTEMPTS, MAX_KB_BYTES, MAX_KB_FORMULAS, MAX_KB_NAME};
use crate::model::{KbChanged, KbInfo, KbList};
use crate::nearest::nearest;
use crate::{parser, print};

const PREFIX: &str = "kb/";

/// Refuses what is no name of a knowledge base.
pub(crate) fn check_name(kb: &str) -> Result<()> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if kb.is_empty() || kb.len() > MAX_KB_NAME || !kb.bytes().all(legal) {
        return Err(Error::invalid_arguments(format!(
            "`kb` must be 1 to {MAX_KB_NAME} letters, digits, `_`, `.` and `-`"
        )));
    }
    Ok(())
}

/// Adds what is not there yet, all of it or nothing.
pub(crate) fn add(kb: &str, formulas: &[Formula]) -> Result<KbChanged> {
    for (index, formula) in formulas.iter().enumerate() {
        check_closed(&format!("`formulas` item {}", index + 1), formula)?;
    }
    change(kb, |texts| {
        let before = texts.len();
        for text in formulas.iter().map(print::textbook) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if texts.len() > MAX_KB_FORMULAS {
            return Err(Error::invalid_arguments(format!(
                "the knowledge base `{kb}` would have {} formulas; at most {MAX_KB_FORMULAS} are kept: use several",
                texts.len()
            )));
        }
        // What does not fit to what is there could never be proved from.
        let mut signature = Signature::default();
        for formula in parsed(kb, texts)? {
            let added = signature.add(&formula);
            added.map_err(|error| Error::invalid_arguments(format!("with the formulas of `{kb}`: {error}")))?;
        }
        Ok(texts.len() - before)
    })
}

/// Removes what is there.
pub(crate) fn remove(kb: &str, formulas: &[Formula]) -> Result<KbChanged> {
    check_exists(kb)?;
    change(kb, |texts| {
        let before = texts.len();
        let gone: Vec<String> = formulas.iter().map(print::textbook).collect();
        texts.retain(|text| !gone.contains(text));
        Ok(before - texts.len())
    })
}

/// Removes all of a knowledge base. One that is not there is no error.
pub(crate) fn delete(kb: &str) -> Result<KbChanged> {
    let count = kv::get(&key(kb))?.map(|bytes| decode(kb, &bytes)).transpose()?.map_or(0, |texts| texts.len());
    kv::delete(&key(kb))?;
    Ok(KbChanged { kb: kb.to_owned(), changed: number(count), formulas: 0 })
}

/// The formulas of a knowledge base.
pub(crate) fn load(kb: &str) -> Result<Vec<Formula>> {
    check_name(kb)?;
    check_exists(kb)?;
    let bytes = kv::get(&key(kb))?.unwrap_or_else(|| b"[]".to_vec());
    parsed(kb, &decode(kb, &bytes)?)
}

/// A page of the knowledge bases.
pub(crate) fn list(limit: u32, cursor: Option<&str>) -> Result<KbList> {
    if let Some(cursor) = cursor {
        check_name(cursor)
            .map_err(|_| Error::invalid_arguments("`cursor` must be the `next_cursor` of the page before"))?;
    }
    let page = kv::list_keys(PREFIX, limit, cursor.map(key).as_deref())?;
    let mut kbs = Vec::with_capacity(page.keys.len());
    for stored in &page.keys {
        let kb = stored.strip_prefix(PREFIX).unwrap_or(stored);
        let Some(bytes) = kv::get(stored)? else { continue };
        kbs.push(KbInfo { kb: kb.to_owned(), formulas: number(decode(kb, &bytes)?.len()) });
    }
    let next_cursor = page.next.as_deref().and_then(|next| next.strip_prefix(PREFIX)).map(str::to_owned);
    Ok(KbList { kbs, next_cursor })
}

/// Changes a knowledge base, whatever other calls do meanwhile.
fn change(kb: &str, change: impl Fn(&mut Vec<String>) -> Result<usize>) -> Result<KbChanged> {
    let key = key(kb);
    for _ in 0..MAX_ATTEMPTS {
        let old = kv::get(&key)?;
        let mut texts = old.as_deref().map(|bytes| decode(kb, bytes)).transpose()?.unwrap_or_default();
        let changed = change(&mut texts)?;
        let done = || KbChanged { kb: kb.to_owned(), changed: number(changed), formulas: number(texts.len()) };
        if changed == 0 {
            return Ok(done());
        }
        let new = serde_json::to_vec(&texts)?;
        if new.len() > MAX_KB_BYTES {
            return Err(Error::invalid_arguments(format!(
                "the knowledge base `{kb}` would have {} bytes; at most {MAX_KB_BYTES} are kept: use several",
                new.len()
            )));
        }
        if kv::compare_and_set(&key, old.as_deref(), &new)? {
            return Ok(done());
        }
    }
    Err(Error::unavailable(format!("the knowledge base `{kb}` changes all the time; try again")))
}

fn check_exists(kb: &str) -> Result<()> {
    if kv::get(&key(kb))?.is_some() {
        return Ok(());
    }
    let names = kv::keys(PREFIX)?;
    let near = nearest(kb, names.iter().filter_map(|name| name.strip_prefix(PREFIX)));
    let near = near.map_or_else(|| "; `logic_kb_add` makes it".to_owned(), |near| format!("; did you mean `{near}`?"));
    Err(Error::not_found(format!("there is no knowledge base `{kb}`{near}")))
}

fn key(kb: &str) -> String {
    format!("{PREFIX}{kb}")
}

fn decode(kb: &str, bytes: &[u8]) -> Result<Vec<String>> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::other(format!("the stored knowledge base `{kb}` cannot be read: {error}; remove it")))
}

fn parsed(kb: &str, texts: &[String]) -> Result<Vec<Formula>> {
    let read = |text: &String| {
        parser::parse(text, Notation::Textbook { deontic: false })
            .map_err(|error| Error::other(format!("a formula of the knowledge base `{kb}` cannot be read: {error}")))
    };
    texts.iter().map(read).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
