//! Whether an archive is whole, and safe to extract.

use std::io::{self, Read};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    check::{Checker, Problem},
    entry::{Item, Kind, Visitor},
    fault::{Fault, Result},
    format::Format,
    limits::MAX_NAMED,
    meter::Meter,
    source::{Archive, Purpose},
};

/// What is wrong with an entry or with the archive.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Found {
    /// The entry; absent where it is about the whole archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    /// What is wrong.
    problem: Problem,
    /// In words.
    detail: String,
}

/// The result of a test.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Tested {
    /// The archive's format.
    format: Format,
    /// Whether all data could be read, and every length and checksum is right.
    ok: bool,
    /// Whether `archive_extract` would write all of it: it is ok, and no entry has a problem.
    safe_to_extract: bool,
    /// Entries that were read.
    entries: u64,
    /// Bytes that came out.
    bytes: u64,
    /// What is wrong, the first 100.
    problems: Vec<Found>,
    /// All that is wrong.
    total_problems: u64,
}

struct Tester<'a> {
    checker: Checker,
    meter: &'a Meter<'a>,
    result: Tested,
}

/// Reads all of an archive and writes nothing.
pub(crate) fn test(path: &str, meter: &Meter<'_>) -> Result<Tested> {
    let archive = Archive::open(path, meter)?;
    let result = Tested {
        format: archive.format,
        ok: true,
        safe_to_extract: true,
        entries: 0,
        bytes: 0,
        problems: Vec::new(),
        total_problems: 0,
    };
    let mut tester = Tester { checker: Checker::default(), meter, result };
    if let Err(fault) = archive.walk(Purpose::Data, &mut tester) {
        tester.broken(None, fault)?;
    }
    Ok(tester.result)
}

impl Tester<'_> {
    /// Notes what makes data unreadable; gives back what stops the call itself.
    fn broken(&mut self, entry: Option<&str>, fault: Fault) -> Result<()> {
        let problem = match fault {
            Fault::Damaged(_) => Problem::Damaged,
            Fault::Unsupported(_) => Problem::Unsupported,
            Fault::Limit(_) => Problem::TooLarge,
            other => return Err(other),
        };
        self.result.ok = false;
        self.note(entry, problem, fault.to_string());
        Ok(())
    }

    fn note(&mut self, entry: Option<&str>, problem: Problem, detail: String) {
        self.result.safe_to_extract = false;
        self.result.total_problems += 1;
        if self.result.problems.len() < MAX_NAMED {
            self.result.problems.push(Found { entry: entry.map(str::to_owned), problem, detail });
        }
    }
}

impl Visitor for Tester<'_> {
    fn visit(&mut self, item: &Item, data: &mut dyn Read) -> Result<()> {
        self.result.entries += 1;
        if let Err(problem) = self.checker.check(item)? {
            self.note(Some(&item.name), problem, format!("entry `{}` {}", item.name, problem.words()));
        }
        if item.kind == Kind::File && !item.encrypted {
            let before = self.meter.expanded();
            let read = io::copy(data, &mut io::sink());
            self.result.bytes += read.as_ref().copied().unwrap_or(self.meter.expanded() - before);
            if let Err(error) = read {
                let fault = Fault::reading(&format!("entry `{}`", item.name), error);
                // A bound that was reached stays reached: the rest is not read.
                if matches!(fault, Fault::Limit(_)) {
                    return Err(fault);
                }
                self.broken(Some(&item.name), fault)?;
            }
        }
        Ok(())
    }
}
