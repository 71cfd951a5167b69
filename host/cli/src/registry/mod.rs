//! `tandem publish`, `install`, `uninstall` and `upgrade`.
//!
//! **Promises.** A file is in the plugin directory only after it passed what the host itself asks of it (signature,
//! revocations, pin, no older version, the same signer), and it comes there whole, by a rename, so that a running host
//! takes it over. What was verified is what is written: nothing is read twice. An installation that fails leaves the
//! directory and the lock file as they were. Installing grants nothing: capabilities are requested and granted as before.
//!
//! **Bounds.** One file at a time in memory; one installation at a time for each directory.
//!
//! **Refuses.** Installing and upgrading without a terminal and without `--yes`; publishing what nobody signed.

mod install;
mod place;
mod publish;
mod show;
mod site;
mod upgrade;
mod versions;

use std::path::PathBuf;

use clap::Args;
pub(crate) use install::{install, uninstall};
pub(crate) use place::follow_rollback;
pub(crate) use publish::publish;
pub(crate) use site::lock_path;
use tandem_package::Sha256Digest;
use tandem_registry::Source;
use tandem_types::Name;
pub(crate) use upgrade::upgrade;

use crate::args;

/// Which servers may be asked without TLS.
#[derive(Debug, Default, Args)]
struct Reach {
    /// Ask this host without TLS (loopback always is); may be given often
    #[arg(long, value_name = "HOST[:PORT]")]
    plain_http: Vec<String>,
}

/// What every command that asks a registry takes.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    source: args::Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem publish words.wasm oci://ghcr.io/acme/words          # the tag is the plugin's version\n  tandem publish words.wasm oci://ghcr.io/acme/words:1.2.0 --trust keys/me.pub\n\nThe plugin must be signed, by a key that the configuration or --trust trusts: pack it with --key, or use `tandem sign`. The artifact is the CNCF's wasm layout: other tools, as oras, pull it too. Publishing the same file again changes nothing. Credentials are docker's: `docker login ghcr.io`, or a credential helper. The reference that is printed last names this file for ever."
)]
pub(crate) struct Publish {
    /// The signed plugin
    file: PathBuf,
    /// oci://HOST/REPOSITORY[:TAG]
    #[arg(value_name = "REFERENCE")]
    to: Source,
    /// A public key that counts beside the configured trust roots; may be given often
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
    after_help = "Examples:\n  tandem install oci://ghcr.io/acme/words            # the newest version; says which\n  tandem install oci://ghcr.io/acme/words:1.2.0\n  tandem install https://example.com/words.wasm --digest sha256:9f86…\n  tandem install ./words.wasm\n  tandem install                      # what tandem.lock says, exactly\n  tandem install --locked --yes       # in a pipeline: and nothing else is there\n\nA plugin comes into the plugin directory only if the host would load it: signed by a trust root, not revoked, as it is pinned, not older than before. A running host takes it over at once. What was installed, from where, is written to tandem.lock beside the configuration; keep it under version control. A download that breaks off goes on where it stopped, also when the command is given again.\n\nInstalling grants nothing. What the plugin requests is shown; `tandem grants grant` or [grants.NAME] give it."
)]
pub(crate) struct Install {
    /// oci://HOST/REPOSITORY[:TAG][@sha256:…], https://…, or a file; what the lock file says if there is none
    #[arg(value_name = "SOURCE")]
    from: Vec<Source>,
    /// The digest that the file must have, as `tandem inspect` prints it
    #[arg(long, requires = "from")]
    digest: Option<Sha256Digest>,
    /// Fail if the lock file does not say exactly that
    #[arg(long)]
    locked: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The running host unloads the plugin: calls in flight are finished. Its data and its grants stay, and so does the memory of its version: an older one is refused later too."
)]
pub(crate) struct Uninstall {
    /// The plugins
    #[arg(required = true, value_name = "NAME")]
    names: Vec<Name>,
    #[command(flatten)]
    source: args::Source,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem upgrade --all --dry-run      # what there is, and what it would request\n  tandem upgrade words\n\nEach plugin is looked for again where it came from. Where its tag is a version, the newest version among the repository's tags is taken (pre-releases only after a pre-release); another tag, as `stable`, may mean another file now. One that was installed by the digest of its artifact (`@sha256:…`) stays. `tandem rollback NAME` goes back."
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
