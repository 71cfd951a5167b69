//! One build of a project, for commands that end with what they make of it.

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::{
    project::{Project, Purpose},
    signals::stop_on_signal,
};

/// As a shell says of what an interrupt ended.
const STOPPED: i32 = 130;

/// Builds a project; whoever stops us ends the compiler too. What follows has nothing to finish, and ends at once.
pub(super) async fn build_once(project: &Project, purpose: Purpose) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    stop.run_until_cancelled(project.build(purpose)).await.context("stopped while the plugin was built")??;
    tokio::spawn(async move {
        stop.cancelled().await;
        std::process::exit(STOPPED);
    });
    Ok(())
}
