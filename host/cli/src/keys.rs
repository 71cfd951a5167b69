//! `tandem plugin keygen`, `sign` and `verify`.

use std::{io::Write, path::PathBuf};

use clap::Args;

use crate::{exit::Exit, package, terminal};

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
    if let Some(made) = package::generate_key(&args.prefix, args.if_missing)? {
        let (id, private, public) = (made.id, made.private.display(), made.public.display());
        writeln!(terminal::out(), "key {id}: {private} (keep it secret) and {public}")?;
    }
    Ok(Exit::Success)
}

pub(crate) fn sign(args: &Sign) -> anyhow::Result<Exit> {
    let key = package::sign(&args.file, &args.key)?;
    writeln!(terminal::out(), "{}: signed with key {key}", args.file.display())?;
    Ok(Exit::Success)
}

pub(crate) fn verify(args: &Verify) -> anyhow::Result<Exit> {
    let plugin = package::verify(&args.file, &args.trust)?;
    let key = plugin.key_id.map(|id| id.to_string()).unwrap_or_default();
    let (file, identity) = (args.file.display(), &plugin.manifest.plugin);
    writeln!(terminal::out(), "{file}: {} {}, signed with key {key}", identity.name, identity.version)?;
    Ok(Exit::Success)
}
