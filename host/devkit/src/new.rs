//! `tandem plugin new`: a small, whole project from a template.
//!
//! **Promises.** Either the whole project is there afterwards, or nothing of it; the language's own tools run its unit tests at
//! once, with the SDK that a link leads to. **Refuses** a directory that is there
//! already, and names that the host or the language's tools would refuse later.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tandem_types::{MAX_NAME, Name};

use super::{language::Language, sdk};

/// What stands for the plugin's name in the templates.
const NAME: &str = "{{name}}";

/// What stands for it where tools' names begin with it: words are joined by `_` there.
const TOOL: &str = "{{tool}}";

/// The longest ending that a template gives to a tool's name after the plugin's.
const LONGEST_ENDING: usize = "_remember".len();

/// What is begun.
#[derive(Clone, Debug)]
pub struct New {
    /// The plugin's name: lower-case words with hyphens.
    pub name: String,
    /// The language to write it in.
    pub lang: Language,
    /// Where to make it [default: a directory of that name, here].
    pub path: Option<PathBuf>,
}

/// Makes a project.
pub fn run(args: &New) -> anyhow::Result<()> {
    let name = checked(&args.name, args.lang)?;
    let target = args.path.clone().unwrap_or_else(|| PathBuf::from(name.as_str()));
    if target.symlink_metadata().is_ok() {
        bail!("{} is there already and is left as it is; choose another name, or --path", target.display());
    }
    let temporary = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let made = lay_out(&temporary, &name, args.lang)
        .and_then(|()| sdk::link(&temporary, args.lang, &sdk::directory()?))
        .and_then(|()| fs::rename(&temporary, &target).with_context(|| format!("cannot make {}", target.display())));
    if made.is_err() {
        drop(fs::remove_dir_all(&temporary));
    }
    made?;
    let shown = target.display();
    writeln!(
        crate::terminal::out(),
        "{shown}: a plugin in {}, whose tools are in {shown}/{}. Next:\n\n  cd {shown}\n  tandem plugin dev",
        args.lang,
        args.lang.source()
    )?;
    Ok(())
}

fn checked(name: &str, language: Language) -> anyhow::Result<Name> {
    let name: Name = name.parse()?;
    let longest = MAX_NAME - LONGEST_ENDING;
    if name.as_str().len() > longest {
        bail!("`{name}` is too long: names of its tools begin with it, so {longest} characters are the most");
    }
    if language.refuses(name.as_str()) {
        bail!("`{name}` cannot be the name of a {language} package; choose another one, as `{name}-tools`");
    }
    Ok(name)
}

fn lay_out(project: &Path, name: &Name, language: Language) -> anyhow::Result<()> {
    for (file, bytes) in sdk::template(language.directory()) {
        let text = str::from_utf8(bytes).with_context(|| format!("the template's {file} is not text"))?;
        let text = text.replace(NAME, name.as_str()).replace(TOOL, &name.as_str().replace('-', "_"));
        sdk::write(&project.join(file), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_be_refused_later_are_refused_at_once() {
        for wrong in ["", "Words", "my_words", "../words", "words ", &"w".repeat(56)] {
            assert!(checked(wrong, Language::C).is_err(), "{wrong}");
        }
        for taken in ["test", "fn", "core", "tandem-sdk"] {
            assert!(checked(taken, Language::Rust).is_err(), "{taken}");
        }
        assert!(checked("test", Language::Python).is_ok());
        assert!(checked(&"w".repeat(55), Language::Rust).is_ok());
    }

    #[test]
    fn a_new_plugin_runs_in_the_general_lane_whatever_it_is_called() {
        let home = tempfile::tempdir().unwrap();
        for language in [Language::Rust, Language::Python, Language::Javascript, Language::C] {
            let project = home.path().join(language.directory());
            lay_out(&project, &"peer-review".parse().unwrap(), language).unwrap();
            let manifest = crate::package::manifest(&project.join("plugin.toml")).unwrap();
            assert_eq!(manifest.runtime.affinity, tandem_package::Affinity::General, "{language}");
        }
    }

    #[test]
    fn no_template_takes_the_sdk_from_a_registry() {
        let file = |language, name| sdk::template(language).find(|(file, _)| *file == name).unwrap().1;
        let package: serde_json::Value = serde_json::from_slice(file("javascript", "package.json")).unwrap();
        for key in ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] {
            for (name, from) in package[key].as_object().into_iter().flatten() {
                assert!(from.as_str().unwrap().starts_with("file:.sdk/"), "{name}: {from}");
            }
        }
        let cargo: toml::Table = toml::from_str(str::from_utf8(file("rust", "Cargo.toml")).unwrap()).unwrap();
        for (name, from) in cargo["dependencies"].as_table().unwrap() {
            assert!(from["path"].as_str().unwrap().starts_with(".sdk/"), "{name}: {from}");
        }
        // Nor does a build, whatever is missing.
        for language in [Language::Rust, Language::Python, Language::Javascript, Language::C] {
            for (name, bytes) in sdk::template(language.directory()) {
                let installs = |line: &&str| !line.trim().starts_with('#') && line.contains("install");
                let lines = str::from_utf8(bytes).unwrap().lines().filter(installs);
                let names = |line: &&str| line.contains("tandem-sdk") || line.contains("@tandem/sdk");
                assert_eq!(lines.filter(names).collect::<Vec<_>>(), Vec::<&str>::new(), "{language}: {name}");
            }
        }
    }

    #[test]
    fn names_of_tools_are_in_snake_case() {
        let home = tempfile::tempdir().unwrap();
        for language in [Language::Rust, Language::Python, Language::Javascript, Language::C] {
            let project = home.path().join(language.directory());
            lay_out(&project, &"word-list".parse().unwrap(), language).unwrap();
            for file in [language.source(), "tests/tools.toml"] {
                let text = fs::read_to_string(project.join(file)).unwrap();
                assert!(text.contains("word_list_count") && !text.contains("word-list_"), "{language}: {file}");
            }
        }
    }

    #[test]
    fn no_placeholder_is_left() {
        let home = tempfile::tempdir().unwrap();
        for language in [Language::Rust, Language::Python, Language::Javascript, Language::C] {
            let project = home.path().join(language.directory());
            lay_out(&project, &"words".parse().unwrap(), language).unwrap();
            assert_eq!(Language::of(&project).unwrap(), language);
            assert!(project.join(language.source()).is_file());
            for (file, _) in sdk::template(language.directory()) {
                let text = fs::read_to_string(project.join(file)).unwrap();
                assert!(!text.contains("{{"), "{language}: {file}");
            }
        }
    }
}
