//! `web_fetch_many`: several pages, each with its content or its error.

use std::time::Instant;

use tandem_sdk::prelude::*;

use crate::limits::{MANY_BUDGET, MAX_MANY};
use crate::read::{self, Document};

/// What went wrong with a page.
#[output]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The URL is none that can be read.
    InvalidArguments,
    /// There is no such page.
    NotFound,
    /// The host is not granted, or robots.txt forbids the page.
    Denied,
    /// Trying again later may help.
    Unavailable,
    /// Anything else, as a type that is no text.
    Other,
}

/// A page, or why there is none.
#[output]
#[derive(Debug)]
pub struct Fetched {
    /// The URL that was given.
    pub requested: String,
    /// The page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Document")]
    pub page: Option<Document>,
    /// The kind of the error, without a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Failure")]
    pub error: Option<Failure>,
    /// What went wrong, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub message: Option<String>,
}

/// Several pages.
#[output]
#[derive(Debug)]
pub struct Many {
    /// One for each URL, in their order.
    pub results: Vec<Fetched>,
    /// How many pages were read.
    pub read: usize,
    /// How many were not.
    pub failed: usize,
}

/// Reads the pages one after the other.
pub(crate) fn run(ctx: &Ctx, urls: &[String], request: &read::Request<'_>) -> Result<Many> {
    if urls.is_empty() || urls.len() > MAX_MANY {
        return Err(Error::invalid_arguments(format!("`urls` has {} items; give 1 to {MAX_MANY}", urls.len())));
    }
    let begun = Instant::now();
    let mut results = Vec::with_capacity(urls.len());
    for (index, url) in urls.iter().enumerate() {
        ctx.check()?;
        ctx.progress(index as f64, Some(urls.len() as f64), url);
        let result = if begun.elapsed() < MANY_BUDGET {
            read::run(ctx, url, request)
        } else {
            Err(Error::unavailable("the pages before took too long; ask for this one again"))
        };
        results.push(fetched(url, result)?);
    }
    let read = results.iter().filter(|one| one.page.is_some()).count();
    Ok(Many { read, failed: results.len() - read, results })
}

/// The result of one page. Only the end of the whole call is an error of the call.
fn fetched(url: &str, result: Result<Document>) -> Result<Fetched> {
    let (kind, message) = match result {
        Ok(page) => return Ok(Fetched { requested: url.to_owned(), page: Some(page), error: None, message: None }),
        Err(Error::Cancelled) => return Err(Error::Cancelled),
        Err(Error::InvalidArguments(message)) => (Failure::InvalidArguments, message),
        Err(Error::NotFound(message)) => (Failure::NotFound, message),
        Err(Error::Denied(message)) => (Failure::Denied, message),
        Err(Error::Unavailable(message)) => (Failure::Unavailable, message),
        Err(other) => (Failure::Other, other.to_string()),
    };
    Ok(Fetched { requested: url.to_owned(), page: None, error: Some(kind), message: Some(message) })
}
