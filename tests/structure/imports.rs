//! Which file of a crate names what which other one defines.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

use crate::modules::{Crate, Module, ModulePath};

/// Re-exports of re-exports; a crate whose `use` lines lead back to themselves is no reason to go on for ever.
const MAX_DEPTH: u8 = 16;

/// The names that the first file takes from the second.
pub(crate) type Imports = BTreeMap<(PathBuf, PathBuf), BTreeSet<String>>;

pub(crate) fn of(source: &Crate) -> Imports {
    let mut imports = Imports::new();
    for (path, module) in &source.modules {
        let mut named =
            module.imports.iter().filter(|import| !import.re_export).map(|import| import.path.clone()).collect();
        let mut paths = Paths(&mut named);
        module.items.iter().for_each(|item| paths.visit_item(item));
        for name in named {
            let Some(target) = source.definition(path, &name, 0) else { continue };
            if target.file != module.file {
                let last = name.last().cloned().unwrap_or_default();
                imports.entry((module.file.clone(), target.file.clone())).or_default().insert(last);
            }
        }
    }
    imports
}

/// All paths in some code.
struct Paths<'a>(&'a mut Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    fn visit_item_use(&mut self, line: &'ast syn::ItemUse) {
        // Inside of a function: its prefix is enough to know the module.
        let mut tree = &line.tree;
        let mut path = Vec::new();
        while let syn::UseTree::Path(one) = tree {
            path.push(one.ident.to_string());
            tree = &one.tree;
        }
        if let syn::UseTree::Name(one) = tree {
            path.push(one.ident.to_string());
        }
        self.0.push(path);
    }
}

impl Paths<'_> {
    /// What a macro is given is no syntax tree: names that are joined by `::` are paths.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut joined = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if joined == 2 => path.push(ident.to_string()),
                TokenTree::Ident(ident) => {
                    self.0.push(std::mem::replace(&mut path, vec![ident.to_string()]));
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    joined += 1;
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => self.0.push(std::mem::take(&mut path)),
            }
            joined = 0;
        }
        self.0.push(path);
    }
}

impl Crate {
    /// The module that defines what a path names where it stands in `from`; `None` of another crate's, of a local name, of a module.
    fn definition(&self, from: &[String], path: &[String], depth: u8) -> Option<&Module> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.within(&[], rest, depth),
            "self" => self.within(from, rest, depth),
            "super" => self.within(from.split_last()?.1, rest, depth),
            _ => self.within(from, path, depth),
        }
    }

    /// The same, of a path that begins in a module.
    fn within(&self, at: &[String], path: &[String], depth: u8) -> Option<&Module> {
        let module = self.modules.get(at)?;
        let (name, rest) = path.split_first()?;
        if name == "super" {
            return self.within(at.split_last()?.1, rest, depth);
        }
        // A module and a function may have one name: what goes on is the module.
        let child: ModulePath = at.iter().cloned().chain([name.clone()]).collect();
        if !rest.is_empty() && self.modules.contains_key(&child) {
            return self.within(&child, rest, depth);
        }
        if module.defines.contains(name) {
            return Some(module);
        }
        let named = |import: &&crate::modules::Import| import.name.as_ref() == Some(name);
        if let Some(import) = module.imports.iter().find(named) {
            // A name of its own path is another crate's: `use serde; serde::…`.
            let path: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            return (path.split_first() != Some((name, rest))).then(|| self.definition(at, &path, depth + 1))?;
        }
        module.imports.iter().filter(|import| import.name.is_none()).find_map(|import| {
            let path: Vec<String> =
                import.path.iter().cloned().chain([name.clone()]).chain(rest.iter().cloned()).collect();
            self.definition(at, &path, depth + 1)
        })
    }
}
