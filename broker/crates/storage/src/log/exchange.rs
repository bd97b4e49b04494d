//! A replica's log moves to another log directory: a copy takes its place (KIP-113).

use std::mem::swap;
use std::sync::atomic::Ordering;

use super::{Log, LogError, ReadRequest};
use crate::disk::lock;

/// How far a copy is after [`Log::copy_from`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Bytes copied.
    pub bytes: u64,
    /// The copy has what the log had when the copying began.
    pub caught_up: bool,
}

impl Log {
    /// Makes this log, a copy in the making, more like `source`: what `source` no longer has is
    /// removed, and about `max_bytes` of what is missing are copied, at least one batch.
    ///
    /// `source` may be appended to meanwhile, and truncated by a change of leader.
    ///
    /// # Errors
    /// If one of the disks fails, or the source is damaged.
    pub fn copy_from(
        &self,
        source: &Self,
        max_bytes: usize,
        now_ms: i64,
    ) -> Result<Copied, CopyError> {
        let (start, end) = (source.start_offset(), source.end_offset());
        if self.end_offset() < start {
            self.truncate_fully_and_start_at(start, now_ms)?;
        }
        self.increment_start_offset(start)?;
        self.drop_divergence(source, now_ms)?;
        let before = self.size();
        let offset = self.end_offset();
        if offset < end {
            let request =
                ReadRequest { offset, max_bytes, upper: end, min_one: true, aborted: false };
            if let Some(range) = source.read(&request).map_err(CopyError::Source)?.range {
                let bytes = range.read().map_err(|error| CopyError::Source(error.into()))?;
                self.append_as_follower(&bytes, i32::MAX, now_ms).map_err(CopyError::Target)?;
            }
        }
        let bytes = self.size().saturating_sub(before);
        Ok(Copied { bytes, caught_up: self.end_offset() >= end })
    }

    /// Removes what `source` has lost in a change of leader, found by the epochs of both: each
    /// has to end at the same offset, but for the last one, which may go on.
    fn drop_divergence(&self, source: &Self, now_ms: i64) -> Result<(), LogError> {
        let epochs = self.epochs();
        let ends = epochs.iter().skip(1).map(|next| next.start_offset).chain([self.end_offset()]);
        for (index, (entry, end)) in epochs.iter().zip(ends).enumerate() {
            let there = source.end_offset_for_epoch(entry.epoch);
            let known = there.epoch == entry.epoch;
            let is_last = index + 1 == epochs.len();
            if known && (there.end_offset == end || is_last && there.end_offset > end) {
                continue;
            }
            // An epoch that is not there any more has lost all its records.
            let agreed = if known { there.end_offset.min(end) } else { entry.start_offset };
            self.truncate_to(agreed.min(source.end_offset()), now_ms)?;
            break;
        }
        if self.end_offset() > source.end_offset() {
            self.truncate_to(source.end_offset(), now_ms)?;
        }
        Ok(())
    }

    /// Exchanges the contents of two logs of one partition, directories included. Whoever holds
    /// this log goes on with the other's files. Ranges that were read before stay readable.
    ///
    /// The caller has made sure that both hold the same records and that nothing is appended
    /// meanwhile.
    pub fn exchange(&self, other: &Self) {
        let (_flushing, _other_flushing) = (lock(&self.flushing), lock(&other.flushing));
        let (mut writer, mut other_writer) = (lock(&self.writer), lock(&other.writer));
        let (mut epochs, mut other_epochs) = (lock(&self.epochs), lock(&other.epochs));
        let (mut producers, mut others) = (lock(&self.producers), lock(&other.producers));
        let (mut view, mut other_view) = (lock(&self.view), lock(&other.view));
        swap(&mut *lock(&self.home), &mut *lock(&other.home));
        swap(&mut *writer, &mut *other_writer);
        swap(&mut *epochs, &mut *other_epochs);
        swap(&mut *producers, &mut *others);
        swap(&mut *view, &mut *other_view);
        let point = other.recovery_point.load(Ordering::Acquire);
        let point = self.recovery_point.swap(point, Ordering::AcqRel);
        other.recovery_point.store(point, Ordering::Release);
        let failed = other.failed.load(Ordering::Acquire);
        let failed = self.failed.swap(failed, Ordering::AcqRel);
        other.failed.store(failed, Ordering::Release);
    }
}

