//! The one place that builds a `wasmtime::Config`, and the reasons for each setting.
//!
//! Two engines built here from equal [`EngineConfig`]s accept each other's compiled artifacts; a test holds
//! that. The settings are part of the key of the compiled-code cache.

use std::time::Duration;

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};

/// Length of one epoch. It bounds how long a looping guest holds a thread before others run.
pub const TICK: Duration = Duration::from_millis(1);
/// CPU time of a call in the foreground: two ticks. Most calls end within a tenth of it; and the hand-over to the background is
/// little beside what a longer call takes.
pub(crate) const FOREGROUND: Duration = Duration::from_millis(2);
/// Arguments of more bytes belong to a call of the background class: to copy them into the guest, and to read them there, takes
/// longer than calls have in the foreground.
pub(crate) const LARGE_INPUT: usize = 256 << 10;
/// Bytes that one crossing between guest and host may allocate on the host (wasmtime's default is 128 MiB).
/// Stops a guest from making the host lift gigabytes out of it.
pub(crate) const HOSTCALL_FUEL: usize = 8 << 20;
/// Component handles per instance (wasmtime's default is 100,000). Stops handle floods.
pub(crate) const MAX_HANDLES: usize = 1024;
/// Host resources per instance: open files, streams, requests. Stops a guest from taking all of the
/// host's file descriptors (20,000 were reached with the default).
pub(crate) const MAX_RESOURCES: usize = 256;
/// Core instances in one component. Python components have 14, Rust ones 3.
const CORE_INSTANCES: u32 = 20;
/// Tables in one component.
const TABLES: u32 = 20;
/// Memories in one component.
const MEMORIES: u32 = 4;
/// Elements of one table: 20,000 covers the largest interpreters that were seen with room to spare.
const TABLE_ELEMENTS: usize = 20_000;
/// Native stack that a guest may use, and the fiber's stack around it. The difference is the host
/// functions' room.
const WASM_STACK: usize = 512 << 10;
const FIBER_STACK: usize = 1 << 20;
/// Memory that a pooled slot keeps between calls where the kernel can tell which pages were touched; it
/// saves all memory system calls on a call's path.
const KEEP_RESIDENT_SCAN: usize = 1 << 20;
/// The same where it cannot, and all of it is cleared by hand: a guest's initial memory.
const KEEP_RESIDENT_CLEAR: usize = 512 << 10;
/// Slots whose pages stay. More would let resident memory grow with every version of a plugin.
const WARM_SLOTS: u32 = 16;

/// What an operator may choose about the engine; everything else is fixed.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Instances that may live at once. Over it, calls are refused as overloaded. At most 4096: each takes
    /// about six memory mappings, of which the kernel allows 65,530 a process.
    pub max_instances: u32,
    /// The largest memory that any guest may have, in bytes: the operator's ceiling.
    pub max_memory: u64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { max_instances: 1000, max_memory: 256 << 20 }
    }
}

impl EngineConfig {
    pub(crate) fn wasmtime(&self) -> Config {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .concurrency_support(false)
            .memory_init_cow(true)
            .async_stack_zeroing(true)
            .max_wasm_stack(WASM_STACK)
            .async_stack_size(FIBER_STACK)
            .wasm_backtrace_details(WasmBacktraceDetails::Disable)
            .wasm_backtrace_max_frames(None)
            // Only backtraces read these: a third of what is compiled would be tables.
            .generate_address_map(false)
            .native_unwind_info(false)
            // Proposals that no toolchain of ours emits are only attack surface.
            .wasm_memory64(false)
            .wasm_relaxed_simd(false)
            .wasm_tail_call(false)
            .parallel_compilation(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(self.pool()));
        config
    }

    fn pool(&self) -> PoolingAllocationConfig {
        let n = self.max_instances.clamp(1, 4096);
        let scan = !swap_is_on();
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(n)
            .total_core_instances(n * CORE_INSTANCES)
            // A component of an interpreter brings several memories; one that is described alone must find room for all.
            .total_memories(n.max(MEMORIES))
            .total_tables((n * 8).max(TABLES))
            .total_stacks(n)
            .max_core_instances_per_component(CORE_INSTANCES)
            .max_tables_per_component(TABLES)
            .max_memories_per_component(MEMORIES)
            .max_memories_per_module(MEMORIES)
            .table_elements(TABLE_ELEMENTS)
            .max_memory_size(usize::try_from(self.max_memory).unwrap_or(usize::MAX))
            .linear_memory_keep_resident(if scan { KEEP_RESIDENT_SCAN } else { KEEP_RESIDENT_CLEAR })
            .table_keep_resident(64 << 10)
            .async_stack_keep_resident(64 << 10)
            .max_unused_warm_slots(WARM_SLOTS)
            // A page that was swapped out is missed by the scan and would keep another tenant's bytes.
            .pagemap_scan(if scan { Enabled::Auto } else { Enabled::No });
        pool
    }
}

/// Whether any swap is in use. Unknown counts as yes: that is the slower and safer answer.
fn swap_is_on() -> bool {
    std::fs::read_to_string("/proc/swaps").map_or(true, |text| text.lines().count() > 1)
}
