//! The modules of a crate, by file.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use syn::{Attribute, Item, UseTree};

/// Path of a module inside its crate: `[]` is the root.
pub(crate) type ModulePath = Vec<String>;

/// What a module's `use` lines bring into it: a name and the path behind it.
pub(crate) struct Import {
    /// `None` of `use path::*`.
    pub(crate) name: Option<String>,
    pub(crate) path: Vec<String>,
    /// `pub use`, in whatever visibility: it hands a name on.
    pub(crate) re_export: bool,
}

pub(crate) struct Module {
    pub(crate) file: PathBuf,
    pub(crate) items: Vec<Item>,
    pub(crate) defines: BTreeSet<String>,
    pub(crate) imports: Vec<Import>,
}

pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<ModulePath, Module>,
}

impl Crate {
    /// The crate in a folder; `None` without source of its own.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let root = ["src/lib.rs", "src/main.rs"].iter().map(|file| folder.join(file)).find(|file| file.exists())?;
        let mut this = Self { modules: BTreeMap::new() };
        let inside = root.parent().unwrap().to_owned();
        this.add_file(Vec::new(), &root, &inside);
        Some(this)
    }

    /// `inside`: where the files of its child modules are.
    fn add_file(&mut self, path: ModulePath, file: &Path, inside: &Path) {
        let text = std::fs::read_to_string(file).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add(path, file, inside, parsed.items);
    }

    fn add(&mut self, path: ModulePath, file: &Path, inside: &Path, items: Vec<Item>) {
        let items: Vec<Item> = items.into_iter().filter(|item| !is_test(attributes(item))).collect();
        let mut module =
            Module { file: file.to_owned(), items: Vec::new(), defines: BTreeSet::new(), imports: Vec::new() };
        for item in items {
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let deeper = inside.join(&name);
                    let path = path.iter().cloned().chain([name.clone()]).collect();
                    match child.content {
                        Some((_, items)) => self.add(path, file, &deeper, items),
                        None => {
                            let found = [inside.join(format!("{name}.rs")), deeper.join("mod.rs")];
                            if let Some(found) =
                                named_path(&child.attrs, file).into_iter().chain(found).find(|one| one.exists())
                            {
                                self.add_file(path, &found, &deeper);
                            }
                        }
                    }
                }
                Item::Use(line) => {
                    let re_export = !matches!(line.vis, syn::Visibility::Inherited);
                    flatten(&line.tree, &mut Vec::new(), re_export, &mut module.imports);
                }
                item => {
                    module.defines.extend(defined(&item));
                    module.items.push(item);
                }
            }
        }
        self.modules.insert(path, module);
    }
}

/// `#[path = "…"]` of a module.
fn named_path(attributes: &[Attribute], file: &Path) -> Option<PathBuf> {
    attributes.iter().find_map(|attribute| {
        let value = &attribute.meta.require_name_value().ok().filter(|value| value.path.is_ident("path"))?.value;
        match value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(file.parent()?.join(text.value())),
            _ => None,
        }
    })
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, re_export: bool, found: &mut Vec<Import>) {
    let mut leaf = |name: Option<String>, last: Option<String>| {
        let path = before.iter().cloned().chain(last).collect();
        found.push(Import { name, path, re_export });
    };
    match tree {
        UseTree::Name(one) if one.ident == "self" => leaf(before.last().cloned(), None),
        UseTree::Name(one) => leaf(Some(one.ident.to_string()), Some(one.ident.to_string())),
        UseTree::Rename(one) => {
            let last = (one.ident != "self").then(|| one.ident.to_string());
            leaf(Some(one.rename.to_string()), last);
        }
        UseTree::Glob(_) => leaf(None, None),
        UseTree::Path(one) => {
            before.push(one.ident.to_string());
            flatten(&one.tree, before, re_export, found);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, re_export, found)),
    }
}

fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(one) => &one.ident,
        Item::Enum(one) => &one.ident,
        Item::Fn(one) => &one.sig.ident,
        Item::Static(one) => &one.ident,
        Item::Struct(one) => &one.ident,
        Item::Trait(one) => &one.ident,
        Item::TraitAlias(one) => &one.ident,
        Item::Type(one) => &one.ident,
        Item::Union(one) => &one.ident,
        Item::Macro(one) => one.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(one) => &one.attrs,
        Item::Enum(one) => &one.attrs,
        Item::Fn(one) => &one.attrs,
        Item::Impl(one) => &one.attrs,
        Item::Mod(one) => &one.attrs,
        Item::Static(one) => &one.attrs,
        Item::Struct(one) => &one.attrs,
        Item::Trait(one) => &one.attrs,
        Item::Use(one) => &one.attrs,
        _ => &[],
    }
}

/// Built for tests only: `#[cfg(test)]`, or one of several conditions of which that is one.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Ok(list) = attribute.meta.require_list() else { return false };
        list.path.is_ident("cfg")
            && list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
    })
}

/// All Rust files below a folder, but what is built, generated or another crate's.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !["target", "node_modules", "bindings"].contains(&name) && !path.is_symlink() {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
