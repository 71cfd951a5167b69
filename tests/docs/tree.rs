//! The files of the tree.

use std::path::{Path, PathBuf};

use crate::markdown::Document;

/// What is built, fetched or foreign.
const SKIPPED: [&str; 8] = ["target", "node_modules", "corpus", "artifacts", "build", "data", "bindings", "vendor"];

pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

pub(crate) fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            if !SKIPPED.contains(&name) {
                files(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

fn with_ending(ending: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    files(&root(), &mut all);
    all.retain(|path| path.extension().is_some_and(|one| one == ending));
    all
}

pub(crate) fn documents() -> Vec<Document> {
    let read = |path: PathBuf| Document { text: std::fs::read_to_string(&path).unwrap(), path };
    with_ending("md").into_iter().map(read).collect()
}

/// A function, or a trial by its name, with the parts of its file's path.
pub(crate) struct Function {
    name: String,
    parts: Vec<String>,
}

impl Function {
    /// Whether it is the one that a document names: each part of `module` is in its path, and a name with `…` begins it.
    pub(crate) fn is(&self, module: &str, name: &str) -> bool {
        let named = match name.strip_suffix('…') {
            Some(start) => self.name.starts_with(start),
            None => self.name == name,
        };
        let modules = module.split("::").filter(|one| !one.is_empty() && *one != "tests");
        named && modules.into_iter().all(|one| self.parts.iter().any(|part| part == one))
    }
}

pub(crate) fn functions() -> Vec<Function> {
    let mut found = Vec::new();
    for path in with_ending("rs") {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let parts: Vec<String> = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned())
            .collect();
        let names = text.lines().filter_map(|line| line.split_once("fn ").or_else(|| line.split_once("trial(\"")));
        for name in names.filter_map(|(_, rest)| rest.split(['(', '<', '"']).next()) {
            found.push(Function { name: name.to_owned(), parts: parts.clone() });
        }
    }
    found
}

/// Whether a path of a document is there: in the tree, or in a project that `tandem new` makes.
pub(crate) fn exists(path: &str) -> bool {
    let project = |language: &str| root().join("sdk").join(language).join("template").join(path).exists();
    root().join(path).exists() || ["rust", "python", "javascript", "c"].into_iter().any(project)
}

/// All texts that people read: documents and sources, by their names. The list of replaced words is none of them.
pub(crate) fn texts() -> Vec<(String, String)> {
    let all = ["md", "rs", "toml", "wit", "py", "js", "ts", "c", "h"].into_iter().flat_map(with_ending);
    let named = all.map(|path| (path.strip_prefix(root()).unwrap_or(&path).display().to_string(), path));
    let kept = named.filter(|(name, _)| !name.starts_with("tests/docs/") && name != "CHANGELOG.md");
    kept.filter_map(|(name, path)| Some((name, std::fs::read_to_string(path).ok()?))).collect()
}
