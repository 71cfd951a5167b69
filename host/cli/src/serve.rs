//! `tandem serve`: start in order, serve until told to stop, stop in order.
//!
//! Start: configuration, store, engine, plugins, listener, ready. Stop: not ready, no new connections, calls in
//! flight, store. A second signal ends at once.

use std::{sync::Arc, time::Instant};

use anyhow::Context;
use tandem_catalog::{Catalog, LoadOptions, load_directory};
use tandem_engine::{Engine, EngineConfig, Services};
use tandem_gateway::{Gateway, GatewayConfig};
use tandem_manifest::SignaturePolicy;
use tandem_router::{Router, RouterConfig};
use tandem_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    args::{self, Serve},
    config::Settings,
    exit::Exit,
    grants::Grants,
    logging, package,
    progress::Loading,
};

/// Runs the host.
pub fn run(args: Serve) -> anyhow::Result<Exit> {
    let start = Instant::now();
    let settings = Settings::load(&args.source)?;
    logging::start(&settings.log, settings.log_format)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_name("general");
    if settings.workers > 0 {
        runtime.worker_threads(settings.workers);
    }
    let runtime = runtime.build()?;
    let result = runtime.block_on(serve(args, settings, start));
    // A guest's file operation may still be under way; nobody waits for its answer any more.
    runtime.shutdown_background();
    result
}

async fn serve(args: Serve, settings: Settings, start: Instant) -> anyhow::Result<Exit> {
    // The gateway comes before anything is counted: it owns the recorder.
    let data = &settings.data_directory;
    let store = Store::open(&settings.store_path).with_context(|| {
        format!("cannot open the store {}; is another host using it?", settings.store_path.display())
    })?;
    let engine = EngineConfig { max_instances: settings.max_instances, max_memory: settings.max_memory };
    let services = Arc::new(Services::with_store(store));
    let engine = Arc::new(Engine::new(engine, Some(&data.join("compiled")), services.clone())?);
    let catalog = Arc::new(Catalog::default());
    let router = Router::new(
        catalog.clone(),
        services,
        RouterConfig {
            max_running: settings.max_instances as usize,
            reactor_fallback: settings.reactor_fallback,
            ..RouterConfig::default()
        },
    );
    let gateway = Gateway::new(router.clone(), gateway_config(&args, &settings))?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;

    // The listener is there before the plugins: health checks see a host that is alive and not yet ready.
    let listener = match args.stdio {
        true => None,
        false => Some(TcpListener::bind((settings.host.as_str(), settings.port)).await.with_context(|| {
            format!("cannot listen on {}:{}; choose another with --set server.port=N", settings.host, settings.port)
        })?),
    };
    let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
    let loading = tokio::task::spawn_blocking({
        let (router, engine, catalog, grants) = (router.clone(), engine.clone(), catalog, settings.grants.clone());
        let options = LoadOptions {
            directory: settings.plugin_directory.clone(),
            roots: package::trust_roots(settings.trust_roots.iter().map(AsRef::as_ref))?,
            signatures: if settings.allow_unsigned { SignaturePolicy::AllowUnsigned } else { SignaturePolicy::Required },
            workers: settings.compile_workers,
        };
        move || load(&engine, &options, &grants, &catalog, &router, start)
    });
    let served = match listener {
        Some(listener) => {
            let serving = tokio::spawn({
                let (gateway, stop) = (gateway.clone(), stop.clone());
                async move { gateway.serve_http(listener, stop).await }
            });
            let loaded = loading.await?;
            if let (Ok(tools), Some(address)) = (&loaded, address) {
                announce(&address, *tools, start);
            }
            match loaded {
                Ok(_) => serving.await?.context("the HTTP server failed"),
                Err(error) => Err(error),
            }
        }
        None => {
            loading.await??;
            gateway.serve_stdio(stop.clone()).await.context("serving standard input failed")
        }
    };
    router.set_ready(false);
    served.map(|()| Exit::Success)
}

/// Loads the plugins and opens the doors. Answers the number of tools.
fn load(
    engine: &Engine,
    options: &LoadOptions,
    grants: &Grants,
    catalog: &Catalog,
    router: &Router,
    start: Instant,
) -> anyhow::Result<usize> {
    let loading = Loading::new();
    let (categories, rejected) = load_directory(engine, options, grants, &loading).with_context(|| {
        format!(
            "cannot read the plugin directory {}; build the plugins with `make plugins`, or set plugins.directory",
            options.directory.display()
        )
    })?;
    loading.finish();
    let left_out = rejected.len();
    catalog.install(categories, rejected);
    router.set_ready(true);
    let view = router.view(&tandem_engine::Caller::local());
    let (categories, tools) = (view.categories().count(), view.tools().count());
    for rejected in view.rejected().iter().skip(left_out) {
        tracing::error!(file = rejected.file, "plugin left out: {}", rejected.reason);
    }
    tracing::info!(categories, tools, left_out = view.rejected().len(), took_ms = start.elapsed().as_millis() as u64, "ready");
    Ok(tools)
}

/// Says what to type next.
#[allow(clippy::print_stderr, reason = "what a person at the terminal needs, and no log line")]
fn announce(address: &std::net::SocketAddr, tools: usize, start: Instant) {
    tracing::info!(%address, "listening");
    eprintln!(
        "\nTandem serves {tools} tools on http://{address} after {} ms. Try:\n\n  \
         target/debug/tandem call --url http://{address}/mcp/full dataset_load '{{\"path\": \"data/planets.csv\", \"limit\": 3}}'\n\n\
         For an MCP client's configuration:\n\n  \
         {{\"mcpServers\": {{\"tandem\": {{\"type\": \"http\", \"url\": \"http://{address}/mcp\"}}}}}}\n\n\
         Overview: http://{address}/   Stop: Ctrl-C\n",
        start.elapsed().as_millis()
    );
}

fn gateway_config(args: &Serve, settings: &Settings) -> GatewayConfig {
    let exposure = args.exposure.map_or_else(|| settings.exposure.clone(), Into::into);
    settings.gateway(exposure)
}

impl From<args::Exposure> for crate::config::Exposure {
    fn from(exposure: args::Exposure) -> Self {
        match exposure {
            args::Exposure::Hierarchical => Self::Hierarchical,
            args::Exposure::Full => Self::Full,
        }
    }
}

/// The first SIGTERM or Ctrl-C begins the stop; the second ends the process.
fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if first {
                tracing::info!("stopping: calls in flight are finished first");
                stop.cancel();
            } else {
                tracing::warn!("stopped by a second signal");
                std::process::exit(130);
            }
        }
    });
    Ok(())
}
