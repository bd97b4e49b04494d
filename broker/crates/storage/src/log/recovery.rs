//! From files to a log: segments, end, leader epochs and producers.

use std::collections::BTreeSet;
use std::sync::Arc;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_records::HEADER_LEN;

use super::open::{Found, FoundSegment, Opened};
use super::producers::{ProducerUpdates, apply, load_snapshot, remove_snapshot};
use super::{LogError, OpenOptions};
use crate::disk::{DiskError, DiskFile, Home, read_full};
use crate::epoch::EpochCache;
use crate::index::AbortedTxn;
use crate::producer::{Origin, Producers};
use crate::segment::{Placed, Segment, Walk};

/// A control batch with an end-of-transaction marker is smaller; larger ones are not read.
const MARKER_BYTES_MAX: usize = 4096;

/// The state of an opening log.
pub(super) struct Recovery<'a> {
    home: &'a Arc<Home>,
    options: &'a OpenOptions,
    segments: Vec<Arc<Segment>>,
    snapshots: BTreeSet<i64>,
    /// Segments whose index file is missing.
    unindexed: BTreeSet<i64>,
    /// From the file; `None`: to be rebuilt from the log.
    pub(super) epochs: Option<EpochCache>,
    epochs_dirty: bool,
}

impl<'a> Recovery<'a> {
    pub(super) fn new(
        home: &'a Arc<Home>,
        options: &'a OpenOptions,
        found: Found,
    ) -> Result<Self, LogError> {
        let open = |(base, found): (&i64, &FoundSegment)| {
            Arc::new(Segment::open(Arc::clone(home), *base, found.size, found.modified_ms))
        };
        let mut segments: Vec<_> = found.segments.iter().map(open).collect();
        if segments.is_empty() {
            let start = options.log_start_offset;
            segments.push(Arc::new(Segment::create(Arc::clone(home), start, options.now_ms)?));
        }
        let missing = found.segments.iter().filter(|(_, segment)| !segment.has_index);
        Ok(Self {
            home,
            options,
            segments,
            snapshots: found.snapshots,
            unindexed: missing.map(|(base, _)| *base).collect(),
            epochs: None,
            epochs_dirty: false,
        })
    }

    pub(super) fn run(mut self) -> Result<Opened, LogError> {
        let rebuild_epochs = self.epochs.is_none();
        let mut epochs = self.epochs.take().unwrap_or_default();
        let recover_from =
            if self.options.clean_shutdown { i64::MAX } else { self.options.recovery_point };
        if rebuild_epochs {
            self.rebuild_epochs(&mut epochs, recover_from)?;
        }
        let mut end = self.recover_segments(recover_from, &mut epochs)?;
        let mut start = self.options.log_start_offset.max(self.segments[0].base());
        if end < start {
            self.restart_at(start)?;
            epochs.clear();
            end = start;
        }
        start = start.max(self.segments[0].base());
        self.epochs_dirty |= epochs.truncate_tail(end);
        self.epochs_dirty |= epochs.truncate_head(start);
        let (producers, snapshot) = self.load_producers(start, end)?;
        let recovery_point =
            if self.options.clean_shutdown { end } else { self.options.recovery_point.min(end) };
        Ok(Opened {
            segments: self.segments,
            start,
            end,
            recovery_point,
            epochs,
            epochs_dirty: self.epochs_dirty,
            producers,
            snapshot,
        })
    }

    /// Recovers segments from the recovery point on and returns the log's end. After a segment
    /// with a torn end come no more.
    fn recover_segments(
        &mut self,
        recover_from: i64,
        epochs: &mut EpochCache,
    ) -> Result<i64, LogError> {
        let mut end = self.segments[0].base();
        let mut index = 0;
        let mut dirty = false;
        while index < self.segments.len() {
            let segment = Arc::clone(&self.segments[index]);
            let next_base = self.segments.get(index + 1).map(|next| next.base());
            let intact_below = next_base.is_some_and(|next| next <= recover_from);
            if index > 0 && self.is_detached(&segment, end) {
                self.drop_from(index)?;
                break;
            }
            if recover_from == i64::MAX || intact_below {
                if self.unindexed.contains(&segment.base()) {
                    segment.rebuild_indexes().map_err(|error| self.walk_error(error))?;
                }
                end = match next_base {
                    Some(next) => next,
                    None => segment.end_offset().map_err(|error| self.walk_error(error))?,
                };
                index += 1;
                continue;
            }
            let interval = self.options.config.index_interval_bytes;
            let recovered = segment
                .recover(recover_from, interval, &mut |_, placed| {
                    let epoch = placed.header.partition_leader_epoch;
                    if epochs.latest().is_none_or(|latest| epoch > latest.epoch) {
                        dirty |= epochs.assign(epoch, placed.header.base_offset);
                    }
                    Ok(())
                })
                .map_err(|error| LogError::from_recovery(self.home.dir(), error))?;
            end = recovered.end_offset;
            index += 1;
            if recovered.truncated > 0 {
                let (bytes, dir) = (recovered.truncated, self.home.dir());
                tracing::warn!(bytes, end, dir = %dir.display(), "cut off a torn end");
                self.drop_from(index)?;
            } else if index < self.segments.len() {
                segment.seal()?;
            }
        }
        self.epochs_dirty |= dirty;
        Ok(end)
    }

