//! Asks the running host, or does it beside it.

use std::{io, path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tandem_config::HostConfig;
use tandem_package::Package;
use tandem_store::Store;

use super::{operations::Admin, p2p::P2pParts, request::Ask, server};
use crate::{audit, config, failure::LoadFailure, live::Policy, load::LoadOptions};

/// Whether a host runs with this configuration.
pub fn runs(config: &HostConfig) -> bool {
    std::os::unix::net::UnixStream::connect(server::path(config)).is_ok()
}

/// Answers from the running host, or from the store where none runs.
pub fn ask(config: HostConfig, ask: Ask) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = server::path(&config);
        match tokio::net::UnixStream::connect(&socket).await {
            Ok(_) => through(&socket, &ask).await,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                beside(Arc::new(config), ask).await
            }
            Err(error) => Err(error).with_context(|| format!("cannot reach the host at {}", socket.display())),
        }
    })
}

async fn through(socket: &std::path::Path, ask: &Ask) -> anyhow::Result<Value> {
    // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().unix_socket(socket).no_proxy().build()?;
    let response = client.post("http://localhost/").json(ask).send().await?;
    let right = response.status().is_success();
    let answer: Value = response.json().await.context("invalid response of the host")?;
    if right {
        return Ok(answer);
    }
    bail!("{}", answer.get("error").and_then(Value::as_str).unwrap_or("the host refused the request"))
}

async fn beside(config: Arc<HostConfig>, ask: Ask) -> anyhow::Result<Value> {
    if matches!(ask, Ask::Plugins) {
        return stored(&config);
    }
    let mut path = config::store_path(&config);
    // Who only looks makes no store where none is.
    let only_looks = matches!(ask, Ask::Keys { .. } | Ask::Grants { .. } | Ask::Upstream { .. });
    let passing = (only_looks && !path.exists()).then(tempfile::tempdir).transpose()?;
    if let Some(passing) = &passing {
        path = passing.path().join("store.db");
    }
    let store = Store::open_with(&path, &[tandem_queue::TABLES])
        .with_context(|| format!("cannot open the store {}", path.display()))?;
    let store = store.with_retention(audit::retention(&config));
    let policy = Policy::new(config.clone(), store.overlays().await?);
    // Kept until the answer is there: the policy itself keeps none.
    let _plugins = plugins(&config, &policy)?;
    let tasks = crate::reactor::task_store(&config, &store);
    let keys = tokio::sync::watch::Sender::new(store.keys().await?.into());
    let admin = Admin::new(store, policy, keys, P2pParts { tasks, reactor: None });
    admin.answer(ask, &format!("uid:{}", rustix::process::geteuid().as_raw())).await
}

/// The files of the plugin directory, and what a host with this configuration would make of them.
fn files(config: &HostConfig) -> anyhow::Result<Vec<(PathBuf, Result<Package, LoadFailure>)>> {
    let options = LoadOptions::of(config)?;
    let Ok(directory) = std::fs::read_dir(&options.directory) else { return Ok(Vec::new()) };
    let mut files: Vec<_> = directory.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    let open = |path: &PathBuf| {
        let bytes = crate::load::read_file(path)?;
        Ok::<_, LoadFailure>(Package::open(&bytes, &options.roots, options.signatures)?)
    };
    Ok(files
        .into_iter()
        .map(|path| {
            let opened = open(&path);
            (path, opened)
        })
        .collect())
}

/// The plugins that a host with this configuration would load.
fn plugins(config: &HostConfig, policy: &Policy) -> anyhow::Result<Vec<Arc<crate::live::LiveGrants>>> {
    let opened = files(config)?.into_iter().filter_map(|(_, opened)| opened.ok());
    Ok(opened
        .filter_map(|package| policy.know(package.manifest.plugin.name.as_str(), &package.manifest.request))
        .collect())
}

/// What is there while no host runs.
fn stored(config: &HostConfig) -> anyhow::Result<Value> {
    let shown = files(config)?.into_iter().map(|(path, opened)| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        match opened {
            Ok(package) => json!({
                "file": file, "name": package.manifest.plugin.name, "version": package.manifest.plugin.version,
                "state": "stored", "tools": package.descriptors.tools.len(), "digest": package.file_digest,
            }),
            Err(failure) => {
                let at = std::fs::metadata(&path).and_then(|metadata| metadata.modified());
                let at = config::millis(at.unwrap_or_else(|_| std::time::SystemTime::now()));
                json!({ "file": file, "state": "refused", "tools": 0, "error": { "code": failure.code(), "reason": failure.to_string(), "at_ms": at } })
            }
        }
    });
    Ok(shown.collect())
}
