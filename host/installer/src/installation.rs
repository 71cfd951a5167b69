//! The host that is installed to: its directory, its policy, its store.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use tandem_config::HostConfig;
use tandem_package::{MAX_FILE, Overlays, Package, Sha256Digest};
use tandem_registry::{
    Client, ClientOptions, Expected, Fetched, LOCK_NAME, Layer, Lock, Meter, OciSource, PlainHttp, Source,
};
use tandem_runtime::{
    config::{ConfigSource, authorities, load, resolve_data_path, store_path},
    load::LoadOptions,
    locations::Location,
    supply::Supply,
};
use tandem_store::Store;
use tokio::runtime::Runtime;

use crate::{directory::PluginFile, error::InstallError};

/// Everything that an installation needs. While it lives, no other process installs into the same directory.
pub(crate) struct Installation {
    pub(crate) config: Arc<HostConfig>,
    pub(crate) load: LoadOptions,
    pub(crate) lock_path: PathBuf,
    pub(crate) lock: Option<Lock>,
    pub(crate) overlays: Overlays,
    supply: Supply,
    client: Client,
    runtime: Runtime,
    _alone: File,
}

/// Which host is installed to, and which registries may be asked without TLS.
#[derive(Clone, Debug, Default)]
pub struct HostOptions {
    /// Where its configuration is.
    pub source: ConfigSource,
    /// Hosts that are asked without TLS, as `HOST[:PORT]`; loopback always is.
    pub plain_http: Vec<String>,
}

/// Where the lock file of a configuration is: beside it, or where it would be.
///
/// # Errors
/// Where the configuration is, is not known.
pub fn lock_path(source: &ConfigSource) -> Result<PathBuf, InstallError> {
    let location = Location::of(source).map_err(InstallError::configuration)?;
    Ok(location.directory.join(LOCK_NAME))
}

/// The client of a configuration.
pub(crate) fn client(config: &HostConfig, plain_http: &[String]) -> anyhow::Result<Client> {
    Ok(Client::new(ClientOptions {
        plain_http: PlainHttp::new(plain_http.to_vec()),
        authorities: authorities(config)?,
        downloads: resolve_data_path(config, "downloads".as_ref()),
    })?)
}

pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

impl Installation {
    pub(crate) fn open(options: &HostOptions) -> Result<Self, InstallError> {
        let config = load(&options.source).map_err(InstallError::configuration)?;
        Self::with(Arc::new(config), options).map_err(InstallError::directory)
    }

    fn with(config: Arc<HostConfig>, options: &HostOptions) -> anyhow::Result<Self> {
        let load = LoadOptions::of(&config)?;
        let directory = &load.directory;
        std::fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let alone = File::open(directory).with_context(|| format!("cannot open {}", directory.display()))?;
        match alone.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another process installs into {}; try again when it has finished", directory.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| directory.display().to_string()),
        }
        let lock_path = lock_path(&options.source)?;
        let lock = Lock::read(&lock_path)?;
        let path = store_path(&config);
        let store = Store::open(&path).with_context(|| format!("cannot open the store {}", path.display()))?;
        let runtime = runtime()?;
        let overlays = runtime.block_on(store.overlays())?;
        let supply = Supply::new(config.clone(), store)?;
        let client = client(&config, &options.plain_http)?;
        Ok(Self { config, load, lock_path, lock, overlays, supply, client, runtime, _alone: alone })
    }

    /// Fetches a plugin's file, which has the digest if one is given.
    pub(crate) fn fetch(
        &self,
        source: &Source,
        digest: Option<Sha256Digest>,
        meter: &dyn Meter,
    ) -> anyhow::Result<Fetched> {
        let expected = Expected { digest, size: None };
        Ok(match source {
            Source::File(path) => read(path, digest)?,
            Source::Web(url) => self.runtime.block_on(self.client.fetch_web(url, expected, meter))?,
            Source::Oci(oci) => self.runtime.block_on(async {
                let repository = self.client.repository(oci);
                // With a digest nobody needs to be asked what a tag means.
                let layer = match digest {
                    Some(digest) => Layer { digest, size: None },
                    None => repository.resolve().await?.layer,
                };
                repository.fetch(layer, meter).await
            })?,
        })
    }

    /// The tags of a repository.
    pub(crate) fn tags(&self, oci: &OciSource) -> anyhow::Result<Vec<String>> {
        Ok(self.runtime.block_on(async { self.client.repository(oci).tags().await })?)
    }

    /// What a source means now, if that can be known without fetching the file.
    pub(crate) fn resolve(&self, source: &Source) -> anyhow::Result<Option<Sha256Digest>> {
        match source {
            Source::Oci(oci) => {
                let resolved = self.runtime.block_on(async { self.client.repository(oci).resolve().await })?;
                Ok(Some(resolved.layer.digest))
            }
            Source::Web(_) | Source::File(_) => Ok(None),
        }
    }

    /// The gate: what the host asks of a file before it loads it.
    pub(crate) fn admit(&self, file: &[u8]) -> anyhow::Result<(Package, Option<PluginFile>)> {
        let package = Package::open(file, &self.load.roots, self.load.signatures)?;
        let _context = self.runtime.enter();
        self.supply.admit(&package, false)?;
        let present = PluginFile::find(&self.load, &package.manifest.plugin.name)?;
        // A file that no host has loaded yet is not in the store.
        if let Some(before) = present.as_ref().and_then(|present| present.installed.as_ref()) {
            self.supply.is_valid_upgrade(&package, before)?;
        }
        Ok((package, present))
    }
}

fn read(path: &Path, expected: Option<Sha256Digest>) -> anyhow::Result<Fetched> {
    let bytes = tandem_runtime::load::read_file(path);
    let bytes = bytes.with_context(|| format!("cannot read {}; the limit is {MAX_FILE} bytes", path.display()))?;
    let digest = Sha256Digest::of(&bytes);
    if let Some(expected) = expected.filter(|expected| *expected != digest) {
        bail!("{} is {digest}, not {expected}: it is another file than the one that was named", path.display());
    }
    Ok(Fetched { bytes, digest })
}
