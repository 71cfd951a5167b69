//! Real hosts on a bad network: they find each other, and lose nothing that was promised, whatever the network does.
//!
//! Each scenario has a lab of its own, so they run beside each other. Their figures are printed.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that panics has failed, as it should, and what it measured is for people"
)]

mod hostile;
mod liveness;
mod mesh;
mod partition;
mod support;
mod takeover;
mod weather;

use std::{process::ExitCode, time::Instant};

use libtest_mimic::{Arguments, Trial};

/// Scenarios wait most of the time; more at once would only wait for the processor.
const AT_ONCE: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let missing = if arguments.list { None } else { tandem_netns::missing() };
    if let Some(missing) = &missing {
        eprintln!("skipped: tests of hosts on a bad network: {missing}");
    }
    let skip = missing.is_some();
    // The longest first.
    let trials = vec![
        trial("a_partition_costs_the_lease_and_never_a_second_completion", skip, partition::run),
        trial("a_dead_link_is_noticed_by_both_ends", skip, liveness::dead_link),
        trial("a_killed_coordinator_resumes_its_workflow", skip, takeover::run),
        trial("hostile_peers_do_not_slow_down_honest_ones", skip, hostile::run),
        trial("tasks_end_on_a_network_that_loses_a_fifth", skip, weather::lossy),
        trial("tasks_end_on_a_slow_network", skip, weather::slow),
        trial("a_cold_mesh_forms_by_a_directory", skip, mesh::by_directory),
        trial("a_cold_mesh_forms_by_a_directory_of_hosts_on_every_address", skip, mesh::by_directory_on_every_address),
        trial("a_cold_mesh_forms_in_a_local_network", skip, mesh::by_mdns),
        trial("a_cold_mesh_forms_by_a_rendezvous_point", skip, mesh::by_rendezvous),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial<F>(name: &'static str, skip: bool, scenario: fn() -> F) -> Trial
where
    F: Future<Output = anyhow::Result<String>> + 'static,
{
    let run = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let start = Instant::now();
        let figures = runtime.block_on(scenario()).map_err(|error| format!("{error:#}"))?;
        eprintln!("netns: {name}: {figures} ({:.0} s in all)", start.elapsed().as_secs_f64());
        Ok(())
    };
    Trial::test(name, run).with_ignored_flag(skip)
}
