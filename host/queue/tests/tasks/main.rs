//! The task store through its contract. The tests in `suite` know no backend: each backend has a [`Backend`] here and
//! passes all of them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod crash;
mod pages;
mod projection;
mod speed;
mod suite;

use std::{any::Any, future::Future, sync::Arc};

use suite::Fixture;
use tandem_queue::{Caps, ManualClock, SqliteTasks, TaskStore};
use tandem_store::Store;

/// Makes empty stores.
trait Backend {
    type Tasks: TaskStore + Clone;

    /// An empty store with this clock and these caps, and what must live as long.
    fn fresh(clock: Arc<ManualClock>, caps: Caps) -> impl Future<Output = (Self::Tasks, Box<dyn Any>)>;
}

struct Sqlite;

impl Backend for Sqlite {
    type Tasks = SqliteTasks;

    async fn fresh(clock: Arc<ManualClock>, caps: Caps) -> (SqliteTasks, Box<dyn Any>) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open_with(&directory.path().join("store.db"), &[tandem_queue::TABLES]).unwrap();
        (SqliteTasks::new(store, clock, caps), Box::new(directory))
    }
}

macro_rules! conforms {
    ($backend:ident as $name:ident: $($module:ident { $($test:ident),* $(,)? })*) => {
        mod $name {
            use super::*;
            $($(
                #[tokio::test]
                async fn $test() {
                    suite::$module::$test(Fixture::of::<$backend>().await).await;
                }
            )*)*

            #[test]
            fn any_interleaving_completes_a_task_once() {
                suite::interleaving::any_interleaving_completes_a_task_once::<$backend>();
            }
        }
    };
}

conforms!(Sqlite as sqlite:
    submitting {
        a_task_is_there_as_it_was_submitted,
        the_same_key_gives_the_first_task_and_another_body_conflicts,
        the_same_id_gives_the_first_task,
        a_tenant_has_a_bounded_number_of_queued_tasks,
        a_tenant_has_a_bounded_number_of_stored_tasks_and_bytes,
        what_is_malformed_is_refused_by_name,
        tenants_do_not_meet,
        what_ended_is_submitted_again_as_a_new_task,
    }
    claiming {
        claimers_never_share_a_task,
        a_worker_gets_what_it_can_run,
        a_scheduled_task_waits_for_its_time,
        a_noisy_tenant_delays_another_by_two_claims_at_most,
        a_tenant_has_a_bounded_number_of_leased_tasks,
        the_highest_priority_goes_first_and_waiting_counts,
        a_paused_queue_is_left_alone,
        position_is_the_order_of_claims,
        position_is_exact_in_a_long_queue,
        claimers_are_woken,
        what_runs_already_is_never_for_another,
    }
    leases {
        a_lease_is_renewed_and_keeps_progress,
        a_lost_lease_makes_a_task_ready_and_then_dead,
        a_worker_that_starts_anew_gives_up_what_it_had,
        a_lease_ends_at_its_time_though_nobody_reaps,
        only_the_store_s_clock_counts,
        a_stale_fence_changes_nothing,
        another_worker_cannot_end_a_lease,
    }
    ending {
        a_repeated_completion_gets_the_first_result,
        a_failed_attempt_is_made_again_after_a_bounded_wait,
        a_fatal_error_ends_a_task,
        snoozing_and_handing_back_burn_no_attempt,
        a_task_that_is_handed_back_for_ever_dies,
        cancelling_ends_what_waits_and_asks_what_runs,
        who_waits_for_the_end_is_woken,
        results_and_errors_are_bounded,
        a_large_result_is_kept_once_and_goes_with_its_last_task,
        large_results_count_as_the_tenant_s_bytes,
        workers_are_counted,
    }
    changing {
        a_task_is_changed_until_it_ends,
        what_was_for_one_host_may_be_given_to_all,
        a_change_of_an_old_revision_is_refused,
        a_new_time_moves_a_task,
    }
    reading {
        pages_follow_each_other_while_tasks_come,
        lists_are_narrowed,
        figures_count_what_is_there,
        what_is_ready_is_told_by_lanes,
        what_holds_tasks_back_is_told,
        what_is_over_retention_goes,
        due_tells_when_to_look_again,
        who_waits_hears_of_what_is_due_sooner,
    }
    journals {
        the_claim_of_a_step_is_told,
        an_append_is_whole_or_not_at_all,
        only_the_next_event_is_taken,
        a_workflow_is_started_once,
        one_coordinates_a_workflow_at_a_time,
        tenants_take_turns_with_their_workflows,
        a_coordinator_that_starts_anew_goes_on_at_once,
        workflows_are_listed,
        a_workflow_that_ended_takes_no_more,
    }
);
