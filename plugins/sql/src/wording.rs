//! Errors of the engine as faults of a call.

use graphitesql::Error;

use crate::{clock::Clock, fault::Fault, near};

/// A name as SQL has it, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Why the engine failed. Names of tables and columns that are not there get the nearest of those that are.
pub(crate) fn explain(error: Error, clock: &Clock, tables: &[String], columns: &[String]) -> Fault {
    if let Some(fault) = clock.fault() {
        return fault;
    }
    match error {
        Error::Error(text) | Error::ErrorAt(text, _) => named(&text, tables, columns),
        // The statement was parsed before: this one is of the database.
        Error::Parse(text) if text == "empty statement" => {
            Fault::Damaged("the database is damaged: its schema has an entry without a statement".into())
        }
        Error::Parse(text) | Error::ParseAt(text, _) => Fault::Argument(format!("`sql`: {text}")),
        Error::Constraint(text) => Fault::Failed(text),
        Error::Corrupt(text) => Fault::Damaged(format!("the database is damaged: {text}")),
        Error::Io(text) | Error::CantOpen(text) => Fault::Failed(format!("the database cannot be read: {text}")),
        Error::Busy => Fault::Failed("the database is locked by another writer".into()),
        Error::Unsupported(text) => Fault::Argument(format!("`sql`: not supported by this engine: {text}")),
        other => Fault::Failed(other.to_string()),
    }
}

fn named(text: &str, tables: &[String], columns: &[String]) -> Fault {
    let of = |prefix: &str| text.strip_prefix(prefix).map(str::trim);
    if let Some(name) = of("no such table: ") {
        let bare = name.rsplit('.').next().unwrap_or(name);
        return Fault::NotFound(format!("`sql`: there is no table `{name}`{}", near::hint("tables", bare, tables)));
    }
    if let Some(name) = of("no such column: ") {
        let bare = name.rsplit('.').next().unwrap_or(name);
        return Fault::NotFound(format!("`sql`: there is no column `{name}`{}", near::hint("columns", bare, columns)));
    }
    if text.starts_with("recursive CTE did not terminate") {
        return Fault::Limit(format!("`sql`: {text}: end it with WHERE, or add a LIMIT"));
    }
    Fault::Argument(format!("`sql`: {text}"))
}