/// A log cannot be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The log that is copied cannot be read.
    #[error("cannot read the log to copy: {0}")]
    Source(super::ReadError),
    /// The copy cannot be written.
    #[error("cannot write the copy: {0}")]
    Target(super::AppendError),
    /// The copy cannot be shortened.
    #[error("cannot shorten the copy: {0}")]
    Cut(#[from] LogError),
}

#[cfg(test)]
mod tests {
    use super::super::tests::{append, batch, open_sim, options, read_all};
    use super::*;
    use crate::disk::SimDisk;
    use crate::producer::Origin;

    fn pair() -> (Log, Log) {
        let disk = SimDisk::new(0);
        let mut small = options("/a/topic-0");
        small.config.segment_bytes = 700;
        let source = open_sim(&disk, small);
        let copy = open_sim(&disk, options("/b/topic-0.x-future"));
        (source, copy)
    }

    fn copy_all(copy: &Log, source: &Log) {
        for _ in 0..1000 {
            if copy.copy_from(source, 300, 1_000).unwrap().caught_up {
                return;
            }
        }
        panic!("the copy does not catch up");
    }

    #[test]
    fn a_copy_follows_appends_deletions_and_truncations() {
        let (source, copy) = pair();
        for number in 0..30 {
            source.append_as_leader(&[batch(3, 50)], number / 10, Origin::Client, 1_000).unwrap();
        }
        copy_all(&copy, &source);
        assert_eq!(read_all(&copy, 0), read_all(&source, 0));
        assert_eq!(copy.epochs(), source.epochs());
        // A new leader does not know the last records, and appends others.
        source.truncate_to(70, 1_000).unwrap();
        for _ in 0..10 {
            source.append_as_leader(&[batch(3, 70)], 5, Origin::Client, 1_000).unwrap();
        }
        source.set_high_watermark(60);
        source.increment_start_offset(31).unwrap();
        copy_all(&copy, &source);
        assert_eq!(read_all(&copy, 31), read_all(&source, 31));
        assert_eq!(copy.epochs(), source.epochs());
        assert_eq!((copy.start_offset(), copy.end_offset()), (31, source.end_offset()));
    }

    #[test]
    fn a_copy_that_fell_out_starts_anew() {
        let (source, copy) = pair();
        append(&source, batch(3, 50));
        copy_all(&copy, &source);
        source.truncate_fully_and_start_at(100, 1_000).unwrap();
        append(&source, batch(3, 50));
        copy_all(&copy, &source);
        assert_eq!(read_all(&copy, 100), [(100, 102)]);
        assert_eq!(copy.start_offset(), 100);
    }

    #[test]
    fn the_copy_takes_the_log_s_place() {
        let (log, copy) = pair();
        for _ in 0..10 {
            append(&log, batch(3, 50));
        }
        log.flush(6).unwrap();
        copy_all(&copy, &log);
        let end = log.end_offset();
        let before =
            ReadRequest { offset: 0, max_bytes: 500, upper: end, min_one: true, aborted: false };
        let range = log.read(&before).unwrap().range.unwrap();
        copy.rename_dir(std::path::Path::new("/b/topic-0")).unwrap();
        log.exchange(&copy);
        assert_eq!(log.dir(), std::path::Path::new("/b/topic-0"));
        assert_eq!((log.recovery_point(), copy.recovery_point()), (0, 6));
        copy.delete().unwrap();
        assert!(!log.has_failed() && copy.has_failed());
        assert!(!range.read().unwrap().is_empty(), "a read that began before");
        append(&log, batch(3, 50));
        assert_eq!(read_all(&log, 0).len(), 11);
        log.flush_all().unwrap();
        assert_eq!(log.recovery_point(), end + 3);
    }
}
