//! `tandem plugin publish`, `install`, `uninstall` and `upgrade`.

use std::{io::Write as _, path::PathBuf};

use anyhow::bail;
use clap::Args;
use tandem_installer::{HostOptions, InstallOptions, Outcome, PublishOptions, UpgradeOptions};
use tandem_package::Sha256Digest;
use tandem_registry::Source as PluginSource;
use tandem_types::Name;

use crate::{
    dialog::Terminal,
    exit::Exit,
    source::{Query, Source},
    table::print_either,
    terminal,
};

/// What every command that asks a registry takes.
#[derive(Debug, Args)]
struct Common {
    /// Connect to this host without TLS (loopback never uses it); can be repeated
    #[arg(long, value_name = "HOST[:PORT]")]
    plain_http: Vec<String>,
    #[command(flatten)]
    query: Query,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem plugin publish words.wasm oci://ghcr.io/acme/words          # the tag is the plugin's version\n  tandem plugin publish words.wasm oci://ghcr.io/acme/words:1.2.0 --trust keys/me.pub\n\nThe plugin must be signed by a key that the configuration or --trust trusts: pack it with --key, or use `tandem plugin sign`. The artifact has the CNCF wasm layout, so that other tools such as oras can pull it. Publishing the same file again changes nothing. Credentials are those of docker: `docker login ghcr.io`, or a credential helper. The reference that is printed last is immutable."
)]
pub(crate) struct Publish {
    /// The signed plugin
    file: PathBuf,
    /// oci://HOST/REPOSITORY[:TAG]
    #[arg(value_name = "REFERENCE")]
    to: PluginSource,
    /// A public key to trust, in addition to the configured trust roots; can be repeated
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Replace what the tag names now
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem plugin install oci://ghcr.io/acme/words            # the newest version; says which\n  tandem plugin install oci://ghcr.io/acme/words:1.2.0\n  tandem plugin install https://example.com/words.wasm --digest sha256:9f86…\n  tandem plugin install ./words.wasm\n  tandem plugin install                      # what tandem.lock says, exactly\n  tandem plugin install --locked --yes       # in a pipeline: fails if the directory has other plugins\n\nA plugin is installed only if the host would load it: signed by a trust root, not revoked, as pinned, not older than the version before. A running host loads it at once. tandem.lock beside the configuration records what was installed and from where; keep it under version control. An interrupted download resumes where it stopped, also when the command is run again.\n\nInstalling grants nothing. What the plugin requests is shown; `tandem grant add` or [grants.NAME] give it."
)]
pub(crate) struct Install {
    /// oci://HOST/REPOSITORY[:TAG][@sha256:…], https://…, or a file; what the lock file says if there is none
    #[arg(value_name = "SOURCE")]
    from: Vec<PluginSource>,
    /// The digest that the file must have, as `tandem plugin inspect` prints it
    #[arg(long, requires = "from")]
    digest: Option<Sha256Digest>,
    /// Fail if the lock file would change
    #[arg(long)]
    locked: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
#[command(
    after_help = "A running host finishes the plugin's calls in flight and unloads it. Its data and grants stay, and so does the record of its version: an older one is refused later."
)]
pub(crate) struct Uninstall {
    /// The plugins
    #[arg(required = true, value_name = "NAME")]
    names: Vec<Name>,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem plugin upgrade --all --dry-run      # newer versions, and what they would request\n  tandem plugin upgrade words\n\nEach plugin is looked up at its source. Where its tag is a version, the newest version among the repository's tags is taken (pre-releases only after a pre-release); another tag, such as `stable`, is resolved again. A plugin that was installed by digest (`@sha256:…`) stays. `tandem plugin rollback NAME` undoes an upgrade."
)]
pub(crate) struct Upgrade {
    /// The plugins
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<Name>,
    /// Every plugin of the lock file
    #[arg(long)]
    all: bool,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    how: How,
}

/// What installing and upgrading have in common.
#[derive(Debug, Args)]
struct How {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    common: Common,
}

impl Common {
    fn host(&self) -> HostOptions {
        HostOptions { source: (&self.query.source).into(), plain_http: self.plain_http.clone() }
    }
}

pub(crate) fn publish(args: Publish) -> anyhow::Result<Exit> {
    let Publish { file, to, trust, force, common } = args;
    let options = PublishOptions { file, to, trust, force };
    let published = tandem_installer::publish(&common.host(), &options, &Terminal { yes: false })?;
    print_either(&published.to_json(), &published.to_string(), common.query.json)?;
    Ok(Exit::Success)
}

pub(crate) fn install(args: Install) -> anyhow::Result<Exit> {
    let Install { from, digest, locked, how } = args;
    if digest.is_some() && from.len() > 1 {
        bail!("--digest names one file; install one source with it");
    }
    let options = InstallOptions { sources: from, digest, locked };
    let done = tandem_installer::install(&how.common.host(), &options, &Terminal { yes: how.yes })?;
    report(&done, how.common.query.json)
}

pub(crate) fn uninstall(args: Uninstall) -> anyhow::Result<Exit> {
    let host = HostOptions { source: (&args.source).into(), plain_http: Vec::new() };
    let mut out = terminal::out();
    tandem_installer::uninstall(&host, &args.names, |name| Ok(writeln!(out, "{name}: uninstalled")?))?;
    Ok(Exit::Success)
}

pub(crate) fn upgrade(args: Upgrade) -> anyhow::Result<Exit> {
    let Upgrade { names, dry_run, how, .. } = args;
    let options = UpgradeOptions { names, dry_run };
    let done = tandem_installer::upgrade(&how.common.host(), &options, &Terminal { yes: how.yes })?;
    report(&done, how.common.query.json)
}

/// Prints what was done.
fn report(done: &[Outcome], json: bool) -> anyhow::Result<Exit> {
    match json {
        true => terminal::print_json(&done.iter().map(Outcome::to_json).collect::<Vec<_>>())?,
        false => done.iter().try_for_each(|done| writeln!(terminal::out(), "{done}"))?,
    }
    Ok(if done.iter().all(Outcome::succeeded) { Exit::Success } else { Exit::Failure })
}
