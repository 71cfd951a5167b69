//! Values as `tandem.toml`.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item, Table, Value, value};

const HEAD: &str =
    "# Made of an older configuration by `tandem config migrate`. Every key: `tandem config schema`.\n\n";

/// A value and the older key that it is from.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub value: Value,
    pub from: String,
}

/// The text, with the older key of each value above it.
pub(crate) fn write(values: &BTreeMap<String, Written>) -> String {
    let mut document = DocumentMut::new();
    for (key, written) in values {
        put(document.as_table_mut(), key, written);
    }
    format!("{HEAD}{document}")
}

fn put(table: &mut Table, key: &str, written: &Written) {
    match key.split_once('.') {
        Some((name, rest)) => {
            let below = table.entry(name).or_insert_with(|| {
                let mut below = Table::new();
                below.set_implicit(true);
                Item::Table(below)
            });
            if let Some(below) = below.as_table_mut() {
                put(below, rest, written);
            }
        }
        None => {
            table.set_implicit(false);
            table.insert(key, value(written.value.clone()));
            if let Some(mut key) = table.key_mut(key) {
                key.leaf_decor_mut().set_prefix(format!("# {}\n", one_line(&written.from)));
            }
        }
    }
}

/// Keys are foreign text, and a comment ends with its line.
fn one_line(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}
