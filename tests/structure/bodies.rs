//! The functions with a body that stand in the `mod.rs` and `lib.rs` files of a crate.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use syn::{ImplItemFn, ItemFn, TraitItemFn, visit::Visit};

use crate::modules::{Crate, is_test};

/// The names of such functions, by file.
pub(crate) type Bodies = BTreeMap<PathBuf, Vec<String>>;

/// `with_root`: whether the crate's `lib.rs` counts too.
pub(crate) fn of(source: &Crate, with_root: bool) -> Bodies {
    let mut bodies = Bodies::new();
    for module in source.modules.values() {
        if !is_front(&module.file, with_root) {
            continue;
        }
        let mut found = Functions(Vec::new());
        module.items.iter().for_each(|item| found.visit_item(item));
        if !found.0.is_empty() {
            bodies.entry(module.file.clone()).or_default().extend(found.0);
        }
    }
    bodies
}

/// Whether a file is there to name the parts of a module, and not to hold code.
fn is_front(file: &Path, with_root: bool) -> bool {
    match file.file_name().and_then(|name| name.to_str()) {
        Some("mod.rs") => true,
        Some("lib.rs") => with_root,
        _ => false,
    }
}

/// The functions in some code; what is inside a function belongs to it.
struct Functions(Vec<String>);

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.attrs, &function.sig);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.attrs, &function.sig);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if function.default.is_some() {
            self.add(&function.attrs, &function.sig);
        }
    }
}

impl Functions {
    fn add(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature) {
        if !is_test(attributes) {
            self.0.push(signature.ident.to_string());
        }
    }
}
