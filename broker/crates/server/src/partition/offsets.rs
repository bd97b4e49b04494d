//! Offsets by time and by epoch: ListOffsets and OffsetForLeaderEpoch.

use barnabas_replication::LeaderEpoch;
use barnabas_storage::{EpochEnd, TimestampOffset};

use super::{Fault, ReadKind, Replica};

/// An offset found, with what is known about it; all -1 if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// Of the record, ms; -1 for the ends of the log.
    pub timestamp: i64,
    /// The offset.
    pub offset: i64,
    /// Epoch of the leader that appended it.
    pub leader_epoch: i32,
}

impl FoundOffset {
    /// There is no such record.
    pub const NONE: Self = Self { timestamp: -1, offset: -1, leader_epoch: -1 };
}

impl Replica {
    /// Checks that this broker leads and that the client knows the right epoch.
    ///
    /// # Errors
    /// `Epoch` or `NotLeader`.
    pub fn check_leader(&self, current_leader_epoch: i32) -> Result<(), Fault> {
        self.check_online()?;
        let core = self.core();
        core.check_epoch(LeaderEpoch(current_leader_epoch))?;
        if core.is_leader() { Ok(()) } else { Err(Fault::NotLeader) }
    }

    /// The first offset.
    #[must_use]
    pub fn earliest(&self) -> FoundOffset {
        let offset = self.log.start_offset();
        let leader_epoch = self.log.epoch_of(offset).unwrap_or(-1);
        FoundOffset { timestamp: -1, offset, leader_epoch }
    }

    /// The end that a consumer sees; `None` until the high watermark has reached this leader's
    /// epoch (KIP-207).
    #[must_use]
    pub fn latest(&self, kind: ReadKind) -> Option<FoundOffset> {
        let core = self.core();
        if kind != ReadKind::Replica && !core.is_caught_up_with_epoch() {
            return None;
        }
        let bounds = self.bounds(&core);
        let offset = match kind {
            ReadKind::Committed => bounds.last_stable,
            ReadKind::Uncommitted => bounds.high_watermark,
            ReadKind::Replica => bounds.end,
        };
        Some(FoundOffset { timestamp: -1, offset, leader_epoch: bounds.leader_epoch.0 })
    }

    /// The first record that a consumer sees with at least this timestamp, ms; `None` if that is
    /// not known yet, as with [`Replica::latest`]. May read the log.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn at_timestamp(
        &self,
        timestamp: i64,
        kind: ReadKind,
    ) -> Result<Option<FoundOffset>, Fault> {
        let found = self.log.offset_for_timestamp(timestamp)?;
        Ok(self.below_latest(found, kind))
    }

    /// The first record with the largest timestamp; `None` as with [`Replica::at_timestamp`]. May
    /// read the log.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn at_max_timestamp(&self, kind: ReadKind) -> Result<Option<FoundOffset>, Fault> {
        let found = self.log.max_timestamp()?;
        Ok(self.below_latest(found, kind))
    }

    /// Where an epoch ends, with the epoch that the answer is about.
    ///
    /// # Errors
    /// `Epoch` or `NotLeader`.
    pub fn epoch_end(&self, current_leader_epoch: i32, epoch: i32) -> Result<EpochEnd, Fault> {
        self.check_leader(current_leader_epoch)?;
        Ok(self.log.end_offset_for_epoch(epoch))
    }

    fn below_latest(&self, found: Option<TimestampOffset>, kind: ReadKind) -> Option<FoundOffset> {
        let core = self.core();
        let is_known = kind == ReadKind::Replica || core.is_caught_up_with_epoch();
        let bounds = self.bounds(&core);
        drop(core);
        let limit = match kind {
            ReadKind::Committed => bounds.last_stable,
            ReadKind::Uncommitted => bounds.high_watermark,
            ReadKind::Replica => bounds.end,
        };
        match found {
            Some(TimestampOffset { timestamp, offset, leader_epoch }) if offset < limit => {
                Some(FoundOffset { timestamp, offset, leader_epoch })
            }
            // Whether a consumer may see it will turn out soon.
            Some(_) if !is_known => None,
            _ => Some(FoundOffset::NONE),
        }
    }
}
