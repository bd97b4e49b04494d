//! Appends by the leader and by followers.

use std::sync::Arc;

use barnabas_records::{BatchError, EncodedBatch, HEADER_LEN, RecordBatch};
use bytes::Bytes;

use super::producers::Checked;
use super::{AppendError, Log, LogConfig, View, Writer};
use crate::disk::lock;
use crate::producer::Origin;
use crate::segment::Appending;

/// Outcome of an append that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The batch is among the last that its producer wrote: nothing was appended, the producer
    /// gets the answer that it missed.
    Duplicate(AppendInfo),
    /// The batches are in the log, in the page cache.
    Written(AppendInfo),
}

impl Appended {
    /// What to answer the producer.
    #[must_use]
    pub fn info(&self) -> &AppendInfo {
        match self {
            Self::Duplicate(info) | Self::Written(info) => info,
        }
    }
}

/// Where appended batches are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendInfo {
    /// Offset of the first record.
    pub first_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Largest timestamp, ms; -1 none.
    pub max_timestamp: i64,
    /// Start of the log.
    pub log_start_offset: i64,
    /// End of the log after the append.
    pub log_end_offset: i64,
    /// Bytes appended.
    pub bytes: u64,
    /// A segment was closed: a flush up to `first_offset` is due.
    pub rolled: bool,
}

impl Log {
    /// Appends batches at the end, giving them offsets and the leader's epoch. They must have
    /// passed validation; their checksums are not computed again and their records not copied.
    ///
    /// All batches are appended or none. `now_ms` ages segments without timestamps.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing was appended.
    pub fn append_as_leader(
        &self,
        batches: &[EncodedBatch],
        leader_epoch: i32,
        origin: Origin,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let mut writer = lock(&self.writer);
        let mut next = self.end_offset();
        let mut appending = Vec::with_capacity(batches.len());
        for batch in batches {
            let mut header = batch.header();
            header.base_offset = next;
            header.partition_leader_epoch = leader_epoch;
            next = header.next_offset();
            let [_, payload] = batch.parts();
            appending.push(Appending { header, payload });
        }
        self.append(&mut writer, &appending, origin, now_ms)
    }

    /// Appends batches as the leader sent them, up to the first with a higher epoch than
    /// `leader_epoch`, which belongs to a leader that this replica does not follow yet. A batch
    /// cut off at the end is ignored. An empty log starts anew at a first batch that straddles its
    /// start: the leader's log begins inside that batch.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing was appended.
    pub fn append_as_follower(
        &self,
        records: &Bytes,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Option<AppendInfo>, AppendError> {
        let mut writer = lock(&self.writer);
        self.restart_at_straddling(&mut writer, records, leader_epoch, now_ms)?;
        let batches = self.parse_replicated(records, leader_epoch)?;
        let appending: Vec<Appending<'_>> = batches
            .iter()
            .map(|batch| Appending { header: batch.header, payload: &batch.bytes()[HEADER_LEN..] })
            .collect();
        if appending.is_empty() {
            return Ok(None);
        }
        let appended = self.append(&mut writer, &appending, Origin::Replication, now_ms)?;
        Ok(Some(*appended.info()))
    }

    fn restart_at_straddling(
        &self,
        writer: &mut Writer,
        records: &Bytes,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<(), AppendError> {
        let (start, end) = (self.start_offset(), self.end_offset());
        if start != end || records.len() < HEADER_LEN {
            return Ok(());
        }
        let Ok(first) = RecordBatch::parse(records) else { return Ok(()) };
        let straddles = first.header.base_offset < end && first.header.next_offset() > end;
        if !straddles || first.header.partition_leader_epoch > leader_epoch {
            return Ok(());
        }
        first.verify()?;
        if self.has_failed() {
            return Err(AppendError::Offline);
        }
        self.start_at_locked(writer, first.header.base_offset, now_ms)?;
        Ok(())
    }

    fn parse_replicated(
        &self,
        records: &Bytes,
        leader_epoch: i32,
    ) -> Result<Vec<RecordBatch>, AppendError> {
        let mut rest = records.clone();
        let mut end = self.end_offset();
        let mut batches = Vec::new();
        while !rest.is_empty() {
            let batch = match RecordBatch::parse(&rest) {
                Ok(batch) => batch,
                Err(BatchError::Truncated) => break,
                Err(error) => return Err(error.into()),
            };
            if batch.header.partition_leader_epoch > leader_epoch {
                break;
            }
            batch.verify()?;
            let offset = batch.header.base_offset;
            if offset < end || batch.header.last_offset_delta < 0 {
                return Err(AppendError::OffsetOutOfOrder { offset, end });
            }
            end = batch.header.next_offset();
            rest = rest.slice(batch.header.size()..);
            batches.push(batch);
        }
        Ok(batches)
    }

    fn append(
        &self,
        writer: &mut Writer,
        batches: &[Appending<'_>],
        origin: Origin,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        if self.has_failed() {
            return Err(AppendError::Offline);
        }
        self.touch();
        let config = self.config();
        let view = lock(&self.view).clone();
        let Some(mut info) = summary(batches, &view) else {
            return Err(BatchError::Truncated.into());
        };
        // What the leader has was small enough there; several of its batches may come at once.
        if info.bytes > config.segment_bytes && origin != Origin::Replication {
            return Err(AppendError::TooLarge { bytes: info.bytes, max: config.segment_bytes });
        }
        let checked = match self.check_producers(batches, origin)? {
            Checked::Duplicate(batch) => {
                info.first_offset = batch.first_offset();
                info.last_offset = batch.last_offset;
                info.max_timestamp = batch.timestamp;
                info.log_end_offset = view.end;
                info.bytes = 0;
                return Ok(Appended::Duplicate(info));
            }
            Checked::Accepted(checked) => checked,
        };
        info.rolled = self.roll_if_due(writer, &info, &config, now_ms)?;
        self.note_epochs(batches.iter().map(|batch| &batch.header))?;
        let active = Arc::clone(lock(&self.view).active());
        active.append(batches, &config).inspect_err(|failure| {
            if !failure.clean {
                self.fail();
            }
        })?;
        lock(&self.view).end = info.log_end_offset;
        self.update_producers(checked, &active, info.log_end_offset);
        Ok(Appended::Written(info))
    }

    fn roll_if_due(
        &self,
        writer: &mut Writer,
        info: &AppendInfo,
        config: &LogConfig,
        now_ms: i64,
    ) -> Result<bool, AppendError> {
        let active = Arc::clone(lock(&self.view).active());
        let due =
            active.should_roll(info.bytes, info.max_timestamp, info.last_offset, config, now_ms)?;
        if due {
            self.roll_locked(writer, info.first_offset, now_ms)?;
        }
        Ok(due)
    }
}

/// `None` if there are no batches.
fn summary(batches: &[Appending<'_>], view: &View) -> Option<AppendInfo> {
    let (first, last) = (batches.first()?, batches.last()?);
    Some(AppendInfo {
        first_offset: first.header.base_offset,
        last_offset: last.header.last_offset(),
        max_timestamp: batches.iter().map(|b| b.header.max_timestamp).max().unwrap_or(-1),
        log_start_offset: view.start,
        log_end_offset: last.header.next_offset(),
        bytes: batches.iter().map(|batch| batch.header.size() as u64).sum(),
        rolled: false,
    })
}
