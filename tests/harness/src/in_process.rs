//! A host inside the test's process.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tandem_runtime::{
    CompilerProgram, Host, HostBuilder,
    config::{self, ConfigSource},
    general_runtime,
};
use tokio::runtime::Runtime;

use crate::{binary, root};

/// It has threads of its own, as it has in its program: what a test blocks does not block it. Ended when dropped.
#[derive(Debug)]
pub(crate) struct InProcess {
    _host: Host,
    threads: Option<Runtime>,
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// Starts a host with the configuration in `home`, and waits until it is ready. Answers where it listens, too.
pub(crate) async fn start(home: &Path, reactor: bool) -> anyhow::Result<(InProcess, String)> {
    let set = [
        "server.port=0".to_owned(),
        "reactor.port=0".to_owned(),
        format!("reactor.enabled={reactor}"),
        format!("plugins.trust-roots={}", root().join("keys/*.pub").display()),
        format!("plugins.compiled-directory={}", root().join("target/test-compiled").display()),
    ];
    let source = ConfigSource { file: Some(home.join("tandem.toml")), set: set.into(), ..ConfigSource::default() };
    let config = config::load(&source)?;
    let threads = general_runtime(&config)?;
    let building = threads.spawn(async move {
        let host = HostBuilder::from_config(config).source(source).compiler(compiler()).build().await?;
        let listener = host.bind().await?;
        let address = listener.local_addr()?.to_string();
        tokio::spawn({
            let host = host.clone();
            async move { host.serve_http(listener).await }
        });
        host.ready().await?;
        host.compiled().await;
        Ok::<_, anyhow::Error>((host, address))
    });
    let (host, address) = building.await.context("the host ended")??;
    Ok((InProcess { _host: host, threads: Some(threads) }, format!("http://{address}")))
}

/// As the program compiles.
fn compiler() -> CompilerProgram {
    let program: PathBuf = binary();
    CompilerProgram { program, arguments: vec!["compile-component".to_owned()], environment: Vec::new() }
}
