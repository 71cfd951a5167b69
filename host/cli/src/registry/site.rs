//! The host that is installed to: its directory, its rules, its memory.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use tandem_config::HostConfig;
use tandem_package::{MAX_FILE, Overlays, Package, Sha256Digest};
use tandem_registry::{Client, ClientOptions, Expected, Fetched, LOCK_NAME, Layer, Lock, OciSource, PlainHttp, Source};
use tandem_runtime::{
    config::{authorities, below_data, store_path},
    load::LoadOptions,
    locations::Location,
    supply::Supply,
};
use tandem_store::Store;
use tokio::runtime::Runtime;

use super::{Common, Reach, place::Present};
use crate::{args, config, progress::Transfer};

/// Everything that an installation needs. While it lives, no other process installs into the same directory.
pub(super) struct Site {
    pub(super) config: Arc<HostConfig>,
    pub(super) load: LoadOptions,
    pub(super) lock_path: PathBuf,
    pub(super) lock: Option<Lock>,
    pub(super) overlays: Overlays,
    supply: Supply,
    client: Client,
    runtime: Runtime,
    _alone: File,
}

/// Where the lock file of a configuration is: beside it, or where it would be.
pub(crate) fn lock_path(source: &args::Source) -> anyhow::Result<PathBuf> {
    Ok(Location::of(&source.into())?.directory.join(LOCK_NAME))
}

/// The client of a configuration.
pub(super) fn client(config: &HostConfig, reach: &Reach) -> anyhow::Result<Client> {
    Ok(Client::new(ClientOptions {
        plain_http: PlainHttp::new(reach.plain_http.clone()),
        authorities: authorities(config)?,
        downloads: below_data(config, "downloads".as_ref()),
    })?)
}

pub(super) fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

impl Site {
    pub(super) fn open(common: &Common) -> anyhow::Result<Self> {
        Self::new(&common.source, &common.reach)
    }

    pub(super) fn new(source: &args::Source, reach: &Reach) -> anyhow::Result<Self> {
        let config = Arc::new(config::load(source)?);
        let load = LoadOptions::of(&config)?;
        let directory = &load.directory;
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let alone = File::open(directory).with_context(|| format!("cannot open {}", directory.display()))?;
        match alone.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another process installs into {}; wait for it", directory.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| directory.display().to_string()),
        }
        let lock_path = lock_path(source)?;
        let lock = Lock::read(&lock_path)?;
        let path = store_path(&config);
        let store = Store::open(&path).with_context(|| format!("cannot open the store {}", path.display()))?;
        let runtime = runtime()?;
        let overlays = runtime.block_on(store.overlays())?;
        let supply = Supply::new(config.clone(), store)?;
        let client = client(&config, reach)?;
        Ok(Self { config, load, lock_path, lock, overlays, supply, client, runtime, _alone: alone })
    }

    /// Fetches a plugin's file, which has the digest if one is given.
    pub(super) fn fetch(&self, source: &Source, digest: Option<Sha256Digest>) -> anyhow::Result<Fetched> {
        let bar = Transfer::new(&source.to_string());
        let expected = Expected { digest, size: None };
        let fetched = match source {
            Source::File(path) => read(path, digest)?,
            Source::Web(url) => self.runtime.block_on(self.client.fetch_web(url, expected, &bar))?,
            Source::Oci(oci) => self.runtime.block_on(async {
                let repository = self.client.repository(oci);
                // With a digest nobody needs to be asked what a tag means.
                let layer = match digest {
                    Some(digest) => Layer { digest, size: None },
                    None => repository.resolve().await?.layer,
                };
                repository.fetch(layer, &bar).await
            })?,
        };
        bar.finish();
        Ok(fetched)
    }

    /// The tags of a repository.
    pub(super) fn tags(&self, oci: &OciSource) -> anyhow::Result<Vec<String>> {
        Ok(self.runtime.block_on(async { self.client.repository(oci).tags().await })?)
    }

    /// What a source means now, if that can be known without fetching the file.
    pub(super) fn resolve(&self, source: &Source) -> anyhow::Result<Option<Sha256Digest>> {
        match source {
            Source::Oci(oci) => {
                let resolved = self.runtime.block_on(async { self.client.repository(oci).resolve().await })?;
                Ok(Some(resolved.layer.digest))
            }
            Source::Web(_) | Source::File(_) => Ok(None),
        }
    }

    /// The gate: what the host asks of a file before it loads it.
    pub(super) fn admit(&self, file: &[u8]) -> anyhow::Result<(Package, Option<Present>)> {
        let package = Package::open(file, &self.load.roots, self.load.signatures)?;
        let _context = self.runtime.enter();
        self.supply.admit(&package, false).map_err(anyhow::Error::msg)?;
        let present = Present::find(&self.load, &package.manifest.plugin.name)?;
        // A file that no host has loaded yet is not in the store.
        if let Some(before) = present.as_ref().and_then(|present| present.installed.as_ref()) {
            self.supply.succeeds(&package, before).map_err(anyhow::Error::msg)?;
        }
        Ok((package, present))
    }
}

fn read(path: &Path, expected: Option<Sha256Digest>) -> anyhow::Result<Fetched> {
    let bytes = tandem_runtime::load::read_file(path).map_err(anyhow::Error::msg);
    let bytes = bytes.with_context(|| format!("cannot read {}; the limit is {MAX_FILE} bytes", path.display()))?;
    let digest = Sha256Digest::of(&bytes);
    if let Some(expected) = expected.filter(|expected| *expected != digest) {
        bail!("{} is {digest}, not {expected}: it is another file than the one that was named", path.display());
    }
    Ok(Fetched { bytes, digest })
}
