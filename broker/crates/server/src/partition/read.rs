//! Reads for Fetch.

use std::sync::atomic::Ordering;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_replication::{LeaderEpoch, NodeId, Progress};
use barnabas_storage::{AbortedTxn, EpochEnd, FileRange, ReadRequest};

use super::replica::Bounds;
use super::{Fault, Replica};

/// How far a reader may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadKind {
    /// A consumer, up to the last stable offset; aborted transactions are listed.
    Committed,
    /// A consumer, up to the high watermark.
    Uncommitted,
    /// A follower, up to the log's end.
    Replica,
}

/// What a reader wants of a partition.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// First offset.
    pub offset: i64,
    /// Bytes at most.
    pub max_bytes: usize,
    /// Return the first batch whole even if it is larger.
    pub min_one: bool,
    /// How far it may look.
    pub kind: ReadKind,
    /// Whether only the leader may answer (consumers before KIP-392, and followers).
    pub leader_only: bool,
    /// The leader epoch that the reader knows; -1 if it does not say.
    pub current_leader_epoch: i32,
    /// The epoch of the last record that the reader has; -1 if it does not say.
    pub last_fetched_epoch: i32,
}

/// What was found.
#[derive(Debug)]
pub struct Read {
    /// The high watermark.
    pub high_watermark: i64,
    /// The last stable offset.
    pub last_stable_offset: i64,
    /// Start of the log.
    pub log_start_offset: i64,
    /// Records, if there are any.
    pub range: Option<FileRange>,
    /// Aborted transactions in the range, with [`ReadKind::Committed`].
    pub aborted: Option<Vec<AbortedTxn>>,
    /// The reader's log diverges: its last epoch ends here (KIP-595). There are no records then.
    pub diverging: Option<EpochEnd>,
    /// The log's end.
    pub end_offset: i64,
    /// The leader epoch that this broker knows.
    pub leader_epoch: LeaderEpoch,
    /// How much can be read, for a wait that begins now.
    pub progress: Progress,
    /// The replica that the reader should ask instead (KIP-392). There are no records then.
    pub preferred: Option<NodeId>,
}

impl Replica {
    /// Finds records for a fetch. Looks at indexes and batch headers, not at the records.
    ///
    /// # Errors
    /// `NotLeader`, `Epoch`, `OutOfRange` or those of the log.
    pub fn read(&self, wanted: &Wanted) -> Result<Read, Fault> {
        self.check_online()?;
        self.find(wanted).inspect_err(|fault| self.judge(fault))
    }

    fn find(&self, wanted: &Wanted) -> Result<Read, Fault> {
        let bounds = self.check_readable(wanted)?;
        let mut read = Read {
            high_watermark: bounds.high_watermark,
            last_stable_offset: bounds.last_stable,
            log_start_offset: self.log.start_offset(),
            range: None,
            aborted: None,
            diverging: None,
            end_offset: bounds.end,
            leader_epoch: bounds.leader_epoch,
            progress: bounds.progress,
            preferred: None,
        };
        if wanted.last_fetched_epoch >= 0 {
            read.diverging = self.divergence(wanted)?;
            if read.diverging.is_some() {
                return Ok(read);
            }
        }
        let committed = wanted.kind == ReadKind::Committed;
        let upper = match wanted.kind {
            ReadKind::Committed => bounds.last_stable,
            ReadKind::Uncommitted if is_seeded(Bug::ReadUncommitted) => bounds.end,
            ReadKind::Uncommitted => bounds.high_watermark,
            ReadKind::Replica => bounds.end,
        };
        if wanted.offset > bounds.end {
            return Err(Fault::OutOfRange);
        }
        let found = self.log.read(&ReadRequest {
            offset: wanted.offset,
            max_bytes: wanted.max_bytes,
            upper,
            min_one: wanted.min_one,
            aborted: committed,
        })?;
        read.range = found.range;
        read.aborted = found.aborted;
        Ok(read)
    }

    /// The answer to a reader that is sent to another replica.
    #[must_use]
    pub fn redirected(&self, preferred: NodeId) -> Read {
        let bounds = self.bounds(&self.core());
        Read {
            high_watermark: bounds.high_watermark,
            last_stable_offset: bounds.last_stable,
            log_start_offset: self.log.start_offset(),
            range: None,
            aborted: None,
            diverging: None,
            end_offset: bounds.end,
            leader_epoch: bounds.leader_epoch,
            progress: bounds.progress,
            preferred: Some(preferred),
        }
    }

    fn check_readable(&self, wanted: &Wanted) -> Result<Bounds, Fault> {
        let core = self.core();
        core.check_epoch(LeaderEpoch(wanted.current_leader_epoch))?;
        if !core.is_leader() {
            if wanted.leader_only {
                return Err(Fault::NotLeader);
            }
            self.has_readers.store(true, Ordering::Relaxed);
        }
        Ok(self.bounds(&core))
    }

    /// Where the reader's last epoch ends here, if that is not where the reader believes.
    fn divergence(&self, wanted: &Wanted) -> Result<Option<EpochEnd>, Fault> {
        let end = self.log.end_offset_for_epoch(wanted.last_fetched_epoch);
        if end == EpochEnd::UNDEFINED {
            return Err(Fault::OutOfRange);
        }
        let diverges = end.epoch < wanted.last_fetched_epoch || end.end_offset < wanted.offset;
        let diverges = diverges && !is_seeded(Bug::HideDivergence);
        Ok(diverges.then_some(end))
    }
}
