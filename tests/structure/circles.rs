//! Circles of imports: the strongly connected components of the graph of files.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use petgraph::{algo::tarjan_scc, graphmap::DiGraphMap};

use crate::imports::Imports;

/// Files that import each other, and by which names.
pub(crate) struct Circle<'a> {
    files: BTreeSet<&'a Path>,
    imports: &'a Imports,
}

impl Circle<'_> {
    pub(crate) fn describe(&self, root: &Path) -> String {
        let short = |file: &Path| file.strip_prefix(root).unwrap_or(file).display().to_string();
        let mut text = format!("{} files", self.files.len());
        for ((from, to), names) in self.imports {
            if self.files.contains(from.as_path()) && self.files.contains(to.as_path()) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let _ = write!(text, "\n  {} -> {}: {}", short(from), short(to), names.join(", "));
            }
        }
        text
    }
}

pub(crate) fn among(imports: &Imports) -> Vec<Circle<'_>> {
    let graph: DiGraphMap<&Path, ()> =
        imports.keys().map(|(from, to): &(PathBuf, PathBuf)| (from.as_path(), to.as_path())).collect();
    let components = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1);
    components.map(|files| Circle { files: files.into_iter().collect(), imports }).collect()
}
