//! The leader's own bookkeeping: what is durable, what is committed, who was heard of.

use super::Raft;
use crate::role::Role;
use crate::{Action, ControlRecord, LogView, ReplicaKey};

impl Raft {
    pub(super) fn on_log_changed(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        control: &[(i64, ControlRecord)],
    ) {
        for (offset, record) in control {
            self.history.apply(*offset, record);
        }
        if !control.is_empty() {
            self.voters_changed(now_ms);
        }
        self.flushed_end_offset = self.flushed_end_offset.min(log.end().offset);
        match &mut self.role {
            Role::Leader(leader) => {
                leader.voters_appended |= !control.is_empty();
                if control.iter().any(|(_, record)| matches!(record, ControlRecord::Voters(_))) {
                    self.change_appended();
                }
                self.complete_parked(log, false);
            }
            Role::Follower(role) => role.log_busy = false,
            _ => {}
        }
        if matches!(self.role, Role::Follower(_)) {
            self.follow_log_change(log);
        }
    }

    /// A node that entered or left the voter set changes how it treats its timers.
    fn voters_changed(&mut self, now_ms: u64) {
        let voter = self.is_voter();
        let timeout = self.election_timeout();
        if let Role::Unattached(role) = &mut self.role {
            if !voter {
                role.election_at_ms = u64::MAX;
            } else if role.election_at_ms == u64::MAX {
                role.election_at_ms = now_ms + timeout;
            }
        }
    }

    pub(super) fn on_flushed(&mut self, now_ms: u64, log: &impl LogView, end_offset: i64) {
        self.flushed_end_offset = end_offset.min(log.end().offset);
        match &self.role {
            Role::Leader(_) => self.advance_high_watermark(log),
            Role::Follower(_) => self.follow_flushed(now_ms, log),
            _ => {}
        }
    }

    /// Commits what a majority holds durably, once a record of the own epoch is among it: records
    /// of older epochs alone could still be overwritten (Raft, figure 8).
    pub(super) fn advance_high_watermark(&mut self, log: &impl LogView) {
        let voters = self.history.voters();
        let Role::Leader(leader) = &mut self.role else { return };
        let committed =
            leader.progress.committed(voters, self.config.node, self.flushed_end_offset);
        let advanced = committed > leader.epoch_start_offset
            && self.high_watermark.is_none_or(|known| committed > known);
        if !advanced {
            return;
        }
        let first = !std::mem::replace(&mut leader.established, true);
        self.high_watermark = Some(committed);
        self.out.push(Action::HighWatermark { offset: committed });
        if first {
            self.out.push(Action::LeadershipEstablished { epoch: self.epoch });
        }
        self.complete_parked(log, true);
    }

    /// A leader that was removed from the voters leads until that is committed.
    pub(super) fn resign_if_removed(&mut self, now_ms: u64) {
        let removed = matches!(&self.role, Role::Leader(leader) if leader.voters_appended)
            && !self.history.voters().contains(&self.key())
            && self.history.voters_offset() < self.high_watermark;
        if removed {
            self.become_resigned(now_ms);
        }
    }

    /// Check quorum: a leader that hears of no majority steps down, so that its clients learn of
    /// the new one.
    pub(super) fn heard_from(&mut self, now_ms: u64, key: ReplicaKey) {
        let voters = self.history.voters();
        if !voters.contains(&key) {
            return;
        }
        let own = usize::from(voters.contains(&self.config.key()));
        let majority = voters.majority();
        let timeout = self.check_quorum_ms();
        let Role::Leader(leader) = &mut self.role else { return };
        leader.heard.insert(key.id);
        if leader.heard.len() + own >= majority {
            leader.heard.clear();
            leader.check_quorum_at_ms = now_ms + timeout;
        }
    }

    pub(super) fn check_quorum_applies(&self) -> bool {
        !self.history.voters().is_only(&self.config.key())
    }
}
