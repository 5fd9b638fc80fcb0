//! The runtime, whose threads wipe their stacks before they rest.
//!
//! Memory of the heap is wiped as it is given back; what a call leaves on the stack of its thread is not, and a thread
//! may rest for days. A core of a gateway at rest names no contact (Policy C8).

use std::hint::black_box;

use tokio::runtime::{Builder, Runtime};

/// How far down a stack is wiped: deeper than any call here goes. Unoptimised calls take some eight times the room.
const DEPTH: usize = if cfg!(debug_assertions) { 512 * 1024 } else { 64 * 1024 };

/// A runtime with a worker for each core.
pub(super) fn new() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .on_thread_park(wipe_stack)
        // Stacks of threads that have ended are kept for the next ones.
        .on_thread_stop(wipe_stack)
        .build()
}

/// Zeroes the unused part of the stack. Some 2 µs, at a moment when there is nothing to do.
#[inline(never)]
fn wipe_stack() {
    black_box(&mut [0_u8; DEPTH]);
}
