//! Offsets and groups that nobody has used for long (`GroupMetadataManager.cleanupGroupMetadata`).

use crate::coordinator::Coordinator;
use crate::offsets::CommittedOffset;
use crate::record;
use crate::step::Step;

/// From when on the retention of a group's offsets counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// From the commit of each offset.
    SinceCommit,
    /// From the time at which the group became empty.
    Since(i64),
    /// Not at all.
    Never,
}

impl Expiry {
    fn has_expired(self, committed: &CommittedOffset, retention_ms: i64, now_ms: i64) -> bool {
        let since = match self {
            Self::Never => return false,
            Self::Since(since) => since,
            Self::SinceCommit => committed.committed_ms,
        };
        match committed.expires_ms {
            Some(expires_ms) => now_ms >= expires_ms,
            None => now_ms.saturating_sub(since) >= retention_ms,
        }
    }
}

impl Coordinator {
    /// Forgets expired offsets, then empty groups without any, and looks again later.
    pub(crate) fn expire_offsets(&mut self, now_ms: i64, step: &mut Step) {
        self.schedule_expiry(now_ms);
        let retention_ms = self.config().offsets_retention_ms;
        for name in self.group_names() {
            let Some((group, offsets)) = self.classic_and_offsets(&name) else { continue };
            let expiry = group.offset_expiry();
            let expired = offsets.remove_where(&name, |topic, committed| {
                !group.is_subscribed_to(topic)
                    && expiry.has_expired(committed, retention_ms, now_ms)
            });
            let forgotten = group.is_unused() && !offsets.has_any(&name);
            step.records.extend(expired.unwrap_or_default());
            if forgotten {
                step.records.extend(record::group(&name, None));
                self.forget_group(&name);
            }
        }
    }
}
