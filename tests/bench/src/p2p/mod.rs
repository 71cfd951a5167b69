//! What the reactor lane costs: questions to the network from its own thread and over a bridge from another one, calls between
//! two hosts on loopback, the same beside guests that compute in the general lane and in the reactor's own, the durable queue,
//! and a thousand peers.

mod hosts;
mod lanes;
mod load;
pub(crate) mod peers;
mod queue;
mod spin;

use std::io::Write;

async fn all(out: &mut (impl Write + Send), part: &str) -> anyhow::Result<()> {
    let wanted = |name: &str| part.is_empty() || part == name;
    if wanted("lanes") {
        lanes::report(out).await?;
    }
    if wanted("load") {
        load::report(out).await?;
    }
    if wanted("spin") {
        spin::report(out).await?;
    }
    if wanted("queue") {
        queue::report(out).await?;
    }
    if wanted("peers") {
        tokio::task::block_in_place(|| peers::report(out))?;
    }
    Ok(())
}

/// Prints the tables, or one part of them.
pub(crate) fn report(out: &mut (impl Write + Send), part: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(all(out, part));
    // Guests that still loop are ended with it.
    runtime.shutdown_background();
    done
}
