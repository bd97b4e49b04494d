//! Producer state of a log: checks, transactions, snapshots.

use std::collections::BTreeMap;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_records::{BatchHeader, ControlType, EndTxnMarker, Records};

use super::{Log, LogError, ReadError, Writer};
use crate::disk::{DiskError, Home, OpenMode, lock, read_file, write_atomically};
use crate::index::AbortedTxn;
use crate::producer::{
    BatchMeta, CompletedTxn, Marker, Origin, ProducerAppend, ProducerEntry, ProducerError,
    Producers, SNAPSHOT_BYTES_MAX, decode, encode,
};
use crate::segment::{Appending, Segment, Suffix, file_name};

/// Result of checking an append against the producers' state.
pub(super) enum Checked {
    /// The batch is one that its producer wrote before.
    Duplicate(BatchMeta),
    Accepted(ProducerUpdates),
}

/// What becomes the producers' state once the append is written.
#[derive(Debug, Default)]
pub(super) struct ProducerUpdates {
    appends: BTreeMap<i64, ProducerAppend>,
    completed: Vec<CompletedTxn>,
}

impl ProducerUpdates {
    pub(super) fn add(
        &mut self,
        producers: &Producers,
        header: &BatchHeader,
        payload: &[u8],
        origin: Origin,
    ) -> Result<(), ProducerError> {
        if !header.has_producer() {
            return Ok(());
        }
        let id = header.producer_id;
        let append = self
            .appends
            .entry(id)
            .or_insert_with(|| ProducerAppend::new(producers.get(id), id, origin));
        if !header.is_control() {
            return append.add_batch(header);
        }
        if let Some(marker) = read_marker(header, payload) {
            self.completed.extend(append.add_marker(header, marker)?);
        }
        Ok(())
    }
}

/// The end-of-transaction marker of a control batch; `None` for other control batches.
pub(super) fn read_marker(header: &BatchHeader, payload: &[u8]) -> Option<Marker> {
    let record = Records::new(*header, payload).next()?.ok()?;
    let kind = ControlType::from_key(record.key?)?;
    if !matches!(kind, ControlType::Abort | ControlType::Commit) {
        return None;
    }
    let coordinator_epoch = EndTxnMarker::decode(record.value?)?.coordinator_epoch;
    Some(Marker { kind, coordinator_epoch })
}

/// Applies updates; returns the aborted transactions to index.
pub(super) fn apply(producers: &mut Producers, updates: ProducerUpdates) -> Vec<AbortedTxn> {
    for append in updates.appends.into_values() {
        producers.update(append);
    }
    let mut aborted = Vec::new();
    for txn in updates.completed {
        if txn.is_aborted {
            aborted.push(AbortedTxn {
                producer_id: txn.producer_id,
                first_offset: txn.first_offset,
                last_offset: txn.last_offset,
                last_stable_offset: producers.last_stable_after(txn),
            });
        }
        producers.complete(txn);
    }
    aborted
}

impl Log {
    pub(super) fn check_producers(
        &self,
        batches: &[Appending<'_>],
        origin: Origin,
    ) -> Result<Checked, ProducerError> {
        let mut updates = ProducerUpdates::default();
        if batches.iter().all(|batch| !batch.header.has_producer()) {
            return Ok(Checked::Accepted(updates));
        }
        let producers = lock(&self.producers);
        for batch in batches {
            let header = &batch.header;
            let checked = origin == Origin::Client && !is_seeded(Bug::IgnoreDuplicates);
            if checked && header.has_producer() {
                let known = producers.get(header.producer_id);
                if let Some(duplicate) = known.and_then(|entry| entry.find_duplicate(header)) {
                    return Ok(Checked::Duplicate(*duplicate));
                }
            }
            if origin == Origin::Replication && is_seeded(Bug::FollowWithoutProducers) {
                continue;
            }
            updates.add(&producers, header, batch.payload, origin)?;
        }
        Ok(Checked::Accepted(updates))
    }

    pub(super) fn update_producers(
        &self,
        updates: ProducerUpdates,
        active: &Segment,
        log_end: i64,
    ) {
        let mut producers = lock(&self.producers);
        let aborted = apply(&mut producers, updates);
        producers.set_end(log_end);
        drop(producers);
        for txn in aborted {
            active.add_aborted(txn);
        }
    }

    /// First offset of a transaction that is open, or ended by a marker not below the high
    /// watermark: the last stable offset is the lower of this and the high watermark. Does not
    /// block.
    #[must_use]
    pub fn first_unstable_offset(&self) -> Option<i64> {
        let start = self.start_offset();
        lock(&self.producers).first_unstable().map(|offset| offset.max(start))
    }

    /// The producers known to the partition, by id. Does not block.
    #[must_use]
    pub fn producers(&self) -> Vec<ProducerEntry> {
        lock(&self.producers).entries().cloned().collect()
    }

    /// Forgets producers that were silent for `producer.id.expiration.ms`. Does not block.
    pub fn expire_producers(&self, now_ms: i64) {
        let expiration_ms = self.config().producer_id_expiration_ms;
        lock(&self.producers).expire(now_ms, expiration_ms);
    }

    /// Aborted transactions with records in `start..upper`, for a read_committed reader.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn aborted_transactions(
        &self,
        start: i64,
        upper: i64,
    ) -> Result<Vec<AbortedTxn>, ReadError> {
        let view = lock(&self.view).clone();
        let mut found = Vec::new();
        for segment in &view.segments[view.floor(start)..] {
            let complete = segment.aborted(start, upper, &mut found)?;
            if complete {
                break;
            }
        }
        Ok(found)
    }

