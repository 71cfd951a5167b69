//! Tables by names of the operator's choice.

use std::collections::BTreeMap;

use tandem_document::{Check, Findings};
use tandem_types::Name;

/// Most plugins or tenants that a configuration names: a host of another size needs a database.
const MAX_TABLES: usize = 10_000;

pub(super) fn check_tables<T: Check>(key: &str, tables: &BTreeMap<Name, T>, findings: &mut Findings) {
    findings.at_most(key, tables.len(), MAX_TABLES);
    findings.within(key, |findings| {
        for (name, table) in tables {
            findings.within(name.as_str(), |findings| table.check(findings));
        }
    });
}
