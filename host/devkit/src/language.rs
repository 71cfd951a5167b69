//! The languages that a plugin is written in: how a project of each is known, and what it must not be called.

use std::{path::Path, str::FromStr};

use anyhow::bail;

/// A language with an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust
    Rust,
    /// Python
    Python,
    /// JavaScript or TypeScript
    Javascript,
    /// C
    C,
}

/// The languages, by their names on a command line, for people, and by other spellings.
const ALL: [(Language, &str, &str, &[&str]); 4] = [
    (Language::Rust, "rust", "Rust", &[]),
    (Language::Python, "python", "Python", &[]),
    (Language::Javascript, "javascript", "JavaScript or TypeScript", &["js", "typescript", "ts"]),
    (Language::C, "c", "C", &[]),
];

/// An unknown name of a language.
#[derive(Clone, Debug, thiserror::Error)]
#[error("there is no SDK for the language `{0}`")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let found = ALL.iter().find(|(_, name, _, others)| *name == text || others.contains(&text));
        found.map(|(language, ..)| *language).ok_or_else(|| UnknownLanguage(text.to_owned()))
    }
}

/// Names that cargo refuses for a package, because the compiler has another use for them.
const CARGO_REFUSES: [&str; 12] = [
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "proc-macro",
    "proc_macro",
    "std",
    "tandem-sdk",
    "test",
    "tests",
];

/// Rust's keywords that are kebab-case.
const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
];

impl Language {
    /// The name of each on a command line, for people, and its other spellings.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static [&'static str])> {
        ALL.iter().map(|(_, name, about, others)| (*name, *about, *others))
    }

    /// Its directory among the SDKs.
    pub(crate) fn directory(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Javascript => "javascript",
            Self::C => "c",
        }
    }

    /// The file of a new project that holds the tools.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::Python => "plugin.py",
            Self::Javascript => "plugin.js",
            Self::C => "plugin.c",
        }
    }

    /// Whether a plugin's name is one that the language's own tools refuse.
    pub(crate) fn refuses(self, name: &str) -> bool {
        self == Self::Rust && (CARGO_REFUSES.contains(&name) || KEYWORDS.contains(&name))
    }

    /// The language of a project, by the files that its tools want.
    pub(crate) fn of(project: &Path) -> anyhow::Result<Self> {
        let there = |names: &[&str]| names.iter().any(|name| project.join(name).is_file());
        let found = [
            (Self::Rust, there(&["Cargo.toml"])),
            (Self::Python, there(&["plugin.py", "plugin/__init__.py"])),
            (Self::Javascript, there(&["plugin.js", "plugin.ts", "plugin.mjs"])),
            (Self::C, has_c(project)),
        ];
        match found.iter().find(|(_, there)| *there) {
            Some((language, _)) => Ok(*language),
            None => bail!(
                "{} holds no plugin: there is no Cargo.toml, plugin.py, plugin.js, plugin.ts or *.c; \
                 `tandem plugin new NAME --lang LANGUAGE` makes a project",
                project.display()
            ),
        }
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Javascript => "JavaScript",
            Self::C => "C",
        })
    }
}

fn has_c(project: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(project) else { return false };
    entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "c"))
}