    /// A segment that does not start where its predecessor ends was left by a crash that took the
    /// predecessor's end, or by an earlier roll. Compaction leaves gaps, too.
    fn is_detached(&self, segment: &Segment, end: i64) -> bool {
        segment.base() < end || (segment.base() > end && !self.options.config.compact)
    }

    /// Collects the epochs of everything that recovery will not walk over.
    fn rebuild_epochs(&mut self, epochs: &mut EpochCache, until: i64) -> Result<(), LogError> {
        for segment in &self.segments {
            if segment.size() == 0 || segment.base() >= until {
                continue;
            }
            let file = segment.file()?;
            let mut walk = Walk::new(file.as_ref(), 0, segment.size());
            // Damage is for recovery to judge.
            while let Ok(Some(placed)) = walk.next() {
                let header = &placed.header;
                let epoch = header.partition_leader_epoch;
                if header.last_offset() >= until {
                    break;
                }
                if epochs.latest().is_none_or(|latest| epoch > latest.epoch) {
                    epochs.assign(epoch, header.base_offset);
                }
            }
        }
        self.epochs_dirty = true;
        Ok(())
    }

    fn drop_from(&mut self, index: usize) -> Result<(), LogError> {
        for segment in self.segments.drain(index..).rev() {
            for path in segment.retire()? {
                self.home.disk().remove_file(&path)?;
            }
        }
        self.home.sync()?;
        Ok(())
    }

    fn restart_at(&mut self, start: i64) -> Result<(), LogError> {
        self.drop_from(0)?;
        for offset in std::mem::take(&mut self.snapshots) {
            remove_snapshot(self.home, offset)?;
        }
        let now_ms = self.options.now_ms;
        let segment = Segment::create(Arc::clone(self.home), start, now_ms)?;
        self.segments.push(Arc::new(segment));
        Ok(())
    }

    /// Restores the newest usable snapshot and replays what follows it. After an unclean stop
    /// snapshots above the recovery point do not count: everything from there on is replayed, so
    /// that the aborted transactions are indexed again.
    fn load_producers(
        &mut self,
        start: i64,
        end: i64,
    ) -> Result<(Producers, Option<i64>), LogError> {
        let limit = if self.options.clean_shutdown {
            end
        } else {
            self.options.recovery_point.max(start).min(end)
        };
        let above = self.snapshots.split_off(&limit.saturating_add(1));
        for offset in &above {
            remove_snapshot(self.home, *offset)?;
        }
        if !above.is_empty() {
            // One that came back later would pass for the state of other records.
            self.home.sync()?;
        }
        let mut producers = Producers::starting_at(start);
        let mut newest = None;
        while let Some(offset) = self.snapshots.pop_last() {
            if let Some(restored) = self.restore(offset)? {
                producers = restored;
                newest = Some(offset);
                break;
            }
            remove_snapshot(self.home, offset)?;
        }
        producers.truncate_head(start);
        if is_seeded(Bug::ForgetProducers) {
            return Ok((Producers::starting_at(end), newest));
        }
        self.replay(&mut producers, end)?;
        Ok((producers, newest))
    }

    fn restore(&self, offset: i64) -> Result<Option<Producers>, DiskError> {
        let expiration_ms = self.options.config.producer_id_expiration_ms;
        let now_ms = self.options.now_ms;
        let entries = load_snapshot(self.home, offset)?;
        Ok(entries.map(|entries| Producers::restore(entries, offset, now_ms, expiration_ms)))
    }

    fn replay(&self, producers: &mut Producers, end: i64) -> Result<(), LogError> {
        for segment in &self.segments {
            let until = segment.size();
            if producers.end() >= end || until == 0 {
                continue;
            }
            let file = segment.file()?;
            let from = segment.scan_from(producers.end());
            let mut walk = Walk::new(file.as_ref(), from, until);
            while let Some(placed) = walk.next().map_err(|error| self.walk_error(error))? {
                if placed.header.base_offset < producers.end() {
                    continue;
                }
                for txn in replay_batch(producers, file.as_ref(), &placed)? {
                    segment.add_aborted(txn);
                }
                producers.set_end(placed.header.next_offset());
            }
            segment.release()?;
        }
        producers.set_end(end);
        Ok(())
    }

    fn walk_error(&self, error: crate::segment::WalkError) -> LogError {
        LogError::from_walk(self.home.dir(), error)
    }
}

/// Accounts for a batch that is in the log; returns the aborted transactions that end in it.
pub(super) fn replay_batch(
    producers: &mut Producers,
    file: &dyn DiskFile,
    placed: &Placed,
) -> Result<Vec<AbortedTxn>, DiskError> {
    let header = &placed.header;
    if !header.has_producer() {
        return Ok(Vec::new());
    }
    let mut payload = Vec::new();
    if header.is_control() {
        payload.resize((header.size() - HEADER_LEN).min(MARKER_BYTES_MAX), 0);
        let read = read_full(file, &mut payload, placed.position + HEADER_LEN as u64)?;
        payload.truncate(read);
    }
    let mut updates = ProducerUpdates::default();
    // Whatever is in the log was accepted once.
    let added = updates.add(producers, header, &payload, Origin::Replication);
    if let Err(error) = added {
        tracing::warn!(%error, "a stored batch breaks its producer's order");
    }
    Ok(apply(producers, updates))
}
