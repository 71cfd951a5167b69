//! Where the operations are in the component's memory.
//!
//! [`SLOT`] begins with [`tandem_operations::MAGIC`], by which an import finds it in the component's data; behind it is the address of the region
//! that takes the operations, and their length, which is 0 until an import sets it. The region itself is zero, and so has no bytes in
//! the file. An import adds one data segment at that address and sets the length: no address of the program moves, nothing is
//! compiled, and the same operations always make the same file. They are part of the component, and so of what is signed.

use std::{
    hint::black_box,
    sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
};

use tandem_operations::{Bundle, CAPACITY, MAGIC};

#[repr(C)]
struct Slot {
    #[allow(dead_code, reason = "an import looks for it")]
    magic: [u8; MAGIC.len()],
    region: &'static [AtomicU8; CAPACITY],
    length: AtomicU32,
}

// Atomics, although nothing writes to them here: they must not be constants, whose values the compiler would use.
static REGION: [AtomicU8; CAPACITY] = [const { AtomicU8::new(0) }; CAPACITY];
static SLOT: Slot = Slot { magic: MAGIC, region: &REGION, length: AtomicU32::new(0) };

/// The operations, as an import put them here; none in the component as it is built.
pub(crate) fn all() -> Vec<u8> {
    first(usize::MAX)
}

/// What a call needs of them.
pub(crate) fn first_block() -> Vec<u8> {
    let head = first(4);
    // A head that is not whole has no block behind it: what reads it says so.
    Bundle::first_block(&head).map_or(head, first)
}

fn first(most: usize) -> Vec<u8> {
    let slot = black_box(&SLOT);
    let length = usize::try_from(slot.length.load(Relaxed)).unwrap_or_default();
    slot.region.iter().take(length.min(most)).map(|byte| byte.load(Relaxed)).collect()
}
