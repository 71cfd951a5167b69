//! An append-only log in a plugin's store: an entry under `NAME/NUMBER`, as canonical JSON, and the last one under `head`.
//!
//! **Promises.** An entry is written only where there is none, so of calls at once each gets a number of its own and no two name
//! the same entry before them. The head is written afterwards and may lag; whoever reads it goes on from there to the last entry.
//! A changed, missing or renumbered entry is found by [`verify`]. **Bounds.** The store's quota; [`MAX_ATTEMPTS`]. **Not
//! protected from:** somebody who may write the store and makes all of the chain again; a hash that was kept elsewhere shows it.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use tandem_sdk::prelude::*;

const HEAD: &str = "head";
/// Each failed attempt means that another call succeeded: outlasts every call that may run at once.
const MAX_ATTEMPTS: u32 = 32;
/// Entries between two reports of progress.
const PROGRESS_EVERY: u64 = 500;

/// What is logged.
pub trait Entry: Serialize + DeserializeOwned {
    /// What one is called, in keys and messages.
    const NAME: &'static str;

    /// Its number: 1 for the first, and one more for each that follows.
    fn sequence(&self) -> u64;

    /// The hash of the entry before; zeros for the first.
    fn previous(&self) -> &str;
}

/// An entry and the SHA-256 of its canonical JSON (sorted keys, no spaces), in hexadecimal.
#[derive(Clone, Debug)]
pub struct Hashed<E> {
    /// The entry.
    pub entry: E,
    /// Its hash.
    pub hash: String,
}

/// The last entry, as far as a call knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number; 0 where there is none yet.
    pub sequence: u64,
    /// Its hash; zeros where there is none yet.
    pub hash: String,
}

/// What a walk along the whole log found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The last entry.
    pub last: Head,
    /// What is wrong first.
    pub problem: Option<String>,
}

impl Head {
    /// What stands before the first entry.
    fn start() -> Self {
        Self { sequence: 0, hash: "0".repeat(64) }
    }
}

fn key<E: Entry>(sequence: u64) -> String {
    format!("{}/{sequence:010}", E::NAME)
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn canonical(entry: &impl Entry) -> Result<Vec<u8>> {
    let mut value = serde_json::to_value(entry)?;
    value.sort_all_objects();
    Ok(serde_json::to_vec(&value)?)
}

/// The head as it is stored.
fn stored_head() -> Result<(Head, Option<Vec<u8>>)> {
    let bytes = kv::get(HEAD)?;
    let head = bytes.as_deref().map(serde_json::from_slice).transpose();
    let head = head.map_err(|error| Error::other(format!("stored head of the log cannot be read: {error}")))?;
    Ok((head.unwrap_or_else(Head::start), bytes))
}

fn go_on<E: Entry>(mut head: Head) -> Result<Head> {
    while let Some(bytes) = kv::get(&key::<E>(head.sequence + 1))? {
        head = Head { sequence: head.sequence + 1, hash: hash(&bytes) };
    }
    Ok(head)
}

/// The last entry.
///
/// # Errors
/// The store cannot be read.
pub fn last<E: Entry>() -> Result<Head> {
    go_on::<E>(stored_head()?.0)
}

/// Appends an entry, which `make` makes of the one before it.
///
/// # Errors
/// The store is full, or too many calls append at once.
pub fn append<E: Entry>(make: impl Fn(&Head) -> E) -> Result<Hashed<E>> {
    let (mut head, stored) = stored_head()?;
    for _ in 0..MAX_ATTEMPTS {
        head = go_on::<E>(head)?;
        let entry = make(&head);
        let bytes = canonical(&entry)?;
        if kv::compare_and_set(&key::<E>(entry.sequence()), None, &bytes).map_err(full::<E>)? {
            let new = Head { sequence: entry.sequence(), hash: hash(&bytes) };
            // The entry is recorded: a head that cannot be written lags, as it does when another call was faster.
            let _ = kv::compare_and_set(HEAD, stored.as_deref(), &serde_json::to_vec(&new)?);
            return Ok(Hashed { entry, hash: new.hash });
        }
    }
    Err(Error::unavailable(format!("many calls append to the log of {}s at once; try again", E::NAME)))
}

fn full<E: Entry>(error: kv::Error) -> Error {
    match error {
        kv::Error::QuotaExceeded(bound) => Error::unavailable(format!(
            "the log is full ({bound}) and no {} was recorded: ask the operator for a larger grant",
            E::NAME
        )),
        other => other.into(),
    }
}

/// An entry, or none where it is missing.
///
/// # Errors
/// It cannot be read.
pub fn get<E: Entry>(sequence: u64) -> Result<Option<Hashed<E>>> {
    let Some(bytes) = kv::get(&key::<E>(sequence))? else { return Ok(None) };
    let entry = serde_json::from_slice(&bytes).map_err(|error| {
        let name = E::NAME;
        Error::other(format!("stored {name} {sequence} cannot be read ({error}): the log was changed from outside"))
    })?;
    Ok(Some(Hashed { entry, hash: hash(&bytes) }))
}

/// Reads the whole log, oldest first, and checks that every entry names the hash of the one before.
///
/// # Errors
/// The call was cancelled, or the store cannot be read. What is wrong with entries is no error: see [`Verified::problem`].
pub fn verify<E: Entry>(ctx: &Ctx, mut each: impl FnMut(Hashed<E>)) -> Result<Verified> {
    let (stored, last) = (stored_head()?.0, last::<E>()?);
    let (mut before, mut problem) = (Head::start(), None);
    for sequence in 1..=last.sequence {
        ctx.check()?;
        if sequence % PROGRESS_EVERY == 0 {
            ctx.progress(sequence as f64, Some(last.sequence as f64), format!("{}s read", E::NAME));
        }
        let found = match get::<E>(sequence) {
            Ok(Some(found)) => found,
            Ok(None) => {
                problem.get_or_insert(format!("{} {sequence} is missing", E::NAME));
                continue;
            }
            Err(error @ Error::Other(_)) => {
                problem.get_or_insert(error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        };
        if problem.is_none() {
            problem = check(&before, &found, sequence, &stored);
        }
        before = Head { sequence, hash: found.hash.clone() };
        each(found);
    }
    Ok(Verified { last, problem })
}

/// What is wrong with an entry.
fn check<E: Entry>(before: &Head, found: &Hashed<E>, sequence: u64, stored: &Head) -> Option<String> {
    let name = E::NAME;
    if found.entry.sequence() != sequence {
        return Some(format!("{name} {sequence} says that it is {name} {}", found.entry.sequence()));
    }
    if found.entry.previous() != before.hash {
        return Some(format!(
            "{name} {sequence} does not name the hash of the {name} before: one of the two was changed"
        ));
    }
    if stored.sequence == sequence && stored.hash != found.hash {
        return Some(format!("{name} {sequence} was changed: its hash is not that of the head"));
    }
    None
}
