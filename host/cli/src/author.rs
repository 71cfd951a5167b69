//! What an author of plugins does: `tandem plugin new`, `dev`, `test`, `check`, `pack` and `sdk`.

use std::{io::Write as _, path::PathBuf};

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use tandem_devkit::{self as devkit, Language, Outcome};
use tandem_types::Name;

use crate::{exit::Exit, source::Source};

fn languages() -> impl TypedValueParser<Value = Language> {
    let names = Language::all().map(|(name, about, aliases)| PossibleValue::new(name).help(about).aliases(aliases));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Language>())
}

/// The project.
#[derive(Clone, Debug, Args)]
struct ProjectArg {
    /// The project's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tandem plugin new words --lang rust && cd words && tandem plugin dev")]
pub(crate) struct New {
    /// The plugin's name: lower-case words with hyphens
    pub name: String,
    /// The language to write it in
    #[arg(long, value_parser = languages())]
    pub lang: Language,
    /// Its directory [default: one of that name, here]
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem plugin dev\n  tandem plugin dev words --port 9000\n\nFiles, hosts and secrets that the plugin requests are granted by a \
                  tandem.toml in its directory, as\n  [grants.words]\n  http = [\"api.example.com\"]\n\nThe host listens on loopback \
                  only; its data is in .tandem in the project."
)]
pub(crate) struct Dev {
    #[command(flatten)]
    project: ProjectArg,
    /// The port [default: 8010, or any free one]
    #[arg(long)]
    pub port: Option<u16>,
    /// Install missing build tools without asking
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
    project: ProjectArg,
    /// Only cases whose name, tool or file contains this
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Test this plugin file with the project's cases, without building
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_build", "install"])]
    pub plugin: Option<PathBuf>,
    /// Test the last build
    #[arg(long)]
    pub no_build: bool,
    /// Install missing build tools without asking
    #[arg(long)]
    pub install: bool,
    /// Also print the log of passing cases
    #[arg(short, long)]
    pub verbose: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem plugin check                 # the last build of the project here\n  tandem plugin check words.wasm\n\nExit codes: 0 no \
                  error (with --strict: nor warning), 1 findings, 2 usage."
)]
pub(crate) struct Check {
    /// A plugin, a component, or a project's directory
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The manifest of a bare component [default: plugin.toml beside it, if it exists]
    #[arg(long)]
    pub manifest: Option<PathBuf>,
    /// Fail on warnings too
    #[arg(long)]
    pub strict: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sdk {
    /// Also create the link `.sdk` in a project, by which cargo, pytest, npm and editors find them
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = ".")]
    pub link: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem plugin pack --key keys/me.key              # the project here: builds it, and writes NAME.wasm into it\n  tandem plugin pack words -o words.wasm            # the project in words; unsigned, for `tandem plugin sign` later\n  tandem plugin pack build/plugin.wasm --manifest plugin.toml --key keys/me.key -o words.wasm   # a built component\n  tandem plugin pack found.wasm --name geo          # a component not built for Tandem: geo.wasm, with the category geo"
)]
pub(crate) struct Pack {
    /// A project's directory, or a built component
    #[arg(value_name = "DIR or COMPONENT", default_value = ".")]
    pub path: PathBuf,
    /// The manifest [default: plugin.toml, of the project or of this directory]
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// The plugin's name, instead of the manifest's. A component needs no manifest then: it requests nothing
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
    /// Install missing build tools without asking
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
    devkit::new(&devkit::New { name, lang, path })?;
    Ok(Exit::Success)
}

pub(crate) fn dev(args: Dev) -> anyhow::Result<Exit> {
    let Dev { project, port, install, source } = args;
    devkit::dev(&devkit::Dev { directory: project.directory, port, install, source: (&source).into() })?;
    Ok(Exit::Success)
}

pub(crate) fn test(args: Test) -> anyhow::Result<Exit> {
    let Test { project, filter, plugin, no_build, install, verbose, json } = args;
    let outcome =
        devkit::test(&devkit::Test { directory: project.directory, filter, plugin, no_build, install, verbose, json });
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
