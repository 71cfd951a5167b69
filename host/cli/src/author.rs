//! What an author of plugins does: `tandem new`, `dev`, `test`, `check`, `pack` and `sdk`.

use std::{io::Write as _, path::PathBuf};

use clap::{Args, ValueEnum};
use tandem_devkit::{self as devkit, Language, Outcome};
use tandem_types::Name;

use crate::{args::Source, exit::Exit};

/// The language of a new plugin.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Lang {
    /// Rust
    Rust,
    /// Python
    Python,
    /// JavaScript or TypeScript
    #[value(alias = "js", alias = "typescript", alias = "ts")]
    Javascript,
    /// C
    C,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Rust => Self::Rust,
            Lang::Python => Self::Python,
            Lang::Javascript => Self::Javascript,
            Lang::C => Self::C,
        }
    }
}

/// Where the project is.
#[derive(Clone, Debug, Args)]
struct Place {
    /// The project's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tandem new words --lang rust && cd words && tandem dev")]
pub(crate) struct New {
    /// The plugin's name: lower-case words with hyphens
    pub name: String,
    /// The language to write it in
    #[arg(long)]
    pub lang: Lang,
    /// Where to make it [default: a directory of that name, here]
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem dev\n  tandem dev words --port 9000\n\nA plugin that requests files, hosts or secrets gets them by a \
                  tandem.toml in its directory, as\n  [grants.words]\n  http = [\"api.example.com\"]\n\nThe host listens on loopback \
                  only. Its data is in .tandem below the project."
)]
pub(crate) struct Dev {
    #[command(flatten)]
    place: Place,
    /// The port [default: 8010, or any that is free]
    #[arg(long)]
    pub port: Option<u16>,
    /// Install what is missing to build the plugin, without asking
    #[arg(long)]
    pub install: bool,
    #[command(flatten)]
    pub source: Source,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example of a case, in tests/tools.toml:\n\n  [[case]]\n  name = \"asks the service\"\n  tool = \"weather_now\"\n  arguments = { city = \
                  \"Rome\" }\n  grants = { http = [\"api.example.com\"] }\n  http = [{ url = \"https://api.example.com/v1?q=Rome\", json = { c = 21 } }]\n  \
                  expect = { partial = { celsius = 21 } }\n\ndocs/guides/testing.md has all keys. Exit codes: 0 all passed, 1 some failed, 2 usage."
)]
pub(crate) struct Test {
    #[command(flatten)]
    place: Place,
    /// Only cases whose name, tool or file contains this
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Test what was built last
    #[arg(long)]
    pub no_build: bool,
    /// Install what is missing to build the plugin, without asking
    #[arg(long)]
    pub install: bool,
    /// Also show what passing cases logged
    #[arg(short, long)]
    pub verbose: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem check                 # the project here, as it was built last\n  tandem check words.wasm\n\nExit codes: 0 no \
                  error (with --strict: nothing but notes), 1 something was found, 2 usage."
)]
pub(crate) struct Check {
    /// A plugin, a component, or a project's directory
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Its manifest, where the file is a bare component [default: plugin.toml beside it, if it is there]
    #[arg(long)]
    pub manifest: Option<PathBuf>,
    /// Let warnings fail too
    #[arg(long)]
    pub strict: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sdk {
    /// Also lay a project's link to them, `.sdk`, by which cargo, pytest, npm and editors find them
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = ".")]
    pub link: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem pack --key keys/me.key              # the project here: builds it, and writes NAME.wasm into it\n  tandem pack words -o words.wasm            # the project in words; unsigned, for `tandem sign` later\n  tandem pack build/plugin.wasm --manifest plugin.toml --key keys/me.key -o words.wasm   # a component that is built already\n  tandem pack found.wasm --name geo          # a component that nobody built for Tandem: geo.wasm, whose tools have the category geo"
)]
pub(crate) struct Pack {
    /// A project's directory, or a built component
    #[arg(value_name = "DIR or COMPONENT", default_value = ".")]
    pub path: PathBuf,
    /// The manifest [default: plugin.toml, of the project or of this directory]
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// The plugin's name, in place of the manifest's. A component needs no manifest then: it requests nothing
    #[arg(long, value_name = "NAME")]
    pub name: Option<Name>,
    /// The WIT text of a component with typed exports of its own: its `///` comments become descriptions
    #[arg(long, value_name = "PATH")]
    pub wit: Option<PathBuf>,
    /// Where to write the plugin [default: NAME.wasm, in the project's directory or in this one]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Also sign it with this private key
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Install what is missing to build the project, without asking
    #[arg(long)]
    pub install: bool,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Success,
            Outcome::Failed => Self::Failure,
        }
    }
}

pub(crate) fn new(args: New) -> anyhow::Result<Exit> {
    let New { name, lang, path } = args;
    devkit::new(&devkit::New { name, lang: lang.into(), path })?;
    Ok(Exit::Success)
}

pub(crate) fn dev(args: Dev) -> anyhow::Result<Exit> {
    let Dev { place, port, install, source } = args;
    devkit::dev(&devkit::Dev { directory: place.directory, port, install, source: (&source).into() })?;
    Ok(Exit::Success)
}

pub(crate) fn test(args: Test) -> anyhow::Result<Exit> {
    let Test { place, filter, no_build, install, verbose, json } = args;
    let outcome = devkit::test(&devkit::Test { directory: place.directory, filter, no_build, install, verbose, json });
    Ok(outcome?.into())
}

pub(crate) fn check(args: Check) -> anyhow::Result<Exit> {
    let Check { path, manifest, strict, json } = args;
    Ok(devkit::check(&devkit::Check { path, manifest, strict, json })?.into())
}

pub(crate) fn sdk(args: &Sdk) -> anyhow::Result<Exit> {
    let directory = devkit::sdk(args.link.as_deref())?;
    writeln!(devkit::terminal::out(), "{}", directory.display())?;
    Ok(Exit::Success)
}

pub(crate) fn pack(args: Pack) -> anyhow::Result<Exit> {
    let Pack { path, manifest, name, wit, output, key, install } = args;
    devkit::pack(&devkit::Pack { path, manifest, name, wit, output, key, install })?;
    Ok(Exit::Success)
}