    /// Writes the producers' state to a file named by the log's end, unless there is one.
    pub(super) fn take_snapshot(&self, writer: &mut Writer) -> Result<(), DiskError> {
        let (content, end) = {
            let producers = lock(&self.producers);
            if writer.snapshot.is_some_and(|taken| producers.end() <= taken) {
                return Ok(());
            }
            (encode(producers.entries()), producers.end())
        };
        if writer.snapshot.is_none() && end == self.start_offset() {
            return Ok(());
        }
        let path = self.home().path(&file_name(end, Suffix::Snapshot));
        write_atomically(self.home().disk(), &path, &content, false)?;
        writer.snapshot = Some(end);
        writer.snapshot_is_dirty = true;
        self.thin_snapshots(end)
    }

    /// Makes the newest snapshot durable: before a flush lets recovery start above it, and before
    /// the segments go from which it could be rebuilt.
    pub(super) fn sync_snapshot(&self, writer: &mut Writer) -> Result<(), DiskError> {
        let Some(offset) = writer.snapshot.filter(|_| writer.snapshot_is_dirty) else {
            return Ok(());
        };
        let path = self.home().path(&file_name(offset, Suffix::Snapshot));
        self.home().disk().open(&path, OpenMode::Write)?.sync()?;
        writer.snapshot_is_dirty = false;
        Ok(())
    }

    /// Keeps the snapshots at segment bases and the newest.
    fn thin_snapshots(&self, newest: i64) -> Result<(), DiskError> {
        let view = lock(&self.view).clone();
        for offset in list_snapshots(&self.home())? {
            let at_base = view.segments.iter().any(|segment| segment.base() == offset);
            if !at_base && offset != newest {
                remove_snapshot(&self.home(), offset)?;
            }
        }
        Ok(())
    }

    /// Removes snapshots above a new log end.
    pub(super) fn drop_snapshots_above(
        &self,
        writer: &mut Writer,
        end: i64,
    ) -> Result<(), LogError> {
        let mut newest = None;
        for offset in list_snapshots(&self.home())? {
            if offset > end {
                remove_snapshot(&self.home(), offset)?;
            } else {
                newest = Some(offset);
            }
        }
        writer.snapshot_is_dirty &= writer.snapshot == newest;
        writer.snapshot = newest;
        Ok(())
    }
}

/// Offsets of the snapshots in a directory, ascending.
pub(super) fn list_snapshots(home: &Home) -> Result<Vec<i64>, DiskError> {
    let entries = home.disk().list(&home.dir())?;
    let parsed = entries.iter().filter_map(|entry| crate::segment::parse_file_name(&entry.name));
    let snapshots = parsed.filter(|file| {
        file.suffix == Suffix::Snapshot && file.stage == crate::segment::Stage::InUse
    });
    Ok(snapshots.map(|file| file.offset).collect())
}

pub(super) fn remove_snapshot(home: &Home, offset: i64) -> Result<(), DiskError> {
    match home.disk().remove_file(&home.path(&file_name(offset, Suffix::Snapshot))) {
        Err(error) if error.is_not_found() => Ok(()),
        done => done,
    }
}

/// Entries of a snapshot; `None` if it cannot be used.
pub(super) fn load_snapshot(
    home: &Home,
    offset: i64,
) -> Result<Option<Vec<ProducerEntry>>, DiskError> {
    let path = home.path(&file_name(offset, Suffix::Snapshot));
    let Some(content) = read_file(home.disk(), &path, SNAPSHOT_BYTES_MAX)? else {
        return Ok(None);
    };
    match decode(&content) {
        Ok(entries) => Ok(Some(entries)),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "ignoring a producer snapshot");
            Ok(None)
        }
    }
}
