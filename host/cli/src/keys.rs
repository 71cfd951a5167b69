//! `tandem plugin keygen`, `sign` and `verify`.

use std::{fs, io::Write, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use tandem_devkit::package::{key_pair, read, replace};
use tandem_files::Staged;
use tandem_package::{KeyPair, Package, SignaturePolicy};
use tandem_runtime::files::trust_roots;

use crate::exit::Exit;

#[derive(Debug, Args)]
#[command(after_help = "Writes PREFIX.key (private, PKCS#8 PEM, mode 0600) and PREFIX.pub (public, SPKI PEM).")]
pub(crate) struct Keygen {
    /// Path of the key files, without extension
    pub prefix: PathBuf,
    /// Do nothing if both files exist
    #[arg(long)]
    pub if_missing: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The packed plugin; it is replaced by the signed file
    pub file: PathBuf,
    /// The private key
    #[arg(long)]
    pub key: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The plugin
    pub file: PathBuf,
    /// A trusted public key; can be repeated
    #[arg(long = "trust", required = true)]
    pub trust: Vec<PathBuf>,
}

pub(crate) fn keygen(args: &Keygen) -> anyhow::Result<Exit> {
    let (private, public) = (args.prefix.with_extension("key"), args.prefix.with_extension("pub"));
    match (private.exists(), public.exists()) {
        (true, true) if args.if_missing => return Ok(Exit::Success),
        (false, false) => {}
        _ => bail!("{} or {} exists already; keys are never overwritten", private.display(), public.display()),
    }
    let pair = KeyPair::generate()?;
    if let Some(parent) = private.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    Staged::new(&private, pair.to_pem()?.as_bytes(), 0o600)?.put_new()?;
    Staged::new(&public, pair.public_pem()?.as_bytes(), 0o666)?.put_new()?;
    writeln!(
        crate::terminal::out(),
        "key {}: {} (keep it secret) and {}",
        pair.id(),
        private.display(),
        public.display()
    )?;
    Ok(Exit::Success)
}

pub(crate) fn sign(args: &Sign) -> anyhow::Result<Exit> {
    let pair = key_pair(&args.key)?;
    let signed =
        Package::sign(&read(&args.file)?, &pair).with_context(|| format!("cannot sign {}", args.file.display()))?;
    replace(&args.file, &signed)?;
    writeln!(crate::terminal::out(), "{}: signed with key {}", args.file.display(), pair.id())?;
    Ok(Exit::Success)
}

pub(crate) fn verify(args: &Verify) -> anyhow::Result<Exit> {
    let roots = trust_roots(args.trust.iter().map(AsRef::as_ref))?;
    let package = Package::open(&read(&args.file)?, &roots, SignaturePolicy::Required)
        .with_context(|| format!("{} is not trusted", args.file.display()))?;
    let key = package.key_id.map(|id| id.to_string()).unwrap_or_default();
    let identity = &package.manifest.plugin;
    writeln!(
        crate::terminal::out(),
        "{}: {} {}, signed with key {key}",
        args.file.display(),
        identity.name,
        identity.version
    )?;
    Ok(Exit::Success)
}
