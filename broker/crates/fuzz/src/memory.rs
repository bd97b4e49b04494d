//! A bound on what a piece of code allocates.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that decoding a message may allocate for each byte of its frame.
const MEMORY_PER_BYTE: usize = 4;
/// Bytes that decoding a message may allocate on top.
const MEMORY_SLACK: usize = 64 * 1024 + 512;

/// Runs `decode` on a message of `length` bytes.
///
/// # Panics
/// It allocates more than the decoder of messages promises. The count is of the whole process:
/// nothing else may run meanwhile.
pub fn proportional<T>(length: usize, decode: impl FnOnce() -> T) -> T {
    bounded(length.saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_SLACK), decode)
}

/// Runs `work`.
///
/// # Panics
/// It allocates more than `limit` bytes, freed ones included. The count is of the whole process:
/// nothing else may run meanwhile.
pub fn bounded<T>(limit: usize, work: impl FnOnce() -> T) -> T {
    let region = Region::new(ALLOCATOR);
    let result = work();
    let change = region.change();
    let allocated = change.bytes_allocated.saturating_add_signed(change.bytes_reallocated);
    assert!(allocated <= limit, "allocated {allocated} bytes, {limit} are allowed");
    result
}
