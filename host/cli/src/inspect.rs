use crate::{args::Inspect, exit::Exit};
pub fn run(_args: &Inspect) -> anyhow::Result<Exit> { Ok(Exit::Success) }
