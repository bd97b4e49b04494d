//! What a follower does to its log. The caller holds `appending`, has checked that the replica
//! follows, and tells the replication state.

use barnabas_storage::AppendInfo;
use bytes::Bytes;

use super::{Fault, Purpose, Replica};
use crate::clock::Clock;

impl Replica {
    /// Stores batches as the leader sent them, up to the first of a later epoch than
    /// `leader_epoch`; `None` if there is no whole one.
    ///
    /// # Errors
    /// Why nothing was stored: `Append` with a batch that is damaged or out of order, `NoSpace`,
    /// `Offline`, or a failure of the disk.
    pub fn store(
        &self,
        records: &Bytes,
        leader_epoch: i32,
        clock: &dyn Clock,
    ) -> Result<Option<AppendInfo>, Fault> {
        self.dir().admit(records.len() as u64, Purpose::Records)?;
        let stored = self
            .log
            .append_as_follower(records, leader_epoch, clock.wall_ms())
            .map_err(Fault::from)
            .inspect_err(|fault| self.judge(fault))?;
        if let Some(info) = &stored {
            self.after_append(info);
        }
        Ok(stored)
    }

    /// Removes everything at and above an offset; returns the end of the log, which may be lower.
    ///
    /// # Errors
    /// `Offline` or a failure of the disk: nothing may be stored before it was tried again.
    pub fn cut(&self, offset: i64, clock: &dyn Clock) -> Result<i64, Fault> {
        self.check_online()?;
        let cut = self.log.truncate_to(offset, clock.wall_ms());
        self.after_cut(cut.map(|_| ()).map_err(Fault::from))?;
        Ok(self.log.end_offset())
    }

    /// Removes everything; the log goes on at an offset, the leader's start.
    ///
    /// # Errors
    /// As [`Replica::cut`].
    pub fn start_anew(&self, offset: i64, clock: &dyn Clock) -> Result<(), Fault> {
        self.check_online()?;
        let cut = self.log.truncate_fully_and_start_at(offset, clock.wall_ms());
        self.after_cut(cut.map_err(Fault::from))
    }

    /// No recovery point on the disk may be above the log's end: after new records were appended
    /// and a crash, recovery would trust them although they were never synced.
    fn after_cut(&self, cut: Result<(), Fault>) -> Result<(), Fault> {
        let lowered = cut.and_then(|()| {
            let checkpoints = &self.dir().checkpoints;
            let (partition, point) = (self.log.partition(), self.log.recovery_point());
            checkpoints.lower_recovery_point(partition, point).map_err(Fault::from)
        });
        lowered.inspect_err(|fault| self.judge(fault))
    }
}
