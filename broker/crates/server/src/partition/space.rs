//! Space on the volume of a log directory: a part of it is left to the metadata, to checkpoints
//! and to committed offsets, so that a full disk refuses produced records and nothing else.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use barnabas_storage::disk::Capacity;

/// Share of the volume that is kept free of produced records.
const RESERVE_SHARE: u64 = 100;
/// Bounds of what is kept free, bytes.
const RESERVE_BYTES: std::ops::RangeInclusive<u64> = (16 << 20)..=(256 << 20);
/// No more than this share of a small volume is kept free.
const SMALL_SHARE: u64 = 8;
/// Bytes that are appended at most between two looks at the volume.
const LOOK_BYTES: u64 = 64 << 20;
/// A look allows this share of what is free: others may write to the same volume.
const LOOK_SHARE: u64 = 4;

/// For what space is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Produced or replicated records.
    Records,
    /// What the broker itself writes, such as committed offsets: may use half of the reserve.
    Own,
}

/// Keeps account of the space of one volume.
#[derive(Debug, Default)]
pub(super) struct Space {
    /// Bytes that may be appended before the volume is looked at again.
    allowed: AtomicI64,
    full: AtomicBool,
}

/// What a look at the volume found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// As before.
    None,
    /// There was space, and now there is none.
    Filled,
    /// There is space again.
    Freed,
}

impl Space {
    /// Takes bytes off what the last look allowed; whether they were covered.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let allowed = self.allowed.load(Ordering::Relaxed);
        if allowed < bytes {
            return false;
        }
        self.allowed.fetch_sub(bytes, Ordering::Relaxed);
        true
    }

    /// A look at the volume: whether bytes may be written for this purpose.
    pub(super) fn look(&self, volume: Capacity, bytes: u64, purpose: Purpose) -> (bool, Change) {
        let reserve = reserve(volume.total);
        let free = volume.usable.saturating_sub(reserve);
        let was_full = self.full.load(Ordering::Relaxed);
        // Once full, a little more has to be free again, or every deletion would be a change.
        let needed = if was_full { bytes.saturating_add(reserve / 4) } else { bytes };
        let fits = free >= needed;
        let allowed = if fits { (free / LOOK_SHARE).min(LOOK_BYTES) } else { 0 };
        let allowed = i64::try_from(allowed.saturating_sub(bytes)).unwrap_or(0);
        self.allowed.store(allowed, Ordering::Relaxed);
        let change = match (self.full.swap(!fits, Ordering::Relaxed), fits) {
            (false, false) => Change::Filled,
            (true, true) => Change::Freed,
            _ => Change::None,
        };
        let of_reserve = volume.usable.saturating_sub(reserve / 2) >= bytes;
        (fits || purpose == Purpose::Own && of_reserve, change)
    }

    /// A write found no space. Returns whether that is news.
    pub(super) fn exhausted(&self) -> bool {
        self.allowed.store(0, Ordering::Relaxed);
        !self.full.swap(true, Ordering::Relaxed)
    }

    /// Whether records are refused for want of space.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }
}

/// Bytes that produced records leave free.
fn reserve(total: u64) -> u64 {
    let share = (total / RESERVE_SHARE).clamp(*RESERVE_BYTES.start(), *RESERVE_BYTES.end());
    share.min(total / SMALL_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: u64 = 800 << 20;
    const RESERVE: u64 = 16 << 20;

    fn volume(usable: u64) -> Capacity {
        Capacity { total: TOTAL, usable }
    }

    #[test]
    fn the_reserve_follows_the_volume() {
        assert_eq!(reserve(80), 10);
        assert_eq!(reserve(TOTAL), RESERVE);
        assert_eq!(reserve(10 << 30), (10 << 30) / 100);
        assert_eq!(reserve(u64::MAX), 256 << 20);
    }

    #[test]
    fn records_leave_the_reserve_alone() {
        let space = Space::default();
        let look = |usable, purpose| space.look(volume(usable), 1000, purpose);
        assert_eq!(look(RESERVE + 1000, Purpose::Records), (true, Change::None));
        assert_eq!(look(RESERVE + 999, Purpose::Records), (false, Change::Filled));
        assert_eq!(look(RESERVE, Purpose::Own), (true, Change::None));
        assert_eq!(look(RESERVE / 2 + 999, Purpose::Own), (false, Change::None));
        assert!(space.is_full() && !space.take(1));
        assert_eq!(look(RESERVE + 1000, Purpose::Records), (false, Change::None));
        assert_eq!(look(RESERVE * 2, Purpose::Records), (true, Change::Freed));
    }

    #[test]
    fn between_looks_only_a_part_of_what_is_free_is_given_out() {
        let space = Space::default();
        assert!(!space.take(1), "nothing is known of the volume yet");
        let free = 40 << 20;
        assert!(space.look(volume(RESERVE + free), 0, Purpose::Records).0);
        assert!(space.take(free / LOOK_SHARE) && !space.take(1));
        assert!(space.look(volume(u64::MAX), 0, Purpose::Records).0);
        assert!(space.take(LOOK_BYTES) && !space.take(1));
        assert!(space.exhausted() && !space.exhausted());
    }
}
