//! Deadlines of the groups of one coordinator.

use std::collections::{BTreeMap, BTreeSet};

/// What a deadline is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Members that have not joined by then are left behind.
    Join { group: String },
    /// The session of a member, or of one that was told to join with a member id.
    Session { group: String, member: String },
    /// Members that have not synced by then are removed.
    Sync { group: String },
    /// Offsets and empty groups are looked through.
    ExpireOffsets,
}

/// At most one deadline for each [`Timer`].
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(i64, Timer)>,
    deadlines: BTreeMap<Timer, i64>,
}

impl Timers {
    /// Sets or moves a deadline.
    pub(crate) fn schedule(&mut self, timer: Timer, deadline_ms: i64) {
        self.cancel(&timer);
        self.queue.insert((deadline_ms, timer.clone()));
        self.deadlines.insert(timer, deadline_ms);
    }

    pub(crate) fn cancel(&mut self, timer: &Timer) {
        if let Some((timer, deadline)) = self.deadlines.remove_entry(timer) {
            self.queue.remove(&(deadline, timer));
        }
    }

    pub(crate) fn next(&self) -> Option<i64> {
        self.queue.first().map(|(deadline, _)| *deadline)
    }

    pub(crate) fn pop_due(&mut self, now_ms: i64) -> Option<Timer> {
        if self.next()? > now_ms {
            return None;
        }
        let (_, timer) = self.queue.pop_first()?;
        self.deadlines.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::{Timer, Timers};

    #[test]
    fn a_moved_deadline_fires_once_and_a_cancelled_one_never() {
        let mut timers = Timers::default();
        let join = Timer::Join { group: "a".into() };
        timers.schedule(join.clone(), 10);
        timers.schedule(join.clone(), 20);
        timers.schedule(Timer::ExpireOffsets, 15);
        timers.cancel(&Timer::ExpireOffsets);
        assert_eq!(timers.next(), Some(20));
        assert_eq!(timers.pop_due(19), None);
        assert_eq!(timers.pop_due(20), Some(join));
        assert_eq!(timers.pop_due(100), None);
    }
}
