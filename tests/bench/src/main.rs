//! What a call costs. `tandem-bench` prints everything from one run; see `run.sh`.
//!
//! The servers run as child processes of the same build, on one worker thread each, so that their CPU time is
//! theirs alone and their rates are those of one core.

#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "progress of a command")]

mod audit;
mod child;
mod driver;
mod fairness;
mod footprint;
mod inprocess;
mod languages;
mod library;
mod p2p;
mod plugin;
mod reload;
mod servers;
mod stdio;

use std::io::Write;

use anyhow::bail;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["server", kind, threads] => servers::serve(kind, threads.parse()?),
        ["stdio-server", kind] => servers::serve_stdio(kind),
        ["p2p-host"] => p2p::peers::host(),
        ["p2p-dial", address, count] => p2p::peers::dial(address, count.parse()?),
        [] => all(),
        ["in-process"] => inprocess::report(&mut std::io::stdout()),
        ["languages"] => languages::report(&mut std::io::stdout()),
        ["library"] => library::report(&mut std::io::stdout()),
        ["http"] => driver::report(&mut std::io::stdout()),
        ["stdio"] => stdio::report(&mut std::io::stdout()),
        ["audit"] => audit::report(&mut std::io::stdout()),
        ["fairness"] => fairness::report(&mut std::io::stdout()),
        ["p2p"] => p2p::report(&mut std::io::stdout(), ""),
        ["p2p", part] => p2p::report(&mut std::io::stdout(), part),
        ["reload"] => reload::report(&mut std::io::stdout()),
        ["footprint"] => footprint::report(&mut std::io::stdout()),
        _ => bail!(
            "usage: tandem-bench [in-process | languages | library | http | stdio | audit | fairness | p2p [lanes | load | spin | queue | peers] | reload | footprint]"
        ),
    }
}

fn all() -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    inprocess::report(&mut out)?;
    writeln!(out)?;
    languages::report(&mut out)?;
    writeln!(out)?;
    library::report(&mut out)?;
    writeln!(out)?;
    driver::report(&mut out)?;
    writeln!(out)?;
    stdio::report(&mut out)?;
    writeln!(out)?;
    fairness::report(&mut out)?;
    writeln!(out)?;
    audit::report(&mut out)?;
    writeln!(out)?;
    // A goal that is missed keeps nobody from the other tables.
    let reloads = reload::report(&mut out);
    writeln!(out)?;
    p2p::report(&mut out, "")?;
    writeln!(out)?;
    footprint::report(&mut out)?;
    reloads
}
