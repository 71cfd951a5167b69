//! Time and chance that are the same in every run, both or one of them, for tests of plugins.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rand::{SeedableRng as _, rngs::StdRng};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

/// What the clock that only goes forward goes on by at each look, in nanoseconds. Standing still, it would hold a
/// guest that waits by looking at it until its CPU budget ends it.
const STEP: u64 = 1_000;

/// What a plugin's instances see of time and chance instead of the real ones. An instance starts anew with it, so that
/// with [`InstancePolicy::PerCall`](crate::InstancePolicy::PerCall) two equal calls see the same; a pooled one goes on.
///
/// For tests only: who knows the seed knows every key that the guest makes. Nothing that a manifest or a configuration
/// says sets it. Waiting takes as long as it does, and deadlines are of the real clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeterministicSources {
    /// Since 1970: the wall clock stands there. The other clock starts at zero and goes on by a microsecond at each
    /// look. None is the real time.
    pub now: Option<Duration>,
    /// All random numbers follow from it, the secure ones too; which ones they are may change with any release. None is
    /// real chance.
    pub seed: Option<u64>,
}

impl DeterministicSources {
    pub(super) fn apply(self, builder: &mut WasiCtxBuilder) {
        if let Some(now) = self.now {
            builder.wall_clock(Standing(now)).monotonic_clock(Stepping(AtomicU64::new(0)));
        }
        if let Some(seed) = self.seed {
            builder
                .secure_random(StdRng::seed_from_u64(seed))
                .insecure_random(StdRng::seed_from_u64(seed.wrapping_add(1)))
                .insecure_random_seed(seed.into());
        }
    }
}

struct Standing(Duration);

impl HostWallClock for Standing {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

struct Stepping(AtomicU64);

impl HostMonotonicClock for Stepping {
    fn resolution(&self) -> u64 {
        STEP
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(STEP, Ordering::Relaxed)
    }
}
