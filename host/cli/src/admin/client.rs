//! Asks the running host, or does it beside it.

use std::{io, sync::Arc};

use anyhow::{Context, bail};
use serde_json::Value;
use tandem_manifest::{HostConfig, Package, SignaturePolicy};
use tandem_store::Store;

use super::{Admin, Ask, server};
use crate::{audit, config, live::Policy, package};

/// Answers from the running host, or from the store where none runs.
pub(super) fn ask(config: HostConfig, ask: Ask) -> anyhow::Result<Value> {
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
    let answer: Value = response.json().await.context("the host's answer is no JSON")?;
    if right {
        return Ok(answer);
    }
    bail!("{}", answer.get("error").and_then(Value::as_str).unwrap_or("the host refuses, and does not say why"))
}

async fn beside(config: Arc<HostConfig>, ask: Ask) -> anyhow::Result<Value> {
    let path = config::store_path(&config)?;
    let store = Store::open(&path).with_context(|| format!("cannot open the store {}", path.display()))?;
    let store = store.with_retention(audit::retention(&config));
    let policy = Policy::new(config.clone(), store.overlays().await?);
    // Kept until the answer is there: the policy itself keeps none.
    let _plugins = plugins(&config, &policy)?;
    let admin = Admin::new(store, policy).await?;
    admin.answer(ask, &format!("uid:{}", rustix::process::geteuid().as_raw())).await
}

/// The plugins that a host with this configuration would load.
fn plugins(config: &HostConfig, policy: &Policy) -> anyhow::Result<Vec<Arc<crate::live::Live>>> {
    let roots = package::trust_roots(config::trust_roots(config)?.iter().map(AsRef::as_ref))?;
    let signatures =
        if config.plugins.allow_unsigned { SignaturePolicy::AllowUnsigned } else { SignaturePolicy::Required };
    let Ok(directory) = std::fs::read_dir(&config.plugins.directory) else { return Ok(Vec::new()) };
    let mut files: Vec<_> = directory.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let wasm = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    let opened = wasm.filter_map(|path| Package::open(&std::fs::read(path).ok()?, &roots, signatures).ok());
    Ok(opened
        .filter_map(|package| policy.know(package.manifest.plugin.name.as_str(), &package.manifest.request))
        .collect())
}
